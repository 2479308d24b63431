"""Text that pods, models and users wrote, made harmless for status, Events and logs."""

import re
from datetime import UTC, datetime

_SPACE = re.compile(r"\s+")
_REASON = re.compile(r"[A-Z][A-Za-z0-9]{0,62}")


def clean(text: str, limit: int) -> str:
    """One line of printable characters, at most `limit` of them."""
    # Whatever cannot be printed goes: control characters, bidirectional overrides, lone surrogates.
    printable = "".join(char for char in _SPACE.sub(" ", text) if char.isprintable())
    return printable if len(printable) <= limit else printable[: limit - 1] + "…"


def reason(text: str, default: str) -> str:
    """A CamelCase word for a condition's reason; `default` when the text is none."""
    return text if _REASON.fullmatch(text) else default


def told_time(time: datetime) -> datetime | None:
    """A time that somebody else told, in UTC; None when it cannot be one of ours."""
    return utc(time) if 2000 <= time.year <= 2200 else None


def utc(time: datetime) -> datetime:
    """The same moment in UTC, whole seconds; a time without a zone is taken for UTC."""
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return aware.astimezone(UTC).replace(microsecond=0)
