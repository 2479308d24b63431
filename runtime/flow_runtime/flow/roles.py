"""A rendered prompt to chat messages, and the guard that keeps texts of callers from becoming messages.

A line that is only `system:`, `user:`, `assistant:`, `function:` or `tool:` starts a message; as upstream,
the colon may be on a later line than the word, and the word on a later line than its `#`. Such words in
values that come from flow inputs get a token in front of the colon, which no caller can know, before the
prompt is rendered; it is taken out again after the messages are parted. Every pattern here is linear in the
text's length.
"""

import re
import secrets
from typing import Any, Self

ROLES = ("system", "user", "assistant", "function", "tool")
_PARTS = ("name", "content", "tool_calls", "tool_call_id")

_BLANK = r"[^\S\n]*+"
_ROLE_LINE = re.compile(
    rf"^{_BLANK}(?:#\s*+)?({'|'.join(ROLES)})\s*+:{_BLANK}\n", re.IGNORECASE | re.MULTILINE
)
_WORDS = "|".join(ROLES + _PARTS)
_ENDINGS = "|".join(
    sorted({role[i:] for role in ROLES + _PARTS for i in range(1, len(role))}, key=len, reverse=True)
)
_DANGEROUS = re.compile(
    # A word anywhere in the value, or what could be the end of one, or of its line, that was begun before it.
    rf"(?:(?:{_WORDS})|\A\s*+(?:{_ENDINGS})?)\s*+(?=:{_BLANK}$)",
    re.IGNORECASE | re.MULTILINE,
)
_TOKEN = f"-{secrets.randbits(128)}-"
"""Printable and without letters: it is still there to be taken out after a list's repr, or `upper`."""


class Guarded(str):
    """The text of a prompt node, and the same text as a later prompt must see it."""

    __slots__ = ("guarded",)
    guarded: str

    def __new__(cls, guarded: str) -> Self:
        """Make one from the text with the guard in it."""
        made = super().__new__(cls, unguard(guarded))
        made.guarded = guarded
        return made


def guard(value: Any) -> Any:
    """Copy a value of a flow input so that no line of its texts, however deep, starts a message."""
    if isinstance(value, str):
        return _DANGEROUS.sub(rf"\g<0>{_TOKEN}", value) if ":" in value else value
    if isinstance(value, list):
        return [guard(item) for item in value]
    if isinstance(value, dict):
        return {key: guard(item) for key, item in value.items()}
    return value


def unguard(text: str) -> str:
    """Take the guard out of a text."""
    return text.replace(_TOKEN, "")


def split_roles(text: str) -> tuple[str, list[tuple[str, str]]]:
    """Part a prompt at its role lines: what stands before the first, then roles (lower case) and texts."""
    before, *pieces = _ROLE_LINE.split(text)
    return before, [(role.lower(), said) for role, said in zip(pieces[::2], pieces[1::2], strict=True)]
