"""`flowop build` for real: a package that the runtime lacks is in the image, with and without a network."""

import functools
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.e2e import images, resources
from tests.e2e.world import World

WHEEL = "e2e_greeting-1.0-py3-none-any.whl"
IMPORT = "import e2e_greeting; print(e2e_greeting.GREETING)"


def write_wheel(folder: Path) -> Path:
    """A package of one module, as a wheel."""
    info = "e2e_greeting-1.0.dist-info"
    files = {
        "e2e_greeting.py": "GREETING = 'good day'\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: e2e-greeting\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD"))
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / WHEEL, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
    return folder / WHEEL


@pytest.fixture
def context(world: World, tmp_path: Path) -> Path:
    """What `flowop build` writes for a flow that needs the package."""
    flow = tmp_path / "greeter"
    flow.mkdir()
    for name, text in resources.flow_files().items():
        (flow / name).write_text(
            f"import e2e_greeting  # noqa: F401\n{text}" if name.endswith(".py") else text
        )
    (flow / "requirements.txt").write_text("promptflow\ne2e-greeting==1.0\n")
    command = [sys.executable, "-m", "flow_runtime.cli.main", "build", str(flow)]
    base, output = ["--base", world.images["RUNTIME"]], ["--output", str(tmp_path / "image")]
    subprocess.run([*command, *base, *output], check=True, timeout=60)
    return tmp_path / "image"


@contextmanager
def index(folder: Path) -> Iterator[str]:
    """A package index on loopback; yields its address."""
    write_wheel(folder / "simple" / "e2e-greeting")
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/simple/"
        server.shutdown()


def test_a_built_flow_is_served_with_its_requirements_and_no_network_was_needed(
    world: World, context: Path
) -> None:
    write_wheel(context / "wheels")
    offline = ("--network", "none", "--build-arg", "PIP_NO_INDEX=1")
    reference = images.pinned(world, "e2e-built", context, *offline)
    flow = {"image": {"reference": reference}}
    world.kubectl.apply(resources.flow_deployment("built", replicas=1, flow=flow))
    world.until_served("built")
    assert world.ask(5, 1, "built")[5][0] == 200
    world.kubectl("delete", "fd", "built")


def test_requirements_come_from_an_index_where_there_is_one(
    world: World, context: Path, tmp_path: Path
) -> None:
    with index(tmp_path / "index") as url:
        online = ("--network", "host", "--build-arg", f"PIP_INDEX_URL={url}")
        reference = images.built("e2e-online", context, *online)
    run = ("docker", "run", "--rm", "--network", "none")
    assert images.run(*run, reference, "python3", "-c", IMPORT) == "good day\n"
    with pytest.raises(subprocess.CalledProcessError):
        images.run(*run, world.images["RUNTIME"], "python3", "-c", IMPORT)
