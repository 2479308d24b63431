"""Flex flows: functions and classes of every kind, their inputs, their init values, what they return."""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from flow_runtime.contracts.settings import ConnectionType
from flow_runtime.flow.bare import Bare
from flow_runtime.flow.errors import FlowLoadError, InputNotFound, InputTypeError, LLMNodeError, NodeError
from flow_runtime.flow.flex.definition import INIT_VARIABLE, parse_definition
from flow_runtime.flow.flex.flow import FlexFlow, load_flex
from flow_runtime.flow.run import Run, Services
from flow_runtime.flow.stream import Stream
from flow_runtime.flow.threads import Threads
from flow_runtime.llm.connection_types import Connection, OpenAIConnection
from flow_runtime.llm.errors import RateLimited
from flow_runtime.llm.function import FunctionChat

CONNECTIONS = {"llm": ConnectionType.OPENAI}


def flex(folder: Path, code: str, yaml: str = "entry: main_flow:run", **files: str) -> FlexFlow:
    """Write a flex flow and load it."""
    (folder / "main_flow.py").write_text(dedent(code), encoding="utf-8")
    (folder / "flow.flex.yaml").write_text(dedent(yaml), encoding="utf-8")
    for name, content in files.items():
        (folder / name.replace("_json", ".json")).write_text(content, encoding="utf-8")
    return load_flex(folder / "flow.flex.yaml", CONNECTIONS)


async def outputs(
    flow: FlexFlow,
    given: Mapping[str, Any],
    streaming: bool = False,
    connection: Callable[[str], Connection] = lambda name: OpenAIConnection("sk-secret", name=name),
    llm: FunctionChat | None = None,
) -> Any:
    deadline = asyncio.get_running_loop().time() + 5
    run = Run(
        flow.take_inputs(given), Services(llm or FunctionChat(), connection, Threads(2)), deadline, streaming
    )
    return await flow.run(run)


async def test_a_function_is_a_flow(tmp_path: Path) -> None:
    flow = flex(
        tmp_path, "def run(question: str, times: int = 2):\n    return {'answer': question * times}\n"
    )
    assert await outputs(flow, {"question": "a", "more": 1}) == {"answer": "aa"}
    assert (flow.kind, flow.shape.inputs) == ("flex", {"question": "string", "times": "int"})


async def test_an_async_function_is_a_flow(tmp_path: Path) -> None:
    flow = flex(tmp_path, "async def run(x: int) -> int:\n    return x + 1\n")
    assert await outputs(flow, {"x": 1}) == Bare.of(2)


RETURNS = {
    "a text": ("-> str", "'a'", "a"),
    "a number": ("-> float", "1.5", 1.5),
    "nothing": ("-> None", "None", None),
    "a list": ("-> list", "[1]", [1]),
}


@pytest.mark.parametrize(("hint", "code", "value"), RETURNS.values(), ids=RETURNS)
async def test_what_has_no_names_is_answered_bare(hint: str, code: str, value: Any, tmp_path: Path) -> None:
    found = await outputs(flex(tmp_path, f"def run() {hint}:\n    return {code}\n"), {})
    assert isinstance(found, Bare)
    assert found.value == value


async def test_a_dataclass_and_a_typed_dict_have_their_fields_as_outputs(tmp_path: Path) -> None:
    code = """
    from dataclasses import dataclass
    from typing import TypedDict
    @dataclass
    class Found:
        answer: str
        score: float
    class Named(TypedDict):
        answer: str
    def run(x: str) -> Found:
        return Found(x, 0.5)
    def other(x: str) -> Named:
        return {"answer": x}
    """
    flow = flex(tmp_path, code)
    assert flow.shape.outputs == {"answer": "string", "score": "double"}
    assert await outputs(flow, {"x": "a"}) == {"answer": "a", "score": 0.5}
    other = flex(tmp_path, code, "entry: main_flow:other")
    assert other.shape.outputs == {"answer": "string"}
    assert await outputs(other, {"x": "a"}) == {"answer": "a"}


YIELDING = {
    "a generator": "def run():\n    yield 'Hel'\n    yield 'lo'\n",
    "an async generator": "async def run():\n    yield 'Hel'\n    yield 'lo'\n",
    "a function that gives a generator": "def run():\n    return (part for part in ('Hel', 'lo'))\n",
    "an annotated one": (
        "from typing import Iterator\ndef run() -> Iterator[str]:\n    return iter(['Hel', 'lo'])\n"
    ),
}


@pytest.mark.parametrize("code", YIELDING.values(), ids=YIELDING)
async def test_what_yields_is_streamed_where_that_is_wanted_and_joined_elsewhere(
    code: str, tmp_path: Path
) -> None:
    flow = flex(tmp_path, code)
    assert flow.streams == {"output"}
    assert await outputs(flow, {}) == Bare.of("Hello")
    stream = (await outputs(flow, {}, streaming=True))["output"]
    assert isinstance(stream, Stream)
    assert [chunk async for chunk in stream] == ["Hel", "lo"]


async def test_a_field_that_yields_is_streamed_by_its_name(tmp_path: Path) -> None:
    code = """
    from typing import Generator, TypedDict
    class Out(TypedDict):
        answer: Generator[str, None, None]
        source: str
    def run() -> Out:
        return {"answer": (c for c in "ab"), "source": "s"}
    """
    flow = flex(tmp_path, code)
    assert flow.streams == {"answer"}
    assert await outputs(flow, {}) == {"answer": "ab", "source": "s"}
    found = await outputs(flow, {}, streaming=True)
    assert (found["source"], await found["answer"].join()) == ("s", "ab")


async def test_a_generator_that_raises_fails_by_the_entry_s_name(tmp_path: Path) -> None:
    flow = flex(tmp_path, "def run():\n    yield 'a'\n    raise ValueError('broken')\n")
    with pytest.raises(NodeError, match=r"Execution failure in 'run': \(ValueError\) broken"):
        await outputs(flow, {})


async def test_an_entry_that_raises_is_an_error_with_promptflow_s_name(tmp_path: Path) -> None:
    flow = flex(tmp_path, "def run(x):\n    raise KeyError(x)\n")
    with pytest.raises(NodeError) as failed:
        await outputs(flow, {"x": "k"})
    assert (failed.value.name, failed.value.node) == ("ScriptExecutionError", "run")
    assert "(KeyError) 'k'" in str(failed.value)


CLASS = """
class Flow:
    def __init__(self, prefix: str, times: int = 1):
        self.prefix, self.times = prefix, times
    def __call__(self, x: str) -> dict:
        return {"answer": (self.prefix + x) * self.times}
    def __aggregate__(self, line_results):
        raise AssertionError("never while serving")
"""


async def test_a_class_is_made_of_its_sample(tmp_path: Path) -> None:
    flow = flex(tmp_path, CLASS, "entry: main_flow:Flow\nsample: {init: {prefix: p}, inputs: {x: s}}\n")
    assert await outputs(flow, {"x": "q"}) == {"answer": "pq"}


async def test_a_sample_stands_in_for_no_inputs_at_all_but_never_for_required_ones(tmp_path: Path) -> None:
    yaml = "entry: main_flow:run\nsample: {inputs: {a: s}}\n"
    flow = flex(tmp_path, "def run(a='d', b='e') -> str:\n    return a + b\n", yaml)
    assert await outputs(flow, {}) == Bare.of("se")
    assert await outputs(flow, {"b": "f"}) == Bare.of("df")
    (tmp_path / "other").mkdir()
    needy = flex(tmp_path / "other", "def run(a) -> str:\n    return a\n", yaml)
    with pytest.raises(InputNotFound, match="input 'a'"):
        needy.take_inputs({})


async def test_a_sample_may_be_a_file_and_init_may_have_defaults(tmp_path: Path) -> None:
    yaml = "entry: main_flow:Flow\ninit: {times: {type: int, default: 2}}\nsample: '${file:s.json}'\n"
    flow = flex(tmp_path, CLASS, yaml, s_json=json.dumps({"init": {"prefix": "f"}}))
    assert await outputs(flow, {"x": "q"}) == {"answer": "fqfq"}


def test_the_environment_s_init_values_win_over_the_sample(tmp_path: Path) -> None:
    yaml = b"entry: m:F\ninit: {times: {type: int, default: 2}}\nsample: {init: {prefix: s}}\n"
    environ = {INIT_VARIABLE: '{"prefix": "e"}'}
    assert parse_definition(yaml, tmp_path / "f", environ).init == {"prefix": "e", "times": 2}
    assert parse_definition(yaml, tmp_path / "f", {}).init == {"prefix": "s", "times": 2}


async def test_an_async_class_may_yield(tmp_path: Path) -> None:
    code = "class Flow:\n    async def __call__(self):\n        yield 'a'\n        yield 'b'\n"
    flow = flex(tmp_path, code, "entry: main_flow:Flow")
    assert await outputs(flow, {}) == Bare.of("ab")


WITH_CONNECTION = """
from promptflow.connections import OpenAIConnection
from promptflow.core import OpenAIModelConfiguration
class Flow:
    def __init__(self, connection: OpenAIConnection, model_config: OpenAIModelConfiguration):
        self.connection, self.config = connection, model_config
    def __call__(self) -> dict:
        return {"key": self.connection.api_key, "config": [self.config.model, self.config.api_key]}
"""
INIT = "entry: main_flow:Flow\nsample: {init: {connection: llm, model_config: {model: m, connection: llm}}}\n"


async def test_a_class_gets_connections_and_model_configurations_by_name(tmp_path: Path) -> None:
    flow = flex(tmp_path, WITH_CONNECTION, INIT)
    assert await outputs(flow, {}) == {"key": "sk-secret", "config": ["m", "sk-secret"]}


async def test_an_object_is_made_anew_when_its_connection_has_changed_and_not_before(tmp_path: Path) -> None:
    flow = flex(tmp_path, WITH_CONNECTION, INIT)
    old, new = OpenAIConnection("old"), OpenAIConnection("new")
    assert (await outputs(flow, {}, connection=lambda _: old))["key"] == "old"
    made = flow.entry.callable(lambda _: old)
    assert flow.entry.callable(lambda _: old) is made
    assert (await outputs(flow, {}, connection=lambda _: new))["key"] == "new"


async def test_a_secret_in_an_init_error_is_not_shown(tmp_path: Path) -> None:
    code = WITH_CONNECTION.replace(
        "self.connection, self.config =", "raise ValueError(connection.api_key)\n        _ ="
    )
    flow = flex(tmp_path, code, INIT)
    with pytest.raises(NodeError, match=r"ValueError: \*\*\*") as failed:
        await outputs(flow, {}, connection=lambda _: OpenAIConnection("my-own-key"))
    assert "my-own-key" not in str(failed.value)


async def test_a_secret_in_what_the_object_raises_is_not_shown(tmp_path: Path) -> None:
    code = WITH_CONNECTION.replace('return {"key": ', "raise ValueError(self.connection.api_key)\n#")
    flow = flex(tmp_path, code, INIT)
    with pytest.raises(NodeError, match=r"ValueError\) \*\*\*"):
        await outputs(flow, {}, connection=lambda _: OpenAIConnection("my-own-key"))


async def test_inputs_of_the_yaml_are_converted_and_those_of_the_signature_come_as_they_are(
    tmp_path: Path,
) -> None:
    code = "def run(a: int, b: int, c='d'):\n    return {'all': [a, b, c]}\n"
    flow = flex(tmp_path, code, "entry: main_flow:run\ninputs: {a: {type: int}}\n")
    assert await outputs(flow, {"a": "1", "b": "1"}) == {"all": [1, "1", "d"]}
    with pytest.raises(InputTypeError, match="input 'a' must be of type int"):
        flow.take_inputs({"a": "x", "b": 1})
    with pytest.raises(InputNotFound, match="input 'b'"):
        flow.take_inputs({"a": "1"})


async def test_a_default_of_the_yaml_stands_in(tmp_path: Path) -> None:
    yaml = "entry: main_flow:run\ninputs: {a: {type: string, default: y}}\n"
    assert await outputs(flex(tmp_path, "def run(a):\n    return {'a': a}\n", yaml), {}) == {"a": "y"}


async def test_modules_beside_the_entry_are_found_and_two_flows_do_not_mix(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "helper_of_flow.py").write_text(f"NAME = '{name}'\n")
    code = "import importlib, helper_of_flow\ndef run() -> str:\n    return helper_of_flow.NAME\n"
    assert await outputs(flex(tmp_path / "one", code), {}) == Bare.of("one")


@dataclasses.dataclass
class Broken(FunctionChat):
    """An LLM that always refuses."""

    def __init__(self) -> None:
        super().__init__(self.refuse)

    def refuse(self, _: Any) -> Any:
        raise RateLimited("the LLM answered 429", 3)


async def test_a_failure_of_the_llm_in_user_code_is_one_of_the_llm(tmp_path: Path) -> None:
    code = """
    from promptflow.core import Prompty
    def run() -> str:
        return Prompty.load("{folder}/p.prompty")()
    """.replace("{folder}", str(tmp_path))
    (tmp_path / "p.prompty").write_text(
        "---\nmodel: {configuration: {connection: llm, model: m}}\n---\nuser:\nhi\n"
    )
    flow = flex(tmp_path, code)
    with pytest.raises(LLMNodeError, match="429") as failed:
        await outputs(flow, {}, llm=Broken())
    assert isinstance(failed.value.__cause__, RateLimited)


WRONG = {
    "no entry": ("inputs: {}", "InvalidFlexFlowEntry", "entry must be <module>:<function or class>"),
    "an entry without a colon": ("entry: main_flow", "InvalidFlexFlowEntry", "not 'main_flow'"),
    "a module that is not there": ("entry: nowhere_at_all:run", "PythonLoadError", "cannot be imported"),
    "a function that is not there": (
        "entry: main_flow:walk",
        "PythonLoadError",
        "no function or class 'walk'",
    ),
    "a class that cannot be called": (
        "entry: main_flow:Mute",
        "GenerateFlowMetaJsonError",
        "no method __call__",
    ),
    "a class without its values": (
        "entry: main_flow:Needy",
        "FlowEntryInitializationError",
        "needs the init value 'x'",
    ),
    "a class that raises": (
        "entry: main_flow:Raising",
        "FlowEntryInitializationError",
        "ValueError: not today",
    ),
    "a connection that is not there": (
        "entry: main_flow:Asking\nsample: {init: {c: other}}",
        "FlowEntryInitializationError",
        "'other' is not among",
    ),
    "another language": ("entry: a:b\nlanguage: csharp", "UserErrorException", "csharp"),
    "inputs that are a list": ("entry: main_flow:run\ninputs: [a]", "FlowDefinitionError", "inputs must be"),
    "no mapping": ("[]", "FlowDefinitionError", "must be a mapping"),
    "no YAML": ("entry: [", "YAMLError", "no valid YAML"),
    "a sample that is not there": ("entry: main_flow:run\nsample: no.json", "InvalidSampleError", "no.json"),
}
MODULE = """
from promptflow.connections import OpenAIConnection
def run(): pass
class Mute: pass
class Needy:
    def __init__(self, x): pass
    def __call__(self): pass
class Raising:
    def __init__(self): raise ValueError("not today")
    def __call__(self): pass
class Asking:
    def __init__(self, c: OpenAIConnection): pass
    def __call__(self): pass
"""


@pytest.mark.parametrize(("yaml", "name", "says"), WRONG.values(), ids=WRONG)
def test_a_flex_flow_is_refused_for(yaml: str, name: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(FlowLoadError) as refused:
        flex(tmp_path, MODULE, yaml)
    assert refused.value.name == name
    assert says in str(refused.value)


async def test_leaving_a_stream_ends_the_generator(tmp_path: Path) -> None:
    ended: list[bool] = []

    async def source() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            ended.append(True)

    flow = flex(tmp_path, "async def run(source):\n    return {'output': source}\n")
    stream = (await outputs(flow, {"source": source()}, streaming=True))["output"]
    assert await anext(stream) == 1
    await stream.aclose()
    assert ended == [True]
