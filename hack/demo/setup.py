"""What a cluster would give the processes of `make try`: settings, mounted Secrets, a flow, a store."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from flow_runtime.contracts.settings import (
    CollectionSettings,
    ConnectionSettings,
    ConnectionType,
    EvaluatorSettings,
    Identity,
    JudgeSettings,
    Mapping,
    MetricSettings,
    ServerSettings,
    SpoolSettings,
    StoreSettings,
    settings_json,
)
from hack.demo.example import flow_archive
from hack.demo.llm import LLM, Kind

MONITOR = "support-bot"
IDENTITY = Identity(cluster="try", namespace="default", deployment="support-bot")
METRICS = ("groundedness", "relevance", "coherence", "fluency")
SEAL_SECONDS = 2.0
"""Shorter than in a cluster: somebody waits."""
SLOW_SAMPLE = 30
"""Of the records; the least that can have a verdict, as a slow judge needs some ten seconds for each."""
SLOW_JUDGE = {"concurrency": 4, "timeout_seconds": 300.0, "max_attempts": 2}
"""A model on this machine: as many calls at a time as its server works on, and patience."""


@dataclass(frozen=True)
class Layout:
    """The files of one try."""

    server_file: Path
    evaluator_file: Path
    summary_file: Path
    server: ServerSettings
    evaluator: EvaluatorSettings
    store: StoreSettings


def write(folder: Path, llm: LLM) -> Layout:
    """Write everything; the folder is empty before."""
    archive = flow_archive(llm.model)
    for name in ("settings", "flow", "work", "spool", "store", "connections"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "flow" / "flow.tar.gz").write_bytes(archive)
    connection = _connection(folder / "connections" / "open_ai_connection", llm)
    store = StoreSettings(url=(folder / "store").as_uri())
    server = _server(folder, store, connection, sha256(archive).hexdigest()[:12])
    evaluator = _evaluator(store, connection, llm)
    settings = folder / "settings"
    layout = Layout(
        settings / "server.json",
        settings / "evaluator.json",
        folder / "summary.json",
        server,
        evaluator,
        store,
    )
    layout.server_file.write_text(settings_json(server), encoding="utf-8")
    layout.evaluator_file.write_text(settings_json(evaluator), encoding="utf-8")
    return layout


def _connection(directory: Path, llm: LLM) -> ConnectionSettings:
    """A Secret as the kubelet would mount it; readable by its owner alone."""
    directory.mkdir(mode=0o700)
    for key, value in (("api_key", llm.api_key), ("base_url", llm.base_url)):
        path = directory / key
        path.touch(mode=0o600)
        path.write_text(value, encoding="utf-8")
    return ConnectionSettings(name=directory.name, type=ConnectionType.OPENAI, directory=directory)


def _server(
    folder: Path, store: StoreSettings, connection: ConnectionSettings, revision: str
) -> ServerSettings:
    spool = SpoolSettings(directory=folder / "spool", seal_after_seconds=SEAL_SECONDS)
    return ServerSettings(
        identity=IDENTITY,
        revision=revision,
        flow=folder / "flow",
        work=folder / "work",
        connections=(connection,),
        request_timeout_seconds=120,
        collection=CollectionSettings(store=store, spool=spool),
    )


def _evaluator(store: StoreSettings, connection: ConnectionSettings, llm: LLM) -> EvaluatorSettings:
    judge = JudgeSettings(connection=connection, model=llm.model)
    slow = llm.kind is Kind.LOCAL
    return EvaluatorSettings(
        identity=IDENTITY,
        monitor=MONITOR,
        store=store,
        lookback_seconds=24 * 3600,
        max_records=SLOW_SAMPLE if slow else 200,
        mapping=Mapping(prompt="inputs.query", completion="outputs.reply", context="outputs.fetched_docs"),
        judge=judge.model_copy(update=SLOW_JUDGE) if slow else judge,
        metrics=tuple(MetricSettings(name=name) for name in METRICS),
    )
