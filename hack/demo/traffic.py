"""The steps of `make demo` on a ready flow: questions, records in the bucket, a judged run."""

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from flow_runtime.contracts.run import RunSummary
from flow_runtime.contracts.settings import StoreSettings
from flow_runtime.store import Store
from hack.demo import asking, helpers
from hack.demo.cluster import IDENTITY, NAME, NAMESPACE, STORE_URL, store_credentials
from hack.demo.example import ROOT, Question
from hack.demo.kubectl import Kubectl, condition, wait_for
from hack.demo.llm import Kind
from hack.demo.results import records_stored
from hack.demo.screen import DemoError, step

STORED_SECONDS = 120.0
JUDGED_SECONDS = {Kind.STUB: 180.0, Kind.OWN: 1800.0, Kind.LOCAL: 5400.0}
SERVER_LOGS = f"kubectl -n {NAMESPACE} logs -l app.kubernetes.io/instance={NAME} -c server"


@contextlib.contextmanager
def bucket(kubectl: Kubectl) -> Iterator[Store]:
    """The demo's bucket, reached from here while the block runs."""
    folder = ROOT / ".cache" / "demo" / "store"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with kubectl.serving("port-forward", f"service/{helpers.STORE}", f":{helpers.STORE_PORT}") as port:
        credentials = store_credentials(kubectl) | {"endpoint": f"http://127.0.0.1:{port}"}
        for key, value in credentials.items():
            write_secret(folder / key, value)
        yield Store.open(StoreSettings(url=STORE_URL, secret=folder))


def write_secret(path: Path, value: str) -> None:
    """Write a file that only its owner reads."""
    path.touch(mode=0o600)
    path.write_text(value, encoding="utf-8")


def ask(kubectl: Kubectl, questions: list[Question], at_once: int) -> int:
    """Send the questions through the Service, by way of the API server, which picks a pod for each.

    Returns how many were answered: each of these is a record.
    """
    path = f"/api/v1/namespaces/{NAMESPACE}/services/{NAME}:http/proxy/score"
    title = f"{len(questions)} questions to Service {NAME}"
    with step(title) as shown, kubectl.serving("proxy", "--port=0") as port:

        def progress(done: int) -> None:
            shown.note = str(done)

        results = asyncio.run(asking.ask_all(f"http://127.0.0.1:{port}{path}", questions, progress, at_once))
        shown.note = asking.told(results)
    answered = sum(r.ok for r in results)
    if not answered:
        raise DemoError("no question was answered", SERVER_LOGS)
    return answered


def wait_until_stored(kubectl: Kubectl, store: Store, wanted: int) -> None:
    """Wait until the bucket holds so many records."""

    def look() -> tuple[bool, str]:
        found = asyncio.run(records_stored(store, IDENTITY))
        return found >= wanted, f"{found} of {wanted}"

    with step(f"records in {STORE_URL}") as shown:
        collector = f"kubectl -n {NAMESPACE} logs -l app.kubernetes.io/instance={NAME} -c collector"
        wait_for(shown, look, STORED_SECONDS, f"{collector}; kubectl -n {NAMESPACE} describe fd {NAME}")


def judge(kubectl: Kubectl, kind: Kind) -> RunSummary:
    """Run the monitor now, and wait until the operator has its result. DemoError when there is none."""
    job = f"demo-{datetime.now(UTC):%m%d-%H%M%S}"
    advice = f"kubectl -n {NAMESPACE} logs job/{job}; kubectl -n {NAMESPACE} describe fm {NAME}"

    def ended() -> tuple[bool, str]:
        live = kubectl.get("job", job)
        done = any(condition(live, end)[0] == "True" for end in ("Complete", "Failed"))
        return done, f"job {job}"

    def noticed() -> tuple[bool, str]:
        status = (kubectl.get("flowmonitor", NAME) or {}).get("status") or {}
        last = status.get("lastRun") or {}
        return job in str(last.get("id")) and bool(last.get("finished")), f"last run {last.get('id', 'none')}"

    with step("judged run") as shown:
        wait_for(shown, lambda: (kubectl.get("cronjob", NAME) is not None, "the CronJob"), 30, advice)
        kubectl("create", "job", f"--from=cronjob/{NAME}", job)
        wait_for(shown, ended, JUDGED_SECONDS[kind], advice)
        summary = summary_of(kubectl, job, advice)
    with step("the operator has the result") as shown:
        wait_for(shown, noticed, 30, advice)
    if summary.problem:
        raise DemoError(f"the run could not be made: {summary.problem}: {summary.message}", advice)
    return summary


def summary_of(kubectl: Kubectl, job: str, advice: str) -> RunSummary:
    """The termination message of the Job's pod, as the operator reads it."""
    for pod in kubectl.list("pods", f"batch.kubernetes.io/job-name={job}"):
        for container in (pod.get("status") or {}).get("containerStatuses", ()):
            message = ((container.get("state") or {}).get("terminated") or {}).get("message", "")
            with contextlib.suppress(ValidationError):
                return RunSummary.model_validate_json(message)
    raise DemoError(f"job {job} left no summary", advice)
