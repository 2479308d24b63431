"""Python tools beyond the plain function: generators, classes, connections of one's own, packages."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from flow_runtime.contracts.settings import ConnectionType
from flow_runtime.flow.errors import FlowLoadError, ToolExecutionError
from flow_runtime.flow.load import load_flow
from flow_runtime.flow.run import Run, Services
from flow_runtime.flow.stream import Stream
from flow_runtime.flow.threads import Threads
from flow_runtime.llm.connection import OpenAIConnection
from flow_runtime.llm.connection_services import CustomConnection
from flow_runtime.llm.function import FunctionChat
from tests.unit.flow_helpers import load, new_run, outputs, write_flow

IMPORT = "from promptflow.core import tool, ToolProvider\n"
ONE = """
    inputs: {x: {type: string, default: a b}}
    outputs: {o: {reference: "${n.output}"}}
    nodes: [{name: n, type: python, source: {path: t.py}, inputs: {x: "${inputs.x}"}}]
"""
SYNC = IMPORT + "@tool\ndef run(x):\n    for word in x.split():\n        yield word\n    yield 3\n"
ASYNC = SYNC.replace("def run", "async def run")
GIVEN = IMPORT + (
    "from collections.abc import Iterator\n@tool\ndef run(x) -> Iterator[str]:\n"
    "    return (word for word in [*x.split(), 3])\n"
)
INNER = IMPORT + (
    "@tool\ndef run(x) -> str:\n    def words():\n        yield from x.split()\n        yield 3\n"
    "    return words()\n"
)
KINDS = pytest.mark.parametrize("code", [SYNC, ASYNC, GIVEN, INNER], ids=["sync", "async", "given", "inner"])


@KINDS
async def test_what_a_tool_yields_is_joined_to_a_text(code: str, tmp_path: Path) -> None:
    flow = load(tmp_path, ONE, t_py=code)
    run = new_run(flow, {})
    assert await flow.run(run) == {"o": "ab3"}
    assert run.values["n"] == "ab3"


@KINDS
async def test_what_a_tool_yields_is_streamed_where_the_run_streams(code: str, tmp_path: Path) -> None:
    flow = load(tmp_path, ONE, t_py=code)
    assert flow.streams == {"o"}
    run = new_run(flow, {})
    run.streaming = True
    stream = (await flow.run(run))["o"]
    assert isinstance(stream, Stream)
    assert [chunk async for chunk in stream] == ["a", "b", 3]


async def test_a_generator_that_no_hint_tells_of_is_joined_even_where_the_run_streams(tmp_path: Path) -> None:
    flow = load(tmp_path, ONE, t_py=GIVEN.replace(" -> Iterator[str]", ""))
    assert flow.streams == frozenset()
    run = new_run(flow, {})
    run.streaming = True
    assert await flow.run(run) == {"o": "ab3"}


@pytest.mark.parametrize("kind", ["def", "async def"])
async def test_a_tool_that_fails_while_it_yields_fails_its_node(kind: str, tmp_path: Path) -> None:
    code = IMPORT + f"@tool\n{kind} run(x):\n    yield 1\n    raise KeyError('gone')\n"
    flow = load(tmp_path, ONE, t_py=code)
    with pytest.raises(ToolExecutionError, match=r"node 'n'.*KeyError: 'gone'"):
        await outputs(flow, {})


async def test_a_node_after_a_generator_reads_it(tmp_path: Path) -> None:
    dag = """
        outputs: {o: {reference: "${m.output}"}}
        nodes:
        - {name: n, type: python, source: {path: t.py}, inputs: {x: a b}}
        - {name: m, type: python, source: {path: m.py}, inputs: {words: "${n.output}"}}
    """
    reader = IMPORT + "@tool\ndef read(words):\n    return list(words)\n"
    assert await outputs(load(tmp_path, dag, t_py=SYNC, m_py=reader), {}) == {"o": ["a", "b", 3]}


async def test_closing_a_stream_ends_the_generator(tmp_path: Path) -> None:
    code = (
        IMPORT + "import pathlib\n@tool\ndef run(x):\n    try:\n        while True:\n            yield 1\n"
        "    finally:\n        pathlib.Path(x).touch()\n"
    )
    flow = load(tmp_path, ONE, t_py=code)
    run = new_run(flow, {"x": str(tmp_path / "ended")})
    run.streaming = True
    stream = (await flow.run(run))["o"]
    assert await anext(stream) == 1
    await stream.aclose()
    assert (tmp_path / "ended").exists()


async def test_a_run_that_is_cut_off_while_it_joins_says_which_node_it_was_in(tmp_path: Path) -> None:
    code = IMPORT + "import asyncio\n@tool\nasync def run(x):\n    await asyncio.sleep(60)\n    yield 1\n"
    flow = load(tmp_path, ONE, t_py=code)
    run = new_run(flow, {})
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await flow.run(run)
    assert list(run.unfinished) == ["n"]


CLASS = (
    IMPORT
    + """
from promptflow.connections import OpenAIConnection

class Search(ToolProvider):
    made = 0

    def __init__(self, connection: OpenAIConnection, top: int = 3):
        super().__init__()
        Search.made += 1
        self.key, self.top = connection.api_key, top

    @tool
    def search(self, query: str, language="en"):
        return [query, language, self.key, self.top, Search.made]
"""
)
USES_CLASS = """
    inputs: {q: {type: string, default: why}}
    outputs: {o: {reference: "${n.output}"}}
    nodes:
    - {name: n, type: python, source: {path: t.py}, inputs: {query: "${inputs.q}", connection: llm, top: "5"}}
"""


async def test_a_class_is_made_once_from_the_nodes_inputs(tmp_path: Path) -> None:
    flow = load(tmp_path, USES_CLASS, t_py=CLASS)
    for _ in range(2):
        assert await outputs(flow, {}) == {"o": ["why", "en", "sk-secret-value", 5, 1]}


async def test_a_class_is_made_again_when_its_connection_has_changed(tmp_path: Path) -> None:
    flow = load(tmp_path, USES_CLASS, t_py=CLASS)
    keys = iter(["first", "second"])
    services = Services(FunctionChat(), lambda name: OpenAIConnection(next(keys), name=name), Threads(1))
    made = []
    for _ in range(2):
        run = Run({"q": "why"}, services, asyncio.get_running_loop().time() + 5)
        made.append((await flow.run(run))["o"][2:])
    assert made == [["first", 5, 1], ["second", 5, 2]]


REFUSED_CLASSES = {
    "an input of __init__ that is a reference": (
        "InputTypeMismatch",
        "'top'",
        USES_CLASS.replace('"5"', '"${inputs.q}"'),
        CLASS,
    ),
    "an input of __init__ that is not given": (
        "MissingRequiredInputs",
        "'connection'",
        USES_CLASS.replace("connection: llm, ", ""),
        CLASS,
    ),
    "a class that cannot be made": (
        "ToolLoadError",
        "ZeroDivisionError",
        USES_CLASS.replace("connection: llm, ", ""),
        CLASS.replace("connection: OpenAIConnection, ", "").replace("connection.api_key", "1 / 0"),
    ),
    "two tools in a class": (
        "MultipleToolsDefined",
        "more than one",
        USES_CLASS,
        CLASS + "\n    @tool\n    def again(self): ...\n",
    ),
}


@pytest.mark.parametrize(("name", "says", "dag", "code"), REFUSED_CLASSES.values(), ids=REFUSED_CLASSES)
def test_a_class_is_refused_for(name: str, says: str, dag: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(FlowLoadError) as refused:
        load(tmp_path, dag, t_py=code)
    assert refused.value.name == name
    assert says in str(refused.value)


def custom(name: str) -> Any:
    return CustomConnection({"key": "hidden-value"}, {"place": "here"}, name)


async def test_a_connection_of_ones_own_class_is_made_of_a_custom_one(tmp_path: Path) -> None:
    code = IMPORT + (
        "from promptflow.connections import CustomStrongTypeConnection\n"
        "from promptflow.contracts.types import Secret\n"
        "class Mine(CustomStrongTypeConnection):\n    key: Secret\n    place: str = 'there'\n"
        "@tool\ndef run(c: Mine):\n    return [type(c).__name__, c.place, len(c.key)]\n"
    )
    dag = """
        outputs: {o: {reference: "${n.output}"}}
        nodes: [{name: n, type: python, source: {path: t.py}, inputs: {c: mine}}]
    """
    folder = write_flow(tmp_path, dag, t_py=code)
    flow = load_flow(folder, {"mine": ConnectionType.CUSTOM})
    services = Services(FunctionChat(), custom, Threads(1))
    run = Run({}, services, asyncio.get_running_loop().time() + 5)
    assert await flow.run(run) == {"o": ["Mine", "here", 12]}


def test_without_connections_every_name_is_taken_to_be_there(tmp_path: Path) -> None:
    dag = USES_CLASS + (
        "    - {name: c, type: llm, source: {path: c.jinja2}, api: chat, connection: any,"
        " inputs: {model: d}}\n"
    )
    folder = write_flow(tmp_path, dag, t_py=CLASS, c_jinja2="user:\nhi")
    assert load_flow(folder, None).name == tmp_path.name
