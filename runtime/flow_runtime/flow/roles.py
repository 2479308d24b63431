"""A rendered prompt to chat messages, and the guard that keeps texts of callers from becoming messages.

A line that is only `system:`, `user:` or `assistant:` starts a message. Such lines in values that come from
flow inputs get a token in front of the colon, which no caller can know, before the prompt is rendered; it is
taken out again after the messages are parted. Every pattern here is linear in the text's length.
"""

import re
import secrets
from typing import Any, Self

SPEAKERS = ("system", "user", "assistant")
UNSUPPORTED_SPEAKERS = ("function", "tool")
ROLES = SPEAKERS + UNSUPPORTED_SPEAKERS
_PARTS = ("name", "content", "tool_calls", "tool_call_id")

_BLANK = r"[^\S\n]*+"
_ROLE_LINE = re.compile(
    rf"^{_BLANK}#?{_BLANK}({'|'.join(ROLES)}){_BLANK}:{_BLANK}\n", re.IGNORECASE | re.MULTILINE
)
_NAME = re.compile(
    rf"\A#{{0,2}}{_BLANK}name{_BLANK}:{_BLANK}\n\s*+(\S+)\s*+#{{0,2}}{_BLANK}content{_BLANK}:{_BLANK}\n?"
)

_WORDS = "|".join(ROLES + _PARTS)
_ENDINGS = "|".join(
    sorted({role[i:] for role in ROLES + _PARTS for i in range(1, len(role))}, key=len, reverse=True)
)
_DANGEROUS = re.compile(
    # A whole line of the value, or its first line if that could be the end of a role line begun before it.
    rf"(?:^{_BLANK}#*+{_BLANK}(?:{_WORDS}){_BLANK}|\A{_BLANK}(?:{_ENDINGS})?{_BLANK})(?=:{_BLANK}$)",
    re.IGNORECASE | re.MULTILINE,
)
_TOKEN = f"\ue000{secrets.token_hex(12)}\ue000"


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


def parse_chat(text: str) -> list[dict[str, str]]:
    """Part a rendered (and guarded) prompt into chat messages. Raises ValueError, saying what is wrong."""
    before, *pieces = _ROLE_LINE.split(text)
    if before.strip() or not pieces:
        shown = unguard(before.strip()).partition("\n")[0][:40]
        raise ValueError(
            "a chat prompt must begin with a line that is only 'system:', 'user:' or 'assistant:', "
            + (f"not with '{shown}'" if shown else "and this one is empty")
        )
    messages = []
    for role, content in zip(pieces[::2], pieces[1::2], strict=True):
        message = {"role": role.lower()}
        if message["role"] in UNSUPPORTED_SPEAKERS:
            raise ValueError(f"messages of the role '{message['role']}' are not supported yet")
        content = content.strip()
        if named := _NAME.match(content):
            message["name"] = unguard(named[1])
            content = content[named.end() :].strip()
        message["content"] = unguard(content)
        messages.append(message)
    return messages


def unsupported_role(template: str) -> str | None:
    """Find a role line in a template that this release does not run."""
    found = (line[1].lower() for line in _ROLE_LINE.finditer(template))
    return next((role for role in found if role in UNSUPPORTED_SPEAKERS), None)
