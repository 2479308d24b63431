"""Who is compared, and how each is started: as its makers ship it, or as one would by hand."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import distributions, version
from pathlib import Path

from flow_runtime.contracts.settings import (
    CollectionSettings,
    ConnectionSettings,
    ConnectionType,
    Identity,
    ServerSettings,
    SpoolSettings,
    StoreSettings,
    settings_json,
)
from tests.bench.machine import pinned

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parents[1] / ".cache" / "bench"
"""Made by the Makefile: promptflow's packages as its Dockerfile pins them, and what one would use by hand."""
KEY = "sk-bench"
CONCURRENT = 512
"""Requests that a server may answer at the same time: more than the load has connections."""
MALLOC = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
}
"""As in the image of the runtime."""
_UVICORN = ("--host=127.0.0.1", "--loop=uvloop", "--http=httptools", "--no-access-log", "--log-level=warning")
_PROMPTFLOW_APP = "promptflow.core._serving.app:create_app(engine='{}')"


@dataclass(frozen=True)
class Flow:
    """A flow to be served: its folder, and what a request of it is."""

    name: str
    folder: Path
    body: str
    accept: str = "application/json"

    @property
    def streamed(self) -> bool:
        """Whether its answer is a stream of events."""
        return self.accept != "application/json"


@dataclass(frozen=True)
class Started:
    """A command line, with what it needs; a second one where a collector belongs to it."""

    command: list[str]
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    beside: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Place:
    """Where a subject runs: a folder of its own, its port, and the LLM's base URL."""

    work: Path
    port: int
    llm_url: str


@dataclass(frozen=True)
class Subject:
    """One of those who are compared."""

    key: str
    name: str

    def start(self, flow: Flow, place: Place) -> Started:
        """Say how it is started."""
        raise NotImplementedError

    def path(self, flow: Flow) -> str:
        """Say where it is asked."""
        return "/score"


@dataclass(frozen=True)
class Ours(Subject):
    """The server and, where it collects, its collector, by the settings that the operator writes."""

    collects: bool = True

    def start(self, flow: Flow, place: Place) -> Started:
        settings = place.work / "settings.json"
        settings.write_text(settings_json(self._settings(flow, place)))
        server = [sys.executable, "-m", "flow_runtime.server", str(settings), "--host=127.0.0.1"]
        return Started(
            pinned(0, *server, f"--port={place.port}", "--metrics-port=0"),
            place.work,
            MALLOC,
            # The collector has a container and so CPU of its own.
            beside=pinned(-1, sys.executable, "-m", "flow_runtime.collector", str(settings))
            if self.collects
            else [],
        )

    def collection(self, place: Place) -> CollectionSettings:
        """Say what is collected, and where to."""
        return CollectionSettings(
            store=StoreSettings(url=f"file://{place.work / 'store'}"),
            spool=SpoolSettings(directory=place.work / "spool"),
        )

    def _settings(self, flow: Flow, place: Place) -> ServerSettings:
        for name in ("work", "spool", "store", "connection"):
            (place.work / name).mkdir()
        (place.work / "connection" / "api_key").write_text(KEY)
        (place.work / "connection" / "base_url").write_text(place.llm_url)
        llm = ConnectionSettings(name="llm", type=ConnectionType.OPENAI, directory=place.work / "connection")
        return ServerSettings(
            identity=Identity(namespace="bench", deployment="bench"),
            revision="bench",
            flow=flow.folder,
            work=place.work / "work",
            connections=(llm,),
            max_concurrent_requests=CONCURRENT,
            collection=self.collection(place) if self.collects else None,
        )


@dataclass(frozen=True)
class Promptflow(Subject):
    """gunicorn as the start script of promptflow's Docker image calls it."""

    engine: str = "flask"
    workers: int = 8

    def start(self, flow: Flow, place: Place) -> Started:
        way = ["--threads=1"] if self.engine == "flask" else ["--worker-class=uvicorn.workers.UvicornWorker"]
        app = _PROMPTFLOW_APP.format(self.engine)
        gunicorn = [str(ENVIRONMENTS / "promptflow" / "bin" / "gunicorn"), f"-w={self.workers}", *way]
        command = pinned(0, *gunicorn, f"-b=127.0.0.1:{place.port}", "--timeout=300", app)
        return Started(command, flow.folder, promptflow_home(place.work.parent))


@dataclass(frozen=True)
class ByHand(Subject):
    """An application of `byhand/` on uvicorn."""

    app: str = ""
    environment: Path = Path(sys.prefix)

    def start(self, flow: Flow, place: Place) -> Started:
        uvicorn = [str(self.environment / "bin" / "uvicorn"), f"{self.app}:app", *_UVICORN]
        variables = {"BENCH_FLOW": flow.name}
        return Started(pinned(0, *uvicorn, f"--port={place.port}"), HERE / "byhand", variables)

    def path(self, flow: Flow) -> str:
        return "/stream" if flow.streamed else "/score"


SHIPPED = Ours("ours", "Flow Operator, as shipped")
UNCOLLECTED = Ours("uncollected", "Flow Operator, collection off", collects=False)
DEFAULT = Promptflow("promptflow", "promptflow's Docker default (Flask, 8 workers)")
ENGINE = Promptflow("engine", "promptflow's FastAPI engine (1 worker)", engine="fastapi", workers=1)
HAND = ByHand("hand", "FastAPI + AsyncOpenAI by hand", "fastapi_app", ENVIRONMENTS / "byhand")
FLOOR = ByHand("floor", "raw ASGI + aiohttp by hand", "floor_app")
SUBJECTS = (SHIPPED, UNCOLLECTED, DEFAULT, ENGINE, HAND, FLOOR)


def promptflow_home(work: Path) -> dict[str, str]:
    """Where promptflow keeps its connections (SQLite and a keyring); one home for a whole run."""
    home = work / "promptflow"
    return {"HOME": str(home), "PF_HOME_DIRECTORY": str(home / ".promptflow")}


def create_connection(work: Path, llm_url: str) -> None:
    """Do what the image's start script does before anything else: `pf connection create`."""
    home = promptflow_home(work)
    Path(home["HOME"]).mkdir()
    described = Path(home["HOME"]) / "llm.yaml"
    described.write_text(f"name: llm\ntype: open_ai\napi_key: {KEY}\nbase_url: {llm_url}\n")
    pf = str(ENVIRONMENTS / "promptflow" / "bin" / "pf")
    command = [pf, "connection", "create", "--file", str(described)]
    subprocess.run(command, env=os.environ | home, check=True, capture_output=True)


def versions() -> dict[str, str]:
    """Say what is compared: ours and the floor are of this environment."""
    found = {name: version(name) for name in ("uvicorn", "uvloop", "aiohttp", "orjson", "pydantic")}
    for environment, names in (("promptflow", ("promptflow", "gunicorn")), ("byhand", ("fastapi", "openai"))):
        for path in (ENVIRONMENTS / environment).glob("lib/python3*/site-packages"):
            known = {item.name.lower(): item.version for item in distributions(path=[str(path)])}
            found |= {name: known[name] for name in names}
    return found
