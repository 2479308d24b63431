"""What --since and --until mean: a time, or how long ago. Pure."""

import re
from datetime import UTC, datetime, timedelta

from flow_runtime.cli.screen import Problem
from flow_runtime.reading.reader import Span

_AGO = re.compile(r"(?:\d{1,9}[smhdw])+")
_PART = re.compile(r"(\d+)([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(hours=1)


def span_of(since: str, until: str, now: datetime) -> Span:
    """Read both; never beyond now and what clocks are ahead. Raises Problem."""
    start, latest = moment(since, "--since", now), now + _AHEAD
    end = moment(until, "--until", now) if until else latest
    if start >= min(end, latest):
        raise Problem(f"--since {since} is not before {f'--until {until}' if end < latest else 'now'}")
    return Span(max(start, _EARLIEST), min(end, latest))


def moment(text: str, option: str, now: datetime) -> datetime:
    """Read one: `1h30m` ago, or a time as ISO 8601 has it, UTC if it names no zone. Raises Problem."""
    try:
        if _AGO.fullmatch(text):
            return now - timedelta(**_parts(text))
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Problem(
            f"{option} {text!r} is no time: give how long ago (30s, 15m, 1h30m, 2d, 1w), or a time such as "
            f"{now:%Y-%m-%d} or {now:%Y-%m-%dT%H:%M}Z"
        ) from None


def _parts(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for number, unit in _PART.findall(text):
        found[_UNITS[unit]] = found.get(_UNITS[unit], 0) + int(number)
    return found
