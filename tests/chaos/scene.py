"""What can be done to the cluster, and what can be learned from it, while the requests go on."""

import gzip
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from flow_runtime.contracts.base import METRICS_PORT
from flow_runtime.contracts.undelivered import Undelivered
from flow_runtime.spool import CollectorState
from flow_runtime.store.keys import parse_segment_key
from tests.chaos.books import Attempt, Count, Kill, Row, Told
from tests.chaos.place import CONTROL_PORT, NAME, PODS, store_secret
from tests.chaos.scrape import parse_counts
from tests.e2e import waits
from tests.e2e.kubectl import KubectlError, Manifest
from tests.e2e.world import World

FETCH = """
import json, sys, urllib.request
requests = [urllib.request.Request(url, method=sys.argv[1]) for url in sys.argv[2:]]
print(json.dumps([urllib.request.urlopen(each, timeout=5).read().decode() for each in requests]))
"""
LAST_WORDS = "{.status.initContainerStatuses[*].state.terminated.message}{'\\n'}"
CONCURRENCY = 32
STATUS_SECONDS = 120
"""The operator brings its counts up to date about once a minute."""


class Scene:
    """Three pods and their store. Counters of every pod are kept from one look to the next."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.kubectl = world.kubectl
        self.kills: list[Kill] = []
        self.counts: dict[str, list[Count]] = {}
        self.gone: dict[str, Undelivered] = {}
        """What pods that were deleted said that they took with them."""
        self.asked: list[str] = []

    def pods(self) -> list[Manifest]:
        """The three pods, once they are ready."""
        return waits.until_ready_pods(self.kubectl, self.world.pods_of(NAME), PODS)

    # Asking

    @contextmanager
    def asking(self, phase: str, count: int, size: int, seconds: float) -> Iterator[None]:
        """Ask while the body runs, and go on until all is answered."""
        arguments = [self.world.url(NAME), f"/tmp/{phase}.jsonl", phase, count, CONCURRENCY, size, seconds]
        command = ["exec", "asker", "--", "python3", "/scripts/ask_all.py", *map(str, arguments)]
        self.asked.append(phase)
        with self.kubectl.running(*command) as process:
            yield
            printed, _ = process.communicate(timeout=seconds + 180)
        if process.returncode != 0:
            raise AssertionError(f"the asker failed: {printed[-500:]}")

    def attempts(self) -> list[Attempt]:
        """All that was asked, as the asker wrote it down."""
        texts = [self.kubectl("exec", "asker", "--", "cat", f"/tmp/{each}.jsonl") for each in self.asked]
        return [Attempt(**json.loads(line)) for text in texts for line in text.splitlines()]

    # Faults

    def kill(self, pod: Manifest, container: str) -> None:
        """SIGKILL to a container's process, from its node; a server's is remembered."""
        found = [*pod["status"]["containerStatuses"], *pod["status"]["initContainerStatuses"]]
        (identity,) = [each["containerID"] for each in found if each["name"] == container]
        kill = [
            "ctr",
            "-n",
            "k8s.io",
            "tasks",
            "kill",
            "-s",
            "SIGKILL",
            identity.removeprefix("containerd://"),
        ]
        begun = time.time()
        node = pod["spec"]["nodeName"]
        subprocess.run(["docker", "exec", node, *kill], check=True, timeout=20, capture_output=True)
        if container == "server":
            self.kills.append(Kill(pod["metadata"]["uid"], begun, time.time()))

    def end(self, pod: Manifest) -> Undelivered:
        """Delete a pod, wait until it is gone and another is ready; gives its collector's last words."""
        name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
        with tempfile.TemporaryFile("w+") as file:
            watching = ["get", "pod", name, "--watch", "-o", f"jsonpath={LAST_WORDS}"]
            with subprocess.Popen([*self.kubectl.command, *watching], stdout=file) as watch:
                self.kubectl("delete", "pod", name, "--wait=false")
                waits.until(f"the end of {name}", lambda: self.kubectl.get("pod", name) is None, 120)
                watch.terminate()
            file.seek(0)
            words = [line.strip() for line in file if line.strip()]
        assert words, f"the collector of {name} said nothing"
        said = self.gone[uid] = Undelivered.model_validate_json(words[-1])
        if said.counts is not None:
            counts = said.counts
            self.counts[uid].append(Count(counts.captured, counts.stored, counts.lost, counts.dropped))
        self.pods()
        return said

    def store_is(self, mode: str) -> dict[str, int]:
        """Let the store fail in a way, or be "ok" again; gives the requests that each mode had until now."""
        (text,) = self._fetch("PUT", [f"http://store-proxy:{CONTROL_PORT}/{mode}"])
        requests: dict[str, int] = json.loads(text)["requests"]
        return requests

    def give_secret(self, **changed: str) -> None:
        """Change the store's credentials and wait until all pods have them."""
        new = store_secret(**changed)
        self.kubectl.apply(new)
        waits.mount_now(self.kubectl, self.world.pods_of(NAME))
        key = new["stringData"]["secret_access_key"]

        def mounted() -> bool:
            files = [self._in_collector(pod, "/store/secret_access_key") for pod in self.pods()]
            assert set(files) == {key}, "an old Secret"
            return True

        waits.until("the changed Secret in all pods", mounted, 120)

    # What they say

    def reasons(self) -> list[str]:
        """Why the pods' collectors do not store, of each pod and as of now; empty where all is well."""
        return [
            CollectorState.model_validate_json(self._in_collector(pod, "/spool/collector.json")).reason
            for pod in self.pods()
        ]

    def look(self) -> dict[str, Count]:
        """Read the counters of the pods that are ready, and keep them."""
        pods = self.pods()
        texts = self._fetch(
            "GET", [f"http://{pod['status']['podIP']}:{METRICS_PORT}/metrics" for pod in pods]
        )
        found = {pod["metadata"]["uid"]: parse_counts(text) for pod, text in zip(pods, texts, strict=True)}
        for uid, count in found.items():
            self.counts.setdefault(uid, []).append(count)
        return found

    def until_drained(self, seconds: float = 120) -> dict[str, Count]:
        """Wait until all that was captured is stored or given up."""

        def look() -> dict[str, Count]:
            found = self.look()
            assert all(each.captured == each.stored + each.lost for each in found.values()), found
            return found

        return waits.until("empty spools", look, seconds, every=1)

    def told(self, expected: Told) -> Told:
        """What status and Events say, once it is what is expected, or after a while."""
        end = time.monotonic() + STATUS_SECONDS
        while True:
            found = self._told()
            if replace(found, events=()) == expected or time.monotonic() > end:
                return found
            time.sleep(2)

    def _told(self) -> Told:
        found = (self.kubectl.get("fd", NAME) or {})["status"]["collection"]
        events = self.kubectl("get", "events", "--field-selector=reason=RecordsLost", "-o", "json")
        return Told(
            captured=found["captured"],
            stored=found["stored"],
            dropped=found["dropped"],
            lost=found.get("lost", {}).get("records", 0),
            events=tuple(str(event["message"]) for event in json.loads(events)["items"]),
        )

    def rows(self) -> tuple[list[Row], dict[str, list[int]]]:
        """Every row of the bucket, and each pod's segment numbers."""
        rows, numbers = [], dict[str, list[int]]()
        with tempfile.TemporaryDirectory() as folder:
            prefix = f"{self.world.stored_by(NAME)}/records"
            for path in self.world.download(prefix, Path(folder)):
                key = parse_segment_key(str(path.relative_to(folder)))
                assert key is not None, path
                lines = gzip.decompress(path.read_bytes()).splitlines()
                assert len(lines) == key.rows, f"{path} holds {len(lines)} rows"
                numbers.setdefault(key.pod, []).append(key.number)
                found = map(json.loads, lines)
                rows += [Row(line["request_id"], line["id"], key.pod) for line in found]
        return rows, numbers

    def _in_collector(self, pod: Manifest, file: str) -> str:
        return self.kubectl("exec", pod["metadata"]["name"], "-c", "collector", "--", "cat", file)

    def _fetch(self, method: str, urls: list[str]) -> list[str]:
        def look() -> list[str]:
            try:
                text = self.kubectl("exec", "asker", "--", "python3", "-c", FETCH, method, *urls)
            except KubectlError as error:
                raise AssertionError(str(error)[-300:]) from None
            found: list[str] = json.loads(text)
            return found

        return waits.until(", ".join(urls), look, 30, every=1)
