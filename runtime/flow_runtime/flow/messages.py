"""A rendered (and guarded) prompt to chat messages: roles, their `##` parts, images. Pure.

Every pattern here is linear in the text's length.
"""

import ast
import contextlib
import re
import textwrap
from collections.abc import Mapping
from typing import Any

from flow_runtime.flow.image import Image
from flow_runtime.flow.roles import ROLES, split_roles, unguard

Message = dict[str, Any]

_BLANK = r"[^\S\n]*+"


def _part(name: str) -> re.Pattern[str]:
    """Two parts, of which the first is one word: `## name:` and `## content:`, each at the end of a line."""
    return re.compile(rf"{name}\s*+:{_BLANK}\n\s*+(\S+?)\s*+#{{0,2}}\s*+content\s*+:")


_NAME, _TOOL_CALL_ID = _part("name"), _part("tool_call_id")
_TOOL_CALLS = re.compile(rf"tool_calls\s*+:{_BLANK}\n\s*+(?=\[)")


def parse_chat(text: str, images: Mapping[str, Image] | None = None, detail: str = "auto") -> list[Message]:
    """Part a prompt into chat messages. Raises ValueError, saying what is wrong.

    `images` are by the text that stands for them, alone on a line, in the prompt.
    """
    before, pieces = split_roles(text)
    if before.strip() or not pieces:
        line = unguard(before.strip()).partition("\n")[0]
        # By whole words: half of a secret is what no redactor knows.
        shown = textwrap.shorten(line, 40, placeholder="...", break_on_hyphens=False)
        listed = ", ".join(f"'{role}:'" for role in ROLES)
        raise ValueError(
            f"a chat prompt must begin with a line that is only one of {listed}, "
            + (f"not with '{shown}'" if shown else "and this one is empty")
        )
    return [_message(role, said, images or {}, detail) for role, said in pieces]


def _message(role: str, said: str, images: Mapping[str, Image], detail: str) -> Message:
    if role == "tool":
        called = _TOOL_CALL_ID.search(said)
        if called is None:
            raise ValueError(
                "a message of the role 'tool' needs the parts '## tool_call_id:' and '## content:'"
            )
        content = _content(said[called.end() :], images, detail)
        return {"role": role, "tool_call_id": unguard(called[1]), "content": content}
    if role == "assistant" and (calls := _tool_calls(said)) is not None:
        return {"role": role, "tool_calls": calls}
    named = _NAME.search(said) if "name" in said else None
    if named is not None:
        content = _content(said[named.end() :], images, detail)
        return {"role": role, "name": unguard(named[1]), "content": content}
    if role == "function":
        raise ValueError("a message of the role 'function' needs the parts '## name:' and '## content:'")
    return {"role": role, "content": _content(said, images, detail)}


def _tool_calls(said: str) -> Any:
    """Read the Python literal of `## tool_calls:`; None where there is none that can be read."""
    found = _TOOL_CALLS.search(said) if "tool_calls" in said else None
    if found is None:
        return None
    text = unguard(said[found.end() :]).strip()
    # Upstream reads to the first bracket that closes; calls whose arguments hold lists need the whole text.
    for literal in (text, text[: text.find("]") + 1]):
        with contextlib.suppress(ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            calls = ast.literal_eval(literal)
            return calls if isinstance(calls, list) else None
    return None


def _content(said: str, images: Mapping[str, Image], detail: str) -> Any:
    text = unguard(said.strip())
    if not images:
        return text
    lines = [line for line in text.split("\n") if line.strip()]
    if not any(line.strip() in images for line in lines):
        return text
    return [_line(line, images, detail) for line in lines]


def _line(line: str, images: Mapping[str, Image], detail: str) -> dict[str, Any]:
    image = images.get(line.strip())
    if image is None:
        return {"type": "text", "text": line}
    return {"type": "image_url", "image_url": {"url": image.source_url or image.data_url, "detail": detail}}
