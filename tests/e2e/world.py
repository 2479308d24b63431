"""What all tests share once it runs: how to ask questions, read the bucket and start a run."""

import gzip
import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import obstore
from obstore.store import S3Store

from tests.e2e import manifests, waits
from tests.e2e.kubectl import Kubectl, KubectlError, Manifest

SERVER = "app.kubernetes.io/name=flow-server"


@dataclass
class World:
    """The cluster as the tests see it. `home` is the node of all helpers; `other` may be drained."""

    kubectl: Kubectl
    system: Kubectl
    images: dict[str, str]
    home: str
    other: str
    asked: int = 0
    """Questions that the shared FlowDeployment was asked one by one (not in a loop)."""

    def url(self, name: str = manifests.BOT, path: str = "score") -> str:
        return f"http://{name}.{self.kubectl.namespace}.svc/{path}"

    def pods_of(self, name: str = manifests.BOT) -> str:
        return f"{SERVER},app.kubernetes.io/instance={name}"

    def ask(
        self, first: int, count: int, name: str = manifests.BOT, ids: str = ""
    ) -> dict[int, tuple[int, str]]:
        """Send questions through the Service, from inside the cluster: number to status and reply.

        With `ids`, question 7 always has the request id `<ids>-7`.
        """
        arguments = [self.url(name), str(first), str(count), "4", "0", ids]
        text = self.kubectl("exec", "client", "--", "python3", "/scripts/ask.py", *arguments)
        self.asked += count if name == manifests.BOT else 0
        return {number: (status, reply) for number, status, reply in json.loads(text)["answers"]}

    def until_served(self, name: str) -> None:
        """Wait until a FlowDeployment is ready and the nodes' proxies, a moment behind, know it."""
        waits.until_condition(self.kubectl, "fd", name, "Ready", "True")
        code = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=5)"

        def look() -> bool:
            try:
                self.kubectl("exec", "client", "--", "python3", "-c", code, self.url(name, "health"))
            except KubectlError as error:
                raise AssertionError(str(error)[-300:]) from None
            return True

        waits.until(f"the Service of {name}", look, 30)

    @contextmanager
    def asking_all_the_time(
        self, seconds: float = 150, name: str = manifests.BOT
    ) -> Iterator[dict[str, Any]]:
        """Ask in a loop while the body runs; afterwards the given dict has what ask.py printed.

        `sent`, some `failures` and how often their `kinds`, and the request ids of what was `completed`.
        """
        arguments = ["python3", "/scripts/ask.py", self.url(name), "1", "4", "2", str(seconds)]
        result: dict[str, Any] = {}
        with self.kubectl.running("exec", "client", "--", *arguments) as process:
            time.sleep(1)
            yield result
            self.kubectl("exec", "client", "--", "touch", "/tmp/stop")
            printed, _ = process.communicate(timeout=60)
            result |= json.loads(printed.strip().splitlines()[-1])

    def prometheus(self, query: str) -> list[dict[str, Any]]:
        """Ask the Prometheus in the cluster."""
        code = (
            "import sys, urllib.parse, urllib.request; print(urllib.request.urlopen("
            "'http://prometheus:9090/api/v1/query?query=' + urllib.parse.quote(sys.argv[1]), timeout=10)"
            ".read().decode())"
        )
        text = self.kubectl("exec", "client", "--", "python3", "-c", code, query)
        found: list[dict[str, Any]] = json.loads(text)["data"]["result"]
        return found

    @contextmanager
    def bucket(self) -> Iterator[S3Store]:
        """The real bucket, from the test's own process."""
        with self.kubectl.running("port-forward", "pod/store", f":{manifests.STORE_PORT}") as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("Forwarding from 127.0.0.1:"), line
            port = line.split("127.0.0.1:")[1].split(" ")[0]
            yield S3Store(
                manifests.BUCKET,
                endpoint=f"http://127.0.0.1:{port}",
                access_key_id=manifests.KEY,
                secret_access_key=manifests.SECRET_KEY,
                region="us-east-1",
                client_options={"allow_http": True},
            )

    def download(self, prefix: str, folder: Path) -> list[Path]:
        """Copy all objects below a prefix into a folder."""
        found = []
        with self.bucket() as store:
            for page in obstore.list(store, prefix):
                for entry in page:
                    path = folder / entry["path"]
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(bytes(obstore.get(store, entry["path"]).bytes()))
                    found.append(path)
        return found

    def rows(self, name: str = manifests.BOT) -> list[dict[str, Any]]:
        """Read all records of a deployment out of the bucket."""
        with TemporaryDirectory() as folder:
            paths = self.download(f"{self.stored_by(name)}/records", Path(folder))
            return [
                json.loads(line) for path in paths for line in gzip.decompress(path.read_bytes()).splitlines()
            ]

    def until_stored_once(self, request_ids: list[str], name: str = manifests.BOT) -> None:
        """Wait until the bucket has a record for each time that an id is given, and find none beyond."""
        wanted = Counter(request_ids)

        def look() -> Counter[str]:
            found = Counter(row["request_id"] for row in self.rows(name) if row["request_id"] in wanted)
            assert found.total() >= wanted.total(), f"{found.total()} of {wanted.total()} are stored"
            return found

        assert waits.until("all that was answered in the bucket", look, 60, every=1) == wanted

    def rows_stored(self) -> int:
        """Rows in the bucket, by the names of the objects."""
        with self.bucket() as store:
            names = [e["path"] for page in obstore.list(store, f"{self.stored_by()}/records") for e in page]
        return sum(int(name.removesuffix(".jsonl.gz").rsplit("-", 1)[1]) for name in names)

    def stored_by(self, name: str = manifests.BOT) -> str:
        """Where a deployment's objects begin."""
        return f"flows/default/{self.kubectl.namespace}/{name}"

    def run_now(self, monitor: str, job: str, timeout: float = 120) -> Manifest:
        """Start a run as the README says and wait for its result; returns the FlowMonitor."""
        waits.until(f"CronJob {monitor}", lambda: self.kubectl.get("cronjob", monitor), 30)
        self.kubectl("create", "job", f"--from=cronjob/{monitor}", job)

        def look() -> Manifest | None:
            live = self.kubectl.get("fm", monitor) or {}
            last = live.get("status", {}).get("lastRun", {})
            assert job in str(last.get("id")), live.get("status")
            assert last.get("finished"), last
            return live

        return waits.until(f"a result of {job} in the status of {monitor}", look, timeout)
