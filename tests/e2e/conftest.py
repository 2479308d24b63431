"""A real kind cluster for this folder: our chart, and a namespace with a store, LLMs and a Prometheus.

One FlowDeployment is shared by most tests, which run in the order of their files. The suite has a deadline of
its own; on failure objects, Events and logs are written to .cache/e2e.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from hack import helm
from tests.e2e import manifests, resources, waits
from tests.e2e.dump import dump
from tests.e2e.kubectl import Kubectl
from tests.e2e.world import SERVER, World

ROOT = Path(__file__).parents[2]
DUMPS = ROOT / ".cache" / "e2e"
NAMESPACE = "flow-e2e"
TEST_SECONDS, SETUP_SECONDS, SUITE_SECONDS = 240, 1200, 1800


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(TEST_SECONDS, func_only=True))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    world = getattr(item, "funcargs", {}).get("world")
    if report.failed and world is not None:
        where = dump(DUMPS, item.nodeid, [world.kubectl, world.system])
        report.sections.append(("What was there", f"written to {where}"))
    return report


@pytest.fixture(scope="session")
def started() -> float:
    return time.monotonic()


@pytest.fixture(autouse=True)
def suite_deadline(started: float) -> None:
    if time.monotonic() - started > SUITE_SECONDS:
        pytest.fail(f"the e2e suite takes more than {SUITE_SECONDS} s", pytrace=False)


def prepare(*command: str) -> None:
    """Run one of the programs of hack/, which say what to do; no test of this folder can do without it."""
    done = subprocess.run(
        [str(ROOT / command[0]), *command[1:]],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SETUP_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        pytest.fail(f"{' '.join(command)} failed:\n{done.stdout}", pytrace=False)


@pytest.fixture(scope="session")
def cluster() -> Path:
    """The kubeconfig of a running cluster that has the images."""
    prepare("hack/cluster/up")
    prepare("hack/images/build", "runtime", "operator", "versitygw", "prometheus")
    shutil.rmtree(DUMPS, ignore_errors=True)
    os.environ["KUBECONFIG"] = str(helm.kubeconfig())
    return helm.kubeconfig()


@pytest.fixture(scope="session")
def images(cluster: Path) -> dict[str, str]:
    """References of the images that were built."""
    return helm.built_images()


@pytest.fixture(scope="session")
def system(cluster: Path, images: dict[str, str]) -> Iterator[Kubectl]:
    """The namespace of the operator, with our chart installed. Removed again unless it was there before."""
    kubectl = Kubectl(cluster, helm.NAMESPACE)
    was_there = kubectl.get("deployment", helm.RELEASE) is not None
    kubectl.apply(manifests.namespace(helm.NAMESPACE))
    assert helm.install(helm.image_values(images)) == "deployed"
    yield kubectl
    if not was_there:
        helm.uninstall()


@pytest.fixture(scope="session")
def world(system: Kubectl, images: dict[str, str]) -> Iterator[World]:
    """A new namespace that enforces `restricted`, with all helpers running on one of the two workers."""
    kubectl = system.within(NAMESPACE)
    kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=120s", timeout=130)
    kubectl.apply(manifests.namespace(NAMESPACE))
    nodes = [n["metadata"]["name"] for n in kubectl.list("nodes", "!node-role.kubernetes.io/control-plane")]
    assert len(nodes) == 2, nodes
    for node in nodes:
        kubectl("uncordon", node)
    kubectl.apply(*(each for helper in manifests.HELPERS for each in helper(images, nodes[0])))
    waits.until_ready_pods(kubectl, "helper", len(manifests.HELPERS), timeout=90)
    yield World(kubectl, system, images, home=nodes[0], other=nodes[1])
    # First what still stores records: a collector whose store is gone tries until its time is up.
    kubectl("delete", "fd,fm", "--all", "--timeout=30s")
    waits.until_gone(kubectl, "pods", SERVER)
    kubectl("delete", "namespace", NAMESPACE, "--timeout=120s", timeout=130)


@pytest.fixture(scope="session")
def bot(world: World) -> str:
    """The shared FlowDeployment with its FlowMonitor, ready."""
    world.kubectl.apply(
        resources.flow(f"{manifests.BOT}-flow"), resources.flow_deployment(), resources.flow_monitor()
    )
    waits.until_condition(world.kubectl, "fd", manifests.BOT, "Ready", "True")
    return manifests.BOT


@pytest.fixture(scope="session")
def traffic(world: World, bot: str) -> dict[int, tuple[int, str]]:
    """Sixty different questions, answered, and stored."""
    answers = world.ask(100, 60)

    waits.until("all records in the bucket", lambda: world.rows_stored() == world.asked, 60, every=1)
    return answers
