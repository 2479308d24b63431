"""Outputs that stream: which may, what is given, what is joined, what a failure in the middle does."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from flow_runtime.flow.errors import LLMNodeError
from flow_runtime.flow.stream import Stream
from flow_runtime.llm.call import Question
from flow_runtime.llm.errors import Unavailable
from flow_runtime.llm.function import FunctionChat
from tests.unit.flow_helpers import CHAT, load, new_run

CHAT_FLOW = """
    inputs: {question: {type: string}}
    outputs: {answer: {type: string, reference: "${chat.output}"}, fixed: {reference: "${inputs.question}"}}
    nodes:
    - {name: chat, type: llm, source: {path: c.jinja2}, api: chat, connection: llm,
       inputs: {model: m, question: "${inputs.question}"}}
"""


class BreaksOff(FunctionChat):
    """Streams one piece and fails."""

    async def stream(self, question: Question) -> AsyncIterator[str]:
        yield "Hel"
        raise Unavailable("gone")


async def test_a_run_that_streams_gives_an_llm_output_as_pieces(tmp_path: Path) -> None:
    flow = load(tmp_path, CHAT_FLOW, c_jinja2=CHAT)
    assert flow.streams == {"answer"}
    run = new_run(flow, {"question": "a b"})
    run.streaming = True
    given = await flow.run(run)
    assert given["fixed"] == "a b"
    answer = given["answer"]
    assert isinstance(answer, Stream)
    assert [piece async for piece in answer] == ["", "a", " b", ""]
    assert answer.joined == "a b"
    assert run.calls[0].attempts == ["200"]
    assert [(step.node, step.status) for step in run.steps] == [("chat", "completed")]
    assert not run.unfinished


async def test_a_run_that_does_not_stream_gives_texts(tmp_path: Path) -> None:
    flow = load(tmp_path, CHAT_FLOW, c_jinja2=CHAT)
    assert await flow.run(new_run(flow, {"question": "a b"})) == {"answer": "a b", "fixed": "a b"}


async def test_a_failure_between_pieces_names_its_node(tmp_path: Path) -> None:
    flow = load(tmp_path, CHAT_FLOW, c_jinja2=CHAT)
    run = new_run(flow, {"question": "?"}, BreaksOff())
    run.streaming = True
    answer = (await flow.run(run))["answer"]
    assert await anext(answer) == "Hel"
    with pytest.raises(LLMNodeError, match="node 'chat': gone"):
        await anext(answer)
    assert answer.joined == "Hel"
    assert list(run.unfinished) == ["chat"]
    assert [(step.node, step.status) for step in run.steps] == [("chat", "failed")]


async def test_an_llm_that_another_node_reads_does_not_stream(tmp_path: Path) -> None:
    more = '    - {name: n, type: prompt, source: {path: c.jinja2}, inputs: {question: "${chat}"}}\n'
    assert load(tmp_path, CHAT_FLOW + more, c_jinja2=CHAT).streams == frozenset()


async def test_a_stream_is_read_once_and_closing_it_ends_its_source() -> None:
    ended = asyncio.Event()

    async def source() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            ended.set()

    stream = Stream(source())
    assert await anext(stream) == 1
    await stream.aclose()
    assert ended.is_set()
    assert [chunk async for chunk in stream] == []
    assert stream.chunks == [1]


async def test_chunks_that_are_no_texts_are_joined_as_texts() -> None:
    async def source() -> AsyncIterator[Any]:
        yield 1
        yield "a"
        yield {"b": None}

    assert await Stream(source()).join() == "1a{'b': None}"
