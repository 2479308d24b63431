# ruff: noqa: E501 - whole rows of values stand in the lines
"""Random values: as flows' authors write them, and as callers send them."""

import random
from typing import Any

TYPES = ("int", "double", "bool", "string", "list", "object")
TEXTS = (
    "", " ", "a", "true", "False", "null", "None", "7", "-3", "1e3", "0x10", "1_000", " 5 ", "3.7", "[1, 2]", '{"a": 1}',
    "[1,", "{'a': 1}", '"quoted"', "Zürich – 東京 🙂", "line one\nline two", "tab\there", "{{ x }}", "{% if %}", "${inputs.a}",
    "${n0.output}", "$", "a: b", "# no comment", "yes", "2024-02-30", "nan", "inf", "\\n", "<b>&amp;</b>", "very " * 40,
)  # fmt: skip
NUMBERS = (
    0,
    1,
    -1,
    7,
    2**31,
    2**53 + 1,
    10**19,
    -(10**25),
    0.5,
    -0.0,
    1.0,
    3.7,
    1e16,
    1e22,
    1.5e300,
    1e-7,
    123456789.125,
)
HOSTILE = (
    "1e400", "-1e400", "123456789012345678901234567890", "1.0", "1E5", '"\\ud83d\\ude42"', '"\\u0000"', "[[[]]]", '"\\ud83d"', "{}", "[]",
    '{"a": {"b": {"c": [1, {"d": null}]}}}', '[null, true, "x", 1.5, {"k": "v"}]', '""', "null", "true", "false", "0", "-0.0",
)  # fmt: skip
"""Values as JSON texts, some of which no Python value makes."""


def text(rng: random.Random) -> str:
    """A text, odd ones included."""
    return rng.choice(TEXTS)


def plain(rng: random.Random, depth: int = 2) -> Any:
    """A value of any type that JSON and YAML can say."""
    kind = rng.choice(
        ("text", "number", "bool", "null", "list", "dict") if depth else ("text", "number", "bool")
    )
    match kind:
        case "text":
            return text(rng)
        case "number":
            return rng.choice(NUMBERS)
        case "bool":
            return rng.random() < 0.5
        case "list":
            return [plain(rng, depth - 1) for _ in range(rng.randrange(4))]
        case "dict":
            return {
                rng.choice(("a", "b", "k k", "ü", "0", "items")): plain(rng, depth - 1)
                for _ in range(rng.randrange(4))
            }
    return None


def of_type(rng: random.Random, kind: str) -> Any:
    """A value of a type, or a text that can be read as one."""
    if rng.random() < 0.08:
        return plain(rng)
    match kind:
        case "int":
            return rng.choice((3, 0, -7, "12", " 4 ", 10**19, True, "1_0"))
        case "double":
            return rng.choice((1.5, 2, "2.5", "1e3", -0.0, 10**19, 1e22, "7"))
        case "bool":
            return rng.choice((True, False, "true", "FALSE", "False"))
        case "list":
            made = [plain(rng, 1) for _ in range(rng.randrange(4))]
            return rng.choice((made, made, "[1, 2]", '["a", {"b": null}]', []))
        case "object":
            made = {rng.choice(("a", "b", "k k", "ü")): plain(rng, 1) for _ in range(rng.randrange(4))}
            return rng.choice((made, made, '{"a": [1]}', "plain text", {}))
    return text(rng)
