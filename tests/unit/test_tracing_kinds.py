"""Spans of all kinds of flow, of generators, and of functions that user code traces."""

import asyncio
import importlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from opentelemetry.trace import StatusCode

from flow_runtime.flow import shim
from flow_runtime.flow.shim.decorators import trace_by
from flow_runtime.llm.function import FunctionChat
from flow_runtime.tracing import OFF
from tests.unit.server_helpers import Pod
from tests.unit.tracing_parts import Memory

PROMPTY = """\
---
name: helper
model: {{api: chat, configuration: {{connection: llm, model: m}}, parameters: {{stream: {stream}}}}}
inputs: {{q: {{type: string}}}}
---
user:
{{{{q}}}}
"""
PYTHON = """
    inputs: {question: {type: string}}
    outputs: {answer: {type: string, reference: "${work.output}"}}
    nodes:
    - {name: work, type: python, source: {path: work.py}, inputs: {question: "${inputs.question}"}}
"""
Make = Callable[..., Any]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    pods: list[Pod] = []

    async def start(content: bool = False, **files: str) -> tuple[Pod, Memory]:
        folder = tmp_path / "flow"
        folder.mkdir()
        for name, text in files.items():
            stem, _, suffix = name.rpartition("_")
            (folder / f"{stem.replace('__', '.')}.{suffix}").write_text(dedent(text))
        memory = Memory(content)
        pod = await Pod(tmp_path, folder, FunctionChat(), tracing=memory.tracing).start()
        assert pod.runtime.ready, pod.runtime.reason
        pods.append(pod)
        return pod, memory

    yield start
    for pod in pods:
        await pod.runtime.close()


@pytest.fixture
def memory() -> Iterator[Memory]:
    memory = Memory(content=True)
    shim.install()
    trace_by(memory.tracing.function)
    yield memory
    trace_by(OFF.function)


def trace(function: Any = None, **options: Any) -> Any:
    decorate = importlib.import_module("promptflow.tracing").trace
    return decorate(function, **options) if function else decorate(**options)


@pytest.mark.parametrize("stream", ["true", "false"])
async def test_a_prompty_is_a_flow_with_a_call_below(make: Make, stream: str) -> None:
    pod, memory = await make(p_prompty=PROMPTY.format(stream=stream))
    answer = await (pod.stream if stream == "true" else pod.score)({"q": "two words"})
    assert answer.status == 200
    assert memory.tree == ["POST /score", "POST /score > helper", "POST /score > helper > chat m"]
    assert memory.attributes("helper")["execution_target"] == "prompty"
    assert memory.attributes("helper")["__computed__.cumulative_token_count.total"] == 4


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
async def test_a_flex_flow_s_calls_and_traced_functions_hang_below_it(make: Make, accept: str) -> None:
    code = """
        from pathlib import Path
        from promptflow.core import Prompty
        from promptflow.tracing import trace

        @trace
        def ask(q: str) -> str:
            return Prompty.load(source=Path(__file__).parent / "p.prompty")(q=q)

        @trace(name="shout")
        def entry(q: str):
            for word in ask(q).split():
                yield word
    """
    flex = "entry: work:entry\n"
    folder = {"flow__flex_yaml": flex, "work_py": code, "p_prompty": PROMPTY.format(stream="false")}
    pod, memory = await make(**folder)
    answer = await pod.score({"q": "two words"}, {"accept": accept})
    assert answer.status == 200
    assert memory.tree == [
        "POST /score",
        "POST /score > flow",
        "POST /score > flow > shout",
        "POST /score > flow > shout > ask",
        "POST /score > flow > shout > ask > chat m",
    ]
    assert memory.attributes("flow")["execution_target"] == "flex"


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
@pytest.mark.parametrize("kind", ["def", "async def"])
async def test_a_node_that_yields_lasts_as_long_as_its_generator(make: Make, kind: str, accept: str) -> None:
    code = f"""
        import time
        from promptflow.core import tool
        from promptflow.tracing import trace

        @trace
        def word(number):
            time.sleep(0.02)
            return str(number)

        @tool
        {kind} work(question: str):
            for number in range(3):
                yield word(number)
    """
    pod, memory = await make(flow__dag_yaml=PYTHON, work_py=code)
    answer = await pod.score({"question": "x"}, {"accept": accept})
    assert answer.status == 200
    below = "POST /score > flow > work"
    assert memory.tree == ["POST /score", "POST /score > flow", below, *[f"{below} > word"] * 3]
    span = memory.span("work")
    assert (span.end_time or 0) - (span.start_time or 0) >= 0.06 * 1e9


async def test_a_generator_that_fails_fails_its_node(make: Make) -> None:
    code = """
        from promptflow.core import tool

        @tool
        def work(question: str):
            yield "one"
            raise KeyError(question)
    """
    pod, memory = await make(flow__dag_yaml=PYTHON, work_py=code)
    assert (await pod.score({"question": "WHATISASKED"})).status == 500
    assert memory.attributes("work")["error.type"] == "KeyError"
    assert memory.attributes("flow")["error.type"] == "ToolExecutionError"
    assert "WHATISASKED" not in memory.said


async def test_a_generator_that_nobody_reads_does_not_keep_its_span_open(make: Make) -> None:
    dag = (
        dedent(PYTHON)
        + "- {name: more, type: python, source: {path: more.py}, inputs: {given: '${work.output}'}}\n"
    )
    code = "from promptflow.core import tool\n@tool\ndef work(question: str):\n    yield 'one'\n"
    more = "from promptflow.core import tool\n@tool\ndef more(given: object) -> str:\n    return 'unread'\n"
    dag = dag.replace('${work.output}"}}\nnodes', '${more.output}"}}\nnodes')
    pod, memory = await make(flow__dag_yaml=dag, work_py=code, more_py=more)
    assert (await pod.score({"question": "x"})).status == 200
    assert "POST /score > flow > work" in memory.tree


async def test_an_embedding_has_its_span(make: Make) -> None:
    code = """
        from promptflow.core import tool
        from promptflow.connections import OpenAIConnection
        from promptflow.tools.embedding import embedding

        @tool
        def work(question: str) -> str:
            mine = OpenAIConnection(api_key="sk-mine", base_url="http://e:81/v1")
            return str(embedding(mine, question, model="e"))
    """
    pod, memory = await make(flow__dag_yaml=PYTHON, work_py=code)
    assert (await pod.score({"question": "two words"})).status == 200
    found = memory.attributes("embeddings e")
    assert found["gen_ai.operation.name"] == "embeddings"
    assert found["gen_ai.embeddings.dimension.count"] == 2
    assert found["span_type"] == "Embedding"
    assert (found["server.address"], found["server.port"]) == ("e", 81)
    assert memory.tree[-1] == "POST /score > flow > work > embeddings e"


async def test_traced_functions_nest_across_coroutines_and_threads(memory: Memory) -> None:
    pool = importlib.import_module("promptflow.tracing").ThreadPoolExecutorWithContext(2)

    @trace(name="leaf")
    def leaf(number: int) -> int:
        return number

    @trace(name="branch")
    async def branch(number: int) -> int:
        await asyncio.sleep(0.01)
        in_thread = await asyncio.to_thread(leaf, number)
        return in_thread + await asyncio.wrap_future(pool.submit(leaf, number))

    @trace(name="root")
    async def root() -> int:
        return sum(await asyncio.gather(branch(1), branch(2)))

    assert await root() == 6
    pool.shutdown()
    assert memory.tree == ["root", *["root > branch"] * 2, *["root > branch > leaf"] * 4]
    assert memory.attributes("root")["inputs"] == "{}"
    leaves = [span.attributes or {} for span in memory.spans if span.name == "leaf"]
    assert {json.loads(str(leaf["inputs"]))["number"] for leaf in leaves} == {1, 2}


async def test_a_traced_function_is_of_the_kind_it_was(memory: Memory) -> None:
    inspect = importlib.import_module("inspect")

    def plain() -> int:
        return 1

    async def coroutine() -> int:
        return 1

    def generator() -> Any:
        yield 1

    async def async_generator() -> Any:
        yield 1

    for function in (plain, coroutine, generator, async_generator):
        traced = trace(function)
        for kind in ("iscoroutinefunction", "isgeneratorfunction", "isasyncgenfunction", "isfunction"):
            assert getattr(inspect, kind)(traced) == getattr(inspect, kind)(function)
        assert traced.__name__ == function.__name__
    assert [trace(plain)(), await trace(coroutine)(), *trace(generator)()] == [1, 1, 1]
    assert [each async for each in trace(async_generator)()] == [1]
    assert len(memory.spans) == 4


async def test_a_traced_function_that_raises_says_so_and_raises(memory: Memory) -> None:
    @trace(name="bad")
    def bad() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        bad()
    span = memory.span("bad")
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "no"
    assert memory.attributes("bad")["error.type"] == "ValueError"


def test_a_function_stays_as_it_is_where_nothing_is_traced() -> None:
    shim.install()

    def function() -> None: ...

    assert trace(function) is function
    assert trace(name="x")(function) is function
