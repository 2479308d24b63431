"""OpenAI's API as bytes: requests written, answers and events read. No I/O."""

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from flow_runtime import json_text
from flow_runtime.llm.call import Call
from flow_runtime.llm.connection import Endpoint
from flow_runtime.llm.errors import BadAnswer, Unavailable, clean

ROUTING = ("model", "deployment_name")
DONE = b"[DONE]"
LONGEST_WAIT = 86400.0
"""No server is believed that wants to be left alone for more than a day."""


def request_body(
    endpoint: Endpoint, parameters: Mapping[str, Any], name: str, said: Any, stream: bool = False
) -> bytes:
    """Write the request; `name` is of what is said. The model is in it for Azure, too."""
    body = {name: value for name, value in parameters.items() if name not in ROUTING}
    body[name] = said
    body["model"] = endpoint.model
    if stream:
        body["stream"] = True
        body["stream_options"] = {"include_usage": True}
    return json_text.write(body)


def read_answer(content: bytes, call: Call) -> dict[str, Any]:
    """Read an answer and note its model and tokens. Raises BadAnswer unless it has a choice."""
    try:
        answer: dict[str, Any] = orjson.loads(content)
        choice = answer["choices"][0]
        text = choice["message"].get("content") if "message" in choice else choice["text"]
    except (orjson.JSONDecodeError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise BadAnswer("the LLM's answer is no completion with a choice in it") from error
    if not isinstance(text, str | None):
        raise BadAnswer("the content of the LLM's answer is not a text")
    _account(answer, call)
    return answer


def read_embedding(content: bytes, call: Call) -> list[float]:
    """Read an embedding and note model and tokens. Raises BadAnswer."""
    try:
        answer = orjson.loads(content)
        embedding: list[float] = answer["data"][0]["embedding"]
        _account(answer, call)
    except (orjson.JSONDecodeError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise BadAnswer("the LLM's answer is no embedding") from error
    return embedding


def read_event(line: bytes, call: Call) -> str | None:
    """Read a line of a stream: the piece of text in it, None where there is none. Raises LLMError."""
    if not line.startswith(b"data:"):
        return None  # comments, blank lines and other fields of server-sent events
    data = line[5:].strip()
    if data == DONE:
        return None
    try:
        event = orjson.loads(data)
        if event.get("error"):
            raise Unavailable(f"the LLM broke its answer off: {_reason(event['error'])}")
        _account(event, call)
        choices = event.get("choices") or ()
        if not choices:
            return None
        delta = choices[0]["delta"] if "delta" in choices[0] else choices[0]
        text = delta.get("content" if "delta" in choices[0] else "text") or ""
    except (orjson.JSONDecodeError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise BadAnswer("an event of the LLM's stream is no piece of a completion") from error
    if not isinstance(text, str):
        raise BadAnswer("the content of an event of the LLM's stream is not a text")
    return text


def asked_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Read how long a server wants to be left alone, in seconds; `now` is the Unix time.

    Retry-After as seconds or a date (RFC 9110, 10.2.3); retry-after-ms, which Azure OpenAI adds, is finer.
    """
    try:
        if milliseconds := headers.get("retry-after-ms"):
            wait = float(milliseconds) / 1000
        else:
            wait = _seconds(headers.get("retry-after", ""), now)
    except (ValueError, OverflowError):
        return None
    return None if math.isnan(wait) else min(max(0.0, wait), LONGEST_WAIT)


def _seconds(text: str, now: float) -> float:
    try:
        return float(text)
    except ValueError:
        return parsedate_to_datetime(text).timestamp() - now


def is_end(line: bytes) -> bool:
    """Say whether a line ends a stream."""
    return line.startswith(b"data:") and line[5:].strip() == DONE


def _account(answer: Mapping[str, Any], call: Call) -> None:
    call.model = str(answer.get("model") or call.model)
    usage = answer.get("usage")
    if isinstance(usage, dict):
        call.prompt_tokens = _count(usage.get("prompt_tokens"))
        call.completion_tokens = _count(usage.get("completion_tokens"))


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _reason(error: Any) -> str:
    return clean(str(error.get("message", "") if isinstance(error, dict) else error))
