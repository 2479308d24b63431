"""What a prompty gives of an LLM's answer: a text, the object in it, a message, or all of it. Pure."""

import json
from collections.abc import Mapping
from typing import Any, Self

from flow_runtime.flow.prompty.document import Document

MESSAGE = dict.fromkeys(("content", "refusal", "role", "annotations", "audio", "function_call", "tool_calls"))
"""The fields that the openai package's message has, and so promptflow's, when the API leaves them out."""
TOOL_REASONS = ("tool_calls", "function_calls")


class Completion(dict[str, Any]):
    """The API's whole answer: a dict whose keys are attributes, too, as the openai package's are."""

    @classmethod
    def of(cls, value: Any) -> Any:
        """Make a copy of JSON in which every object is one."""
        if isinstance(value, dict):
            return cls({key: cls.of(item) for key, item in value.items()})
        return [cls.of(item) for item in value] if isinstance(value, list) else value

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def model_dump(self, **_: Any) -> Self:
        """Give it as a dict."""
        return self

    to_dict = model_dump

    def model_dump_json(self, **_: Any) -> str:
        """Give it as JSON."""
        return json.dumps(self)


def result(document: Document, answer: Mapping[str, Any]) -> Any:
    """Take out of an answer what the prompty asks for. Raises ValueError, saying what is wrong with it."""
    if not document.first:
        return Completion.of(dict(answer))
    choice = answer["choices"][0]
    message = choice.get("message")
    if message is None:
        return of_text(document, choice.get("text"))
    if choice.get("finish_reason") in TOOL_REASONS:
        return MESSAGE | message
    return of_text(document, message.get("content"))


def chunk(piece: str) -> Completion:
    """Put a piece of a streamed text into the form that the API streams."""
    chunked: Completion = Completion.of({"choices": [{"index": 0, "delta": {"content": piece}}]})
    return chunked


def of_text(document: Document, text: str | None) -> Any:
    """Take the text as it is or, where JSON is asked for, its object, reduced to the declared outputs."""
    if not wants_json(document):
        return text
    try:
        found = json.loads(text or "")
    except (ValueError, RecursionError):
        raise ValueError("the LLM's answer is no JSON, which response_format asks for") from None
    if not document.outputs:
        return found
    if not isinstance(found, dict):
        raise ValueError("the LLM's answer is no JSON object, and the prompty declares outputs")
    if missing := [name for name in document.outputs if name not in found]:
        had = ", ".join(map(str, found)) or "none"
        raise ValueError(f"the LLM's answer lacks the output '{missing[0]}': it has {had}")
    return {name: found[name] for name in document.outputs}


def wants_json(document: Document) -> bool:
    """Say whether the answer's text is to be read as JSON."""
    form = document.parameters.get("response_format")
    return isinstance(form, dict) and form.get("type") == "json_object"
