"""The rules of a schedule: five cron fields or a macro, as Kubernetes' CronJob reads them, checked by CEL.

Not checked, because it takes a calendar: dates that never come (`0 0 31 2 *`). `@every` is left out on
purpose: its runs depend on when the CronJob was made, so that two clusters would look at different windows.
"""

from flow_operator.api.rules import Rule

_MACROS = "@(hourly|daily|midnight|weekly|monthly|yearly|annually)"
_MONTHS = "(?i:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)"
_DAYS = "(?i:SUN|MON|TUE|WED|THU|FRI|SAT)"
_FIELDS = (
    "[0-5]?[0-9]",  # minute
    "[01]?[0-9]|2[0-3]",  # hour
    "0?[1-9]|[12][0-9]|3[01]",  # day of month
    f"0?[1-9]|1[0-2]|{_MONTHS}",  # month
    f"[0-6]|{_DAYS}",  # day of week; CronJob knows no 7
)


def _field(value: str) -> str:
    item = f"([*?]|({value})(-({value}))?)(/[1-9][0-9]?)?"
    return f"{item}(,{item})*"


_PATTERN = f"^({_MACROS}|{' +'.join(_field(value) for value in _FIELDS)})$"

SCHEDULE_RULES = (
    Rule(
        f"self.matches(r'{_PATTERN}')",
        "schedule must be five cron fields (minute 0-59, hour 0-23, day 1-31, month 1-12, day of week 0-6),"
        " or one of @hourly, @daily, @weekly, @monthly, @yearly: write 0 6 * * 1 for Mondays at 6:00",
    ),
    Rule(
        "self.findAll('[0-9]+-[0-9]+').all(range, int(range.split('-')[0]) <= int(range.split('-')[1]))",
        "schedule must not have a range that runs backwards: write its lower number first, as in 9-17",
    ),
)
