# ruff: noqa: E501 - whole rows of values stand in the lines
"""Random flex flows: functions and classes, signatures, returns."""

import json
import random
from typing import Any

import yaml

from tests.compat.case import FlowCase
from tests.compat.fuzz import asks, values

HINTS = {"int": "int", "double": "float", "bool": "bool", "string": "str", "list": "list", "object": "dict"}
DEFAULTS = {"int": "3", "double": "1.5", "bool": "True", "string": "'d'", "list": "[1]", "object": "None"}
RETURNS = (
    ("str", "repr(seen)"), ("", "repr(seen)"), ("int", "len(seen)"), ("list", "list(seen.values())"), ("bool", "bool(seen)"),
    ("", "{'answer': repr(seen), 'n': 1}"), ("Answer", "Answer(answer=repr(seen), n=1)"), ("Typed", "{'answer': repr(seen), 'n': 1}"),
    ("None", "None"), ("float", "0.5"), ("Answer", "Answer(answer='', n=None)"), ("", "[1, {'a': None}]"),
)  # fmt: skip
HEAD = """from dataclasses import dataclass
from typing import TypedDict

from promptflow.tracing import trace


@dataclass
class Answer:
    answer: str
    n: int


class Typed(TypedDict):
    answer: str
    n: int


"""


def make(rng: random.Random, name: str) -> FlowCase:
    """A folder with flow.flex.yaml and its entry."""
    inputs = {
        each: rng.choice(values.TYPES)
        for each in rng.sample(("question", "x", "items", "config", "flag"), rng.randrange(4))
    }
    optional = {each for each in inputs if rng.random() < 0.3}
    ordered = sorted(inputs, key=lambda each: each in optional)
    written = [_parameter(rng, each, inputs[each], each in optional) for each in ordered]
    hint, value = rng.choice(RETURNS)
    arrow = f" -> {hint}" if hint else ""
    begin = "async def" if rng.random() < 0.25 else "def"
    seen = "{" + ", ".join(f"{each!r}: {each}" for each in ordered) + "}"
    definition: dict[str, Any] = {"entry": "app:run"}
    env: dict[str, str] = {}
    if rng.random() < 0.35:
        definition["entry"] = "app:Run"
        source = (
            f"class Run:\n    def __init__(self, tone: str = 'mild', limit: int = 5):\n        self.tone = (tone, limit)\n\n"
            f"    {begin} __call__({', '.join(('self', *written))}){arrow}:\n        seen = {seen}\n        seen['tone'] = self.tone\n        return {value}\n"
        )
        if rng.random() < 0.4:
            env["PF_FLOW_INIT_CONFIG"] = json.dumps({"tone": "harsh", "limit": rng.choice((7, "8"))})
        elif rng.random() < 0.4:
            definition["sample"] = {"init": {"tone": "sampled"}}
    else:
        mark = "@trace\n" if rng.random() < 0.3 else ""
        source = f"{mark}{begin} run({', '.join(written)}){arrow}:\n    seen = {seen}\n    return {value}\n"
    if rng.random() < 0.25:
        definition["inputs"] = {each: {"type": kind} for each, kind in inputs.items()}
    if rng.random() < 0.2:
        definition["sample"] = {
            **definition.get("sample", {}),
            "inputs": {each: values.of_type(rng, kind) for each, kind in inputs.items()},
        }
    files = {"flow.flex.yaml": yaml.safe_dump(definition, allow_unicode=True), "app.py": HEAD + source}
    return FlowCase(name, "fuzz flex", files, asks.make(rng, inputs, len(optional) == len(inputs)), env)


def _parameter(rng: random.Random, name: str, kind: str, optional: bool) -> str:
    hint = f": {HINTS[kind]}" if rng.random() < 0.7 else ""
    return f"{name}{hint}" + (f" = {DEFAULTS[kind]}" if optional else "")
