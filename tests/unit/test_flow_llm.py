"""llm nodes beyond the plain chat: completions, tools and functions, what is sent and what is not."""

from pathlib import Path
from typing import Any

import pytest

from flow_runtime.flow.errors import NodeInputValidationError, PromptError
from flow_runtime.flow.parameters import CHAT, COMPLETION, to_send
from flow_runtime.llm.function import FunctionChat, Messages
from tests.unit.flow_helpers import load, outputs

WEATHER = {"name": "weather", "parameters": {"type": "object", "properties": {}}}
DEFAULTS = {"temperature": 1.0, "top_p": 1.0}
FLOW = """
    inputs: {{q: {{type: string, default: why}}, given: {{type: object, default: {{}}}}}}
    outputs: {{o: {{reference: "${{n.output}}"}}}}
    nodes:
    - {{name: n, type: llm, source: {{path: p.jinja2}}, connection: llm, api: {api},
       inputs: {{model: m, q: "${{inputs.q}}", {more}}}}}
"""
CHAT_PROMPT = "user:\n{{ q }}"


def calls(messages: Messages) -> dict[str, Any]:
    return {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function"}]}


async def test_a_completion_sends_its_prompt_as_it_is_and_gives_the_text(tmp_path: Path) -> None:
    llm = FunctionChat(lambda messages: "because")
    flow = load(
        tmp_path, FLOW.format(api="completion", more='n: "2", echo: "true"'), p_jinja2="system:\n{{q}}"
    )
    assert await outputs(flow, {"q": "user:\nwhy"}, llm) == {"o": "because"}
    assert llm.asked == ["system:\nuser:\nwhy"]
    assert llm.parameters == [
        {"model": "m", **DEFAULTS, "max_tokens": 16, "n": 2, "best_of": 1, "echo": True}
    ]


TOOLS = "tools: [{type: function}], tool_choice: auto"
FUNCTIONS = "functions: [{name: weather, parameters: {type: object, properties: {}}}]"


@pytest.mark.parametrize("more", [TOOLS, FUNCTIONS])
async def test_with_tools_or_functions_the_message_is_the_output(more: str, tmp_path: Path) -> None:
    flow = load(tmp_path, FLOW.format(api="chat", more=more), p_jinja2=CHAT_PROMPT)
    message = (await outputs(flow, {}, FunctionChat(calls)))["o"]
    assert message["tool_calls"] == [{"id": "1", "type": "function"}]
    assert message["content"] is None
    assert flow.streams == frozenset()


SENT = {
    "empty values are left out": (
        CHAT,
        {"stop": [], "logit_bias": {}, "user": "", "response_format": None, "seed": 0},
        {"seed": 0},
    ),
    "tools win over functions": (
        CHAT,
        {"tools": [1], "tool_choice": "auto", "functions": [WEATHER], "function_call": "none"},
        {"tools": [1], "tool_choice": "auto"},
    ),
    "no tools, no choice": (CHAT, {"tools": [], "tool_choice": "auto", "function_call": "auto"}, {}),
    "functions are called when the model likes to": (
        CHAT,
        {"functions": [WEATHER]},
        {"functions": [WEATHER], "function_call": "auto"},
    ),
    "one function may be named": (
        CHAT,
        {"functions": [WEATHER], "function_call": {"name": "weather"}},
        {"functions": [WEATHER], "function_call": {"name": "weather"}},
    ),
    "a deployment of Azure is asked for one answer": (
        CHAT,
        {"deployment_name": "d"},
        {"deployment_name": "d", "n": 1},
    ),
    "a completion has defaults": (
        COMPLETION,
        {"suffix": "", "logprobs": 0},
        {"max_tokens": 16, "n": 1, "best_of": 1},
    ),
}


@pytest.mark.parametrize(("api", "given", "sent"), SENT.values(), ids=SENT)
def test_what_is_sent(api: str, given: dict[str, Any], sent: dict[str, Any]) -> None:
    assert to_send(api, given) == {**DEFAULTS, **sent}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"functions": []}, "empty list"),
        ({"functions": ["f"]}, r"functions\[0\] must be an object"),
        ({"functions": [{"name": "f", "parameters": {"type": "array"}}]}, "JSON schema"),
        ({"functions": [WEATHER], "function_call": "weather"}, "function_call"),
    ],
)
def test_functions_that_are_none_are_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        to_send(CHAT, given)


async def test_functions_that_come_late_are_an_error_of_their_node(tmp_path: Path) -> None:
    flow = load(tmp_path, FLOW.format(api="chat", more='functions: "${inputs.given}"'), p_jinja2=CHAT_PROMPT)
    for given, says in (([], "empty list"), ({"a": 1}, "must be of type list")):
        with pytest.raises(PromptError, match=says):
            await outputs(flow, {"given": given})


async def test_a_parameter_that_comes_from_a_node_that_was_passed_over_is_not_sent(tmp_path: Path) -> None:
    dag = """
        inputs: {on: {type: bool, default: false}}
        outputs: {o: {reference: "${n.output}"}}
        nodes:
        - {name: warm, type: prompt, source: {path: p.jinja2}, activate: {when: "${inputs.on}", is: true}}
        - {name: n, type: llm, source: {path: p.jinja2}, api: chat, connection: llm,
           inputs: {model: m, temperature: "${warm.output}"}, activate: {when: "${inputs.on}", is: false}}
    """
    llm = FunctionChat()
    await outputs(load(tmp_path, dag, p_jinja2="user:\nhi"), {}, llm)
    assert llm.parameters == [{"model": "m", **DEFAULTS}]


def test_a_parameter_of_the_other_api_is_a_variable_of_the_prompt(tmp_path: Path) -> None:
    load(tmp_path / "a", FLOW.format(api="chat", more="suffix: s"), p_jinja2="user:\n{{ suffix }}")
    with pytest.raises(NodeInputValidationError, match="'suffix'"):
        load(tmp_path / "b", FLOW.format(api="completion", more="suffix: s"), p_jinja2="{{ suffix }}")
