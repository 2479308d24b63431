"""The tables of docs/records.md, made of the contracts; `make golden` writes them anew."""

import ast
import inspect
import re
import textwrap
import types
import typing
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from flow_runtime.contracts.base import Contract
from flow_runtime.contracts.feedback import Feedback
from flow_runtime.contracts.record import Record

PAGE = Path(__file__).parents[2] / "docs" / "records.md"
MODELS: dict[str, type[Contract]] = {"Record": Record, "Feedback": Feedback}
NAMES = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true, false",
    datetime: "time",
    dict: "object",
    tuple: "list",
    type(None): "null",
}
_TABLE = re.compile(r"(<!-- fields: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def page(text: str) -> str:
    """Put the tables into the page."""
    return _TABLE.sub(lambda found: f"{found[1]}{table(MODELS[found[2]])}{found[3]}", text)


def snippet(name: str) -> str:
    """Take the code that a fence of the page names, as it stands there."""
    text = PAGE.read_text(encoding="utf-8")
    return text.partition(f" {name}\n")[2].partition("\n```")[0]


def table(model: type[Contract]) -> str:
    head = ("| field | type | meaning |", "| --- | --- | --- |")
    return "".join(f"{row}\n" for row in (*head, *rows(model)))


def rows(model: type[Contract], above: str = "") -> Iterator[str]:
    texts = docstrings(model)
    for name, field in model.model_fields.items():
        yield f"| `{above}{name}` | {type_name(field.annotation)} | {texts[name]} |"
        inner = part(field.annotation)
        if inner is not None:
            each = "[]" if typing.get_origin(field.annotation) is tuple else ""
            yield from rows(inner, f"{above}{name}{each}.")


def docstrings(model: type[Contract]) -> dict[str, str]:
    """Read what stands below each field; a field without a word is a KeyError."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(model))).body[0]
    assert isinstance(tree, ast.ClassDef)
    return {
        field.target.id: " ".join(text.value.value.split())
        for field, text in zip(tree.body, tree.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def part(annotation: Any) -> type[Contract] | None:
    """Find the contract that a field is made of, if of one."""
    for each in (annotation, *typing.get_args(annotation)):
        if isinstance(each, type) and issubclass(each, Contract):
            return each
    return None


def type_name(annotation: Any) -> str:
    origin = typing.get_origin(annotation)
    if origin in (types.UnionType, typing.Union):
        return " or ".join(map(type_name, typing.get_args(annotation)))
    if origin is typing.Literal:
        return ", ".join(f"`{value}`" for value in typing.get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, Contract):
        return "object"
    return NAMES.get(origin or annotation, "any")


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
