"""Flows written in a test, run with a function as the LLM."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

from flow_runtime.contracts.settings import ConnectionType
from flow_runtime.flow.flow import Flow
from flow_runtime.flow.load import load_flow
from flow_runtime.flow.run import Run, Services
from flow_runtime.flow.threads import Threads
from flow_runtime.llm.call import ChatModel
from flow_runtime.llm.connection import Connection, OpenAIConnection
from flow_runtime.llm.function import FunctionChat

CONNECTIONS = {"llm": ConnectionType.OPENAI, "azure": ConnectionType.AZURE_OPENAI}
CHAT = "system:\nBe kind.\nuser:\n{{ question }}\n"


def connection(name: str) -> Connection:
    return OpenAIConnection("sk-secret-value", name=name)


def write_flow(folder: Path, dag: str, **files: str) -> Path:
    """Write a flow; files are named by keyword, `answer_jinja2` for answer.jinja2."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "flow.dag.yaml").write_text(dedent(dag), encoding="utf-8")
    for name, content in files.items():
        stem, _, suffix = name.rpartition("_")
        (folder / f"{stem}.{suffix}").write_text(dedent(content), encoding="utf-8")
    return folder


def load(folder: Path, dag: str, **files: str) -> Flow:
    return load_flow(write_flow(folder, dag, **files), CONNECTIONS)


def new_run(flow: Flow, inputs: Mapping[str, Any], llm: ChatModel | None = None, seconds: float = 5) -> Run:
    services = Services(llm or FunctionChat(), connection, Threads(4))
    return Run(flow.take_inputs(inputs), services, asyncio.get_running_loop().time() + seconds)


async def outputs(flow: Flow, inputs: Mapping[str, Any], llm: ChatModel | None = None) -> dict[str, Any]:
    return await flow.run(new_run(flow, inputs, llm))
