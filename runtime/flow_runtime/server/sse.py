"""Server-sent events as upstream writes them: only `data:` lines, one JSON object each, ASCII, no end mark.

An `event: error` frame, which upstream does not have, says that a stream has failed.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from flow_runtime import json_text

CONTENT_TYPE = b"text/event-stream; charset=utf-8"


def event(fields: Mapping[str, Any]) -> bytes:
    """Write the event of an object. Raises TypeError for what is no JSON."""
    return f"data: {_dumps(dict(fields))}\n\n".encode("ascii")


def chunks_of(name: str) -> Callable[[Any], bytes]:
    """Make the writer of a streaming output's chunks; it raises TypeError for what is no JSON."""
    head = f"data: {{{json.dumps(name)}: "

    def write(chunk: Any) -> bytes:
        text = json.dumps(chunk) if type(chunk) is str else _dumps(chunk)
        return f"{head}{text}}}\n\n".encode("ascii")

    return write


def error_event(body: Mapping[str, Any]) -> bytes:
    """Write the frame that ends a stream which failed; `body` is that of a JSON error."""
    return b"event: error\n" + event(body)


def _dumps(value: Any) -> str:
    # By way of the other form of an answer, so that both take the same values: dataclasses, dates, no NaN.
    return json.dumps(json_text.read(json_text.write(value)))
