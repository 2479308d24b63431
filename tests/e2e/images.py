"""Images that a test builds and gives to the nodes, as a registry would have: by digest."""

import os
import subprocess
from pathlib import Path

from tests.e2e.world import World

ROOT = Path(__file__).parents[2]


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


def built(name: str, context: Path, *options: str) -> str:
    """Build `flow-operator/<name>:dev`."""
    tag = f"flow-operator/{name}:dev"
    environment = {"DOCKER_BUILDKIT": "0", "PATH": os.environ["PATH"], "HOME": str(context)}
    subprocess.run(
        ["docker", "build", "-q", "-t", tag, *options, str(context)], check=True, timeout=240, env=environment
    )
    return tag


def pinned(world: World, name: str, context: Path, *options: str) -> str:
    """Build `flow-operator/<name>` and return its reference by digest, which both nodes know as if pulled."""
    tag = built(name, context, *options)
    run(str(ROOT / "hack" / "cluster" / "load"), tag)
    found = set()
    for node in (world.home, world.other):
        images = ("docker", "exec", node, "ctr", "-n", "k8s.io", "images")
        lines = [line.split() for line in run(*images, "ls").splitlines()]
        (digest,) = [line[2] for line in lines if line[0] == f"docker.io/{tag}"]
        reference = f"docker.io/flow-operator/{name}@{digest}"
        run(*images, "tag", "--force", f"docker.io/{tag}", reference)
        found.add(reference)
    (only,) = found
    return only
