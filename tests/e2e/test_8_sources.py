"""Flows from git, from the object store and from an OCI artifact, fetched by real pods."""

import hashlib
import io
import tarfile
from pathlib import Path
from typing import Any

import obstore
import pytest

from tests.e2e import images, manifests, resources, waits
from tests.e2e.kubectl import Manifest
from tests.e2e.world import World

USER, PASSWORD = "reader", "s3cret-of-git"
KEY = "sources/bot.tar.gz"


@pytest.fixture(scope="module")
def commit(world: World) -> str:
    """The id of the one commit that the git server in the cluster has."""
    code, volume, mount = manifests.script("git-server", "git_server.py")
    files = {"name": "files", "configMap": {"name": "git-files"}}
    command = ["python3", "/scripts/git_server.py", "/files"]
    main = manifests.container(
        "git", world.images["RUNTIME"], command, mount, {"name": "files", "mountPath": "/files"}
    ) | {
        "env": [{"name": "GIT_USER", "value": USER}, {"name": "GIT_PASSWORD", "value": PASSWORD}],
        "readinessProbe": {"tcpSocket": {"port": 8000}},
    }
    world.kubectl.apply(
        code,
        manifests.config_map("git-files", resources.flow_files()),
        manifests.service("git", 8000),
        manifests.pod("git", world.home, main, [volume, files]),
    )
    waits.until_ready_pods(world.kubectl, "helper=git", 1)
    return world.kubectl("logs", "git").split()[0]


def said(world: World, name: str, reason: str) -> str:
    """Wait until both conditions give this reason; returns what Ready says."""

    def look() -> str | None:
        live = world.kubectl.get("fd", name)
        found = [waits.condition(live, kind) for kind in ("Ready", "ReferencesResolved")]
        assert [each.get("reason") for each in found] == [reason, reason], found
        return str(found[0]["message"])

    return waits.until(f"{name} says {reason}", look, 90)


def restarts(world: World, name: str) -> list[int]:
    pods = world.kubectl.list("pods", world.pods_of(name))
    statuses = [each for pod in pods for each in pod["status"].get("initContainerStatuses", [])]
    return [each["restartCount"] for each in statuses]


def change(world: World, name: str, source: dict[str, Any]) -> None:
    world.kubectl.apply(resources.flow_deployment(name, replicas=1, flow=source))


def test_a_flow_from_git_is_served_as_soon_as_its_secret_is_there(world: World, commit: str) -> None:
    git = {
        "url": "http://git:8000/team/flows.git",
        "commit": commit,
        "path": "flows/bot",
        "secretRef": {"name": "git-reader"},
    }
    change(world, "from-git", {"git": git})
    assert "Secret git-reader is missing" in said(world, "from-git", "SourceUnauthorized")
    world.kubectl.apply(manifests.secret("git-reader", {"username": USER, "password": PASSWORD}))
    waits.mount_now(world.kubectl, world.pods_of("from-git"))
    world.until_served("from-git")
    status, reply = world.ask(5, 1, "from-git")[5]
    assert (status, "15 dollars" in reply) == (200, True)
    assert set(restarts(world, "from-git")) == {0}


def test_a_folder_that_is_not_in_the_commit_leaves_the_running_revision_alone(
    world: World, commit: str
) -> None:
    git = {
        "url": "http://git:8000/team/flows.git",
        "commit": commit,
        "path": "flows/other",
        "secretRef": {"name": "git-reader"},
    }
    change(world, "from-git", {"git": git})
    message = said(world, "from-git", "SourceNotFound")
    assert "has no folder 'flows/other'" in message
    assert "keeps serving" in message
    assert PASSWORD not in str(world.kubectl.get("fd", "from-git"))
    assert world.ask(5, 1, "from-git")[5][0] == 200
    assert set(restarts(world, "from-git")) == {0}
    world.kubectl("delete", "fd", "from-git")


def archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in resources.flow_files().items():
            info = tarfile.TarInfo(f"bot/{name}")
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


def test_a_flow_from_the_object_store_answers_and_another_digest_is_refused(world: World) -> None:
    content = archive()
    with world.bucket() as store:
        obstore.put(store, KEY, content)
    source = {
        "url": f"s3://{manifests.BUCKET}/{KEY}",
        "sha256": hashlib.sha256(content).hexdigest(),
        "secretRef": {"name": "store"},
    }
    change(world, "from-store", {"objectStore": source})
    world.until_served("from-store")
    assert world.ask(5, 1, "from-store")[5][0] == 200
    change(world, "from-store", {"objectStore": source | {"sha256": "0" * 64}})
    assert source["sha256"] in said(world, "from-store", "SourceDigestMismatch")
    assert world.ask(5, 1, "from-store")[5][0] == 200
    world.kubectl("delete", "fd", "from-store")


def test_a_flow_from_an_oci_artifact_answers(world: World, tmp_path: Path) -> None:
    for name, text in resources.flow_files().items():
        (tmp_path / name).write_text(text)
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY *.* /\n")
    reference = images.pinned(world, "e2e-artifact", tmp_path)
    change(world, "from-oci", {"oci": {"reference": reference}})
    world.until_served("from-oci")
    status, reply = world.ask(5, 1, "from-oci")[5]
    assert (status, "15 dollars" in reply) == (200, True)
    pod: Manifest
    (pod,) = world.kubectl.list("pods", world.pods_of("from-oci"))
    assert {"name": "flow", "image": {"reference": reference, "pullPolicy": "IfNotPresent"}} in pod["spec"][
        "volumes"
    ]
    world.kubectl("delete", "fd", "from-oci")
