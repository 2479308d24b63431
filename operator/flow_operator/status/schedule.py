"""When a schedule comes next: five cron fields or a macro, as Kubernetes' CronJob reads them. Pure."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_NAMES = {
    name: number
    for names, first in (
        ("jan feb mar apr may jun jul aug sep oct nov dec", 1),
        ("sun mon tue wed thu fri sat", 0),
    )
    for number, name in enumerate(names.split(), first)
}
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_DAYS = 366 * 8
"""A leap day may be eight years away; what has not come by then never comes."""


def next_time(schedule: str, zone: tzinfo, after: datetime) -> datetime | None:
    """The next time of a schedule after `after`, in UTC; None when it never comes or cannot be read."""
    try:
        fields = [
            _values(*pair) for pair in zip(_MACROS.get(schedule, schedule).split(), _RANGES, strict=True)
        ]
    except ValueError:
        return None
    start = after.astimezone(zone).date()
    for day in _days(schedule, fields, start):
        for hour in sorted(fields[1]):
            for minute in sorted(fields[0]):
                moment = datetime.combine(day, time(hour, minute), zone).astimezone(UTC)
                # A local time that the change to summer time leaves out is no time.
                if moment > after and moment.astimezone(zone).hour == hour:
                    return moment
    return None


def _days(schedule: str, fields: list[set[int]], start: date) -> Iterator[date]:
    """The days of a schedule; when both kinds of day are restricted, either suffices (as in cron)."""
    given = _MACROS.get(schedule, schedule).split()
    either = given[2][0] not in "*?" and given[4][0] not in "*?"
    for offset in range(_DAYS):
        day = start + timedelta(days=offset)
        in_month, in_week = day.day in fields[2], day.isoweekday() % 7 in fields[4]
        if day.month in fields[3] and ((in_month or in_week) if either else (in_month and in_week)):
            yield day


def _values(field: str, bounds: tuple[int, int]) -> set[int]:
    values: set[int] = set()
    for item in field.split(","):
        span, _, step = item.partition("/")
        first, _, last = span.partition("-")
        if first in ("*", "?"):
            low, high = bounds
        else:
            low = _number(first)
            high = _number(last) if last else bounds[1] if step else low
        values |= set(range(low, high + 1, int(step or 1)))
    return values


def _number(text: str) -> int:
    return _NAMES[text.lower()] if text.lower() in _NAMES else int(text)
