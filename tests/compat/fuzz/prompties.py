# ruff: noqa: E501 - whole rows of values stand in the lines
"""Random prompties: front matter, inputs, parameters, and a prompt."""

import random
from typing import Any

import yaml

from tests.compat.case import FlowCase
from tests.compat.fuzz import asks, prompts, values

CONFIGURATIONS: tuple[dict[str, Any], ...] = (
    {"type": "openai", "connection": "llm", "model": "gpt-x"},
    {"type": "openai", "model": "gpt-x", "base_url": "${env:FUZZ_BASE}", "api_key": "k"},
    {"type": "azure_openai", "connection": "azure", "azure_deployment": "dep"},
    {
        "type": "azure_openai",
        "azure_deployment": "dep",
        "azure_endpoint": "${env:FUZZ_URL}",
        "api_key": "k",
        "api_version": "v1",
    },
)
PARAMETERS: dict[str, tuple[Any, ...]] = {
    "temperature": (0, 0.5, "0.5"), "max_tokens": (16, "16"), "top_p": (1.0,), "stop": ("END", ["a"]), "seed": (7,), "n": (1, 2),
    "response_format": ({"type": "json_object"}, {"type": "text"}), "presence_penalty": (0.5,), "user": ("u",),
}  # fmt: skip


def make(rng: random.Random, name: str) -> FlowCase:
    """A folder with one prompty."""
    inputs = {
        each: rng.choice(values.TYPES)
        for each in rng.sample(("question", "x", "items", "config", "flag", "chat_history"), rng.randrange(4))
    }
    completion = rng.random() < 0.15
    declared = {each: _input(rng, kind) for each, kind in inputs.items()}
    model: dict[str, Any] = {"configuration": rng.choice(CONFIGURATIONS)}
    if rng.random() < 0.8:
        model["api"] = "completion" if completion else "chat"
    chosen = rng.sample(tuple(PARAMETERS), rng.randrange(4))
    model["parameters"] = {each: rng.choice(PARAMETERS[each]) for each in chosen}
    if rng.random() < 0.1:
        model["response"] = "first"
    front: dict[str, Any] = {"name": "Fuzzed", "model": model, "inputs": declared}
    if rng.random() < 0.3:
        front["outputs"] = {
            "answer": {"type": "string"},
            **({"score": {"type": "int"}} if rng.random() < 0.5 else {}),
        }
    if rng.random() < 0.3:
        front["sample"] = {each: values.of_type(rng, kind) for each, kind in inputs.items()}
    body = prompts.plain(rng) if completion else prompts.chat(rng)
    text = f"---\n{yaml.safe_dump(front, sort_keys=False, allow_unicode=True)}---\n{body}"
    env = {"FUZZ_URL": "{url}", "FUZZ_BASE": "{url}/v1"}
    filled = all("default" in each for each in declared.values())
    return FlowCase(name, "fuzz prompty", {"ask.prompty": text}, asks.make(rng, inputs, filled), env)


def _input(rng: random.Random, kind: str) -> dict[str, Any]:
    field: dict[str, Any] = {"type": kind}
    if rng.random() < 0.4:
        field["default"] = values.of_type(rng, kind)
    return field
