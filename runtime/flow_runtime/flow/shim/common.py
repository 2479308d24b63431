"""promptflow-tools' small helpers that copied tools use."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flow_runtime.flow.image import Image, Lines, in_lines
from flow_runtime.flow.parameters import to_send
from flow_runtime.flow.shim.tool_exceptions import ChatAPIInvalidFunctions

__all__ = [
    "ChatInputList",
    "convert_to_chat_list",
    "find_referenced_image_set",
    "post_process_chat_api_response",
    "preprocess_template_string",
    "to_bool",
    "validate_functions",
]
ChatInputList = Lines
convert_to_chat_list = in_lines
_IMAGE = re.compile(r"!\[\s*image\s*\]\((\{\{\s*[^\s{}]+\s*\}\})\)")


def to_bool(value: Any) -> bool:
    """Say whether a value is true, or says so."""
    return str(value).lower() == "true"


def preprocess_template_string(template_string: str) -> str:
    """Put the images of a prompt on lines of their own."""
    return _IMAGE.sub(r"\n\1\n", template_string)


def find_referenced_image_set(kwargs: Mapping[str, Any]) -> set[Image]:
    """Find the images in values, however deep."""
    return set(_images(kwargs.values()))


def _images(values: Iterable[Any]) -> Iterator[Image]:
    for value in values:
        if isinstance(value, Image):
            yield value
        elif isinstance(value, list):
            yield from _images(value)
        elif isinstance(value, dict):
            yield from _images(value.values())


def validate_functions(functions: Any) -> None:
    """Raise ChatAPIInvalidFunctions for functions that are none."""
    try:
        to_send("chat", {"functions": functions})
    except ValueError as error:
        raise ChatAPIInvalidFunctions(str(error)) from error


def post_process_chat_api_response(
    completion: Any, stream: bool, functions: Any = None, tools: Any = None
) -> Any:
    """Take the text of an answer of the openai package, its message where there are tools, or its pieces."""
    if stream:
        deltas = (chunk.choices[0].delta for chunk in completion if chunk.choices)
        return (delta.content or "" for delta in deltas if delta)
    message = completion.choices[0].message
    if functions or tools:
        return message.model_dump()
    return getattr(message, "content", "")
