"""A flow that is baked into an image on top of the runtime, referred to by digest."""

import subprocess
from pathlib import Path

import pytest

from tests.e2e import manifests, resources, waits
from tests.e2e.world import World

ROOT = Path(__file__).parents[2]
TAG = "flow-operator/e2e-flow:dev"


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


@pytest.fixture(scope="module")
def reference(world: World, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image's reference by digest, known to both nodes as if they had pulled it."""
    context = tmp_path_factory.mktemp("image")
    for name, text in resources.flow_files().items():
        (context / name).write_text(text)
    (context / "Dockerfile").write_text(f"FROM {world.images['RUNTIME']}\nCOPY *.* /flow/\n")
    subprocess.run(
        ["docker", "build", "-q", "-t", TAG, str(context)],
        check=True,
        timeout=120,
        env={"DOCKER_BUILDKIT": "0", "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(context)},
    )
    run(str(ROOT / "hack" / "cluster" / "load"), TAG)
    found = set()
    for node in (world.home, world.other):
        listed = run("docker", "exec", node, "ctr", "-n", "k8s.io", "images", "ls")
        (digest,) = [line.split()[2] for line in listed.splitlines() if line.startswith(f"docker.io/{TAG} ")]
        pinned = f"docker.io/flow-operator/e2e-flow@{digest}"
        run(
            "docker",
            "exec",
            node,
            "ctr",
            "-n",
            "k8s.io",
            "images",
            "tag",
            "--force",
            f"docker.io/{TAG}",
            pinned,
        )
        found.add(pinned)
    (pinned,) = found
    return pinned


def test_a_flow_from_an_image_answers(world: World, reference: str) -> None:
    flow = {"image": {"reference": reference, "path": "/flow"}}
    world.kubectl.apply(resources.flow_deployment("baked", replicas=1, flow=flow))
    waits.until_condition(world.kubectl, "fd", "baked", "Ready", "True")
    status, reply = world.ask(5, 1, "baked")[5]
    assert status == 200
    assert "15 dollars" in reply
    (pod,) = world.kubectl.list("pods", world.pods_of("baked"))
    assert pod["spec"]["containers"][0]["image"] == reference
    assert manifests.BOT != "baked"
    world.kubectl("delete", "fd", "baked")


def test_an_image_by_tag_is_refused_in_words(world: World) -> None:
    flow = {"image": {"reference": TAG}}
    said = waits.refused(lambda: world.kubectl.apply(resources.flow_deployment("tagged", flow=flow)))
    assert "spec.flow.image.reference" in said
    assert "sha256" in said
