"""The comparison with promptflow itself: what it takes for equal, and that its list fits its corpus."""

import json
from typing import Any

from tests.compat.broken import BROKEN
from tests.compat.compare import differences
from tests.compat.corpus import CORPUS
from tests.compat.listed import listed


def answer(status: int = 200, content: Any = None, asked: Any = (), **more: Any) -> dict[str, Any]:
    text = content if isinstance(content, str) else json.dumps(content)
    made = {"status": status, "type": "application/json", "content": text, "broken": "", "asked": list(asked)}
    return made | more


def request(**body: Any) -> dict[str, Any]:
    return {"path": "/v1/chat/completions", "headers": {}, "body": body}


def test_the_order_of_keys_does_not_matter_and_their_values_do() -> None:
    assert differences(answer(content={"a": 1, "b": 2}), answer(content={"b": 2, "a": 1})) == []
    assert differences(answer(content={"a": 1}), answer(content={"a": 2}))


def test_errors_are_compared_by_code_and_not_by_words() -> None:
    theirs = answer(400, {"error": {"code": "UserError", "message": "one"}})
    assert differences(theirs, answer(400, {"error": {"code": "UserError", "message": "other"}})) == []
    assert differences(theirs, answer(400, {"error": {"code": "SystemError", "message": "one"}}))
    assert differences(theirs, answer(500, {"error": {"code": "UserError", "message": "one"}}))


def test_event_streams_are_compared_as_they_are() -> None:
    stream = "text/event-stream; charset=utf-8"
    assert differences(answer(content="data: 1\n\n", type=stream), answer(content="data: 1\n", type=stream))


def test_what_is_sent_to_the_model_is_compared_but_for_parameters_that_say_nothing() -> None:
    theirs = answer(content={}, asked=[request(model="m", stream=False, stop=None, temperature=1.0)])
    assert differences(theirs, answer(content={}, asked=[request(model="m", temperature=1)])) == []
    assert differences(theirs, answer(content={}, asked=[request(model="n", temperature=1)]))
    assert differences(theirs, answer(content={}))


def test_a_flow_that_cannot_be_loaded_is_compared_by_the_name_of_its_error() -> None:
    theirs = {"load": ["ResolveToolError", "InvalidSource"], "message": "words"}
    assert differences(theirs, {"load": ["InvalidSource"], "message": "others"}) == []
    assert differences(theirs, {"load": ["NoToolDefined"], "message": "words"})
    assert differences(theirs, {"answers": []})


def test_every_listed_difference_names_a_flow_and_a_request_of_the_corpus() -> None:
    requests = {case.name: len(case.asks) for case in (*CORPUS, *BROKEN)}
    wrong = [
        (name, number)
        for name, number in listed()
        if name not in requests or (number != "load" and int(number) > requests[name])
    ]
    assert wrong == []


def test_the_corpus_is_as_large_as_promised() -> None:
    assert len(CORPUS) >= 80
    unlisted = [case for case in BROKEN if (case.name, "load") not in listed()]
    assert len(unlisted) >= 28, "kinds of broken flow that are refused with promptflow's own name"
