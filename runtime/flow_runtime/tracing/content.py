"""What users and models say, for spans: nothing at all unless it was asked for, and then bounded.

Messages are in the form of OpenTelemetry's conventions for generative AI: roles, each with parts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import orjson

LIMIT = 65_536
"""Characters of one attribute: a collector refuses batches of some megabytes as a whole."""


_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS


class Content:
    """Turns values into attributes, or into None where nobody asked for them."""

    def __init__(self, shown: bool) -> None:
        self.shown = shown

    def text(self, text: str) -> str | None:
        """Show a text."""
        return text[:LIMIT] if self.shown else None

    def json(self, value: Any) -> str | None:
        """Show a value as JSON; what is none by the name of its type."""
        if not self.shown:
            return None
        try:
            written = orjson.dumps(value, default=_fields, option=_OPTIONS).decode()
        except TypeError:  # half a surrogate, or nested too deeply
            written = orjson.dumps(_named(value)).decode()
        return self.text(written)

    def asked(self, prompt: Any) -> str | None:
        """Show what an LLM is asked: a text, or messages."""
        messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
        return self.json([_message(each) for each in messages]) if self.shown else None

    def answered(self, choices: Sequence[Mapping[str, Any]]) -> str | None:
        """Show an LLM's answers."""
        if not self.shown:
            return None
        return self.json(
            [
                _message(choice.get("message") or {"role": "assistant", "content": choice.get("text")})
                | {"finish_reason": choice.get("finish_reason")}
                for choice in choices
            ]
        )


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    if message.get("role") == "tool":
        parts = [
            {
                "type": "tool_call_response",
                "id": message.get("tool_call_id"),
                "response": message.get("content"),
            }
        ]
    else:
        parts = [*_parts(message.get("content")), *_tool_calls(message.get("tool_calls") or ())]
    return {"role": message.get("role"), "parts": parts}


def _parts(content: Any) -> Iterator[dict[str, Any]]:
    for part in content if isinstance(content, list) else [{"type": "text", "text": content}]:
        if part.get("type") == "image_url":
            url = str(part["image_url"].get("url", ""))
            shown = url.partition(",")[0] if url.startswith("data:") else url
            yield {"type": "uri", "modality": "image", "uri": shown}
        elif part.get("text") is not None:
            yield {"type": "text", "content": part["text"]}


def _tool_calls(calls: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for call in calls:
        called = call.get("function") or {}
        yield {
            "type": "tool_call",
            "id": call.get("id"),
            "name": called.get("name"),
            "arguments": called.get("arguments"),
        }


def _fields(value: Any) -> Any:
    """Show a dataclass of user code; one of ours may hold the key of a connection."""
    if not is_dataclass(value) or type(value).__module__.startswith("flow_runtime."):
        return _named(value)
    return {field.name: getattr(value, field.name, None) for field in fields(value)}


def _named(value: Any) -> str:
    return f"<{type(value).__name__}>"
