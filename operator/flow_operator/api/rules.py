"""Rules of the CRDs, as metadata of types: CEL with a message, list types, durations. Names no field."""

import re
from dataclasses import dataclass
from typing import Any

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

RULES = "x-kubernetes-validations"


@dataclass(frozen=True)
class Rule:
    """A CEL rule of the CRD. The message names the field and the fix; `path` moves the error to a child."""

    rule: str
    message: str
    path: str = ""

    def as_schema(self) -> dict[str, str]:
        """Render the rule as an entry of x-kubernetes-validations."""
        entry = {"rule": self.rule, "message": self.message}
        return entry | {"fieldPath": self.path} if self.path else entry

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core)
        return schema | {RULES: [*schema.get(RULES, []), self.as_schema()]}


@dataclass(frozen=True)
class Keywords:
    """Further schema keywords of a field, such as Kubernetes' list types."""

    values: tuple[tuple[str, Any], ...]

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(core) | dict(self.values)


BY_NAME = Keywords((("x-kubernetes-list-type", "map"), ("x-kubernetes-list-map-keys", ["name"])))
BY_TYPE = Keywords((("x-kubernetes-list-type", "map"), ("x-kubernetes-list-map-keys", ["type"])))
BY_UID = Keywords((("x-kubernetes-list-type", "map"), ("x-kubernetes-list-map-keys", ["uid"])))
AS_SET = Keywords((("x-kubernetes-list-type", "set"),))


def rules(*given: Rule) -> dict[str, Any]:
    """Return the `json_schema_extra` of a model that is checked as a whole."""
    return {RULES: [rule.as_schema() for rule in given]}


def matches(pattern: str, message: str) -> Rule:
    """Return a rule for a string; unlike the schema's own `pattern` it refuses in words."""
    return Rule(f"self.matches(r'{pattern}')", message)


DURATION = "^(0|[1-9][0-9]{0,4})[mhd]$"
MINUTES = {"m": 1, "h": 60, "d": 1440}


def duration_seconds(text: str) -> int:
    """Return the seconds of a duration of the API ("10m", "12h", "7d"); ValueError when it is none."""
    if not re.fullmatch(DURATION, text):
        raise ValueError(f"{text!r} is not a duration: write a number and m, h or d, such as 7d")
    return int(text[:-1]) * MINUTES[text[-1]] * 60


def duration(field: str, lowest: str, highest: str) -> tuple[Rule, Rule]:
    """Return the two rules of a duration: how it is written, and its bounds (both included)."""
    value = (
        "int(self.substring(0, self.size() - 1)) * (self.endsWith('d') ? 1440 : self.endsWith('h') ? 60 : 1)"
    )
    low, high = duration_seconds(lowest) // 60, duration_seconds(highest) // 60
    return (
        matches(DURATION, f"{field} must be a whole number with its unit m, h or d: write 90m, 12h or 7d"),
        Rule(
            f"!self.matches(r'{DURATION}') || ({value} >= {low} && {value} <= {high})",
            f"{field} must be from {lowest} to {highest}: choose a value in between",
        ),
    )
