"""Jinja2 prompts as the dialect wants them: sandboxed, compiled once when the flow is loaded."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jinja2 import TemplateAssertionError as JinjaAssertionError
from jinja2 import TemplateError, meta
from jinja2 import TemplateSyntaxError as JinjaSyntaxError
from jinja2.sandbox import SandboxedEnvironment

from flow_runtime.flow.errors import NodeInputValidationError, TemplateAssertionError, TemplateSyntaxError
from flow_runtime.flow.files import source_name
from flow_runtime.flow.findings import Findings
from flow_runtime.flow.model import Node

# Prompts are texts for a model: HTML escaping would change them.
_ENVIRONMENT = SandboxedEnvironment(trim_blocks=True, keep_trailing_newline=True, autoescape=False)
_IMAGE = re.compile(r"!\[\s*image\s*\]\((\{\{\s*[^\s{}]+\s*\}\})\)")

Render = Callable[[Mapping[str, Any]], str]


def compile_template(source: str, node: str, path: str, images: bool = True) -> tuple[Render, frozenset[str]]:
    """Compile a prompt; returns how to render it and the variables it uses.

    With `images`, `![image]({{ x }})` puts x on a line of its own. Raises TemplateSyntaxError, which names
    node and file.
    """
    variables = variables_of(source, node, path)
    text = _IMAGE.sub(r"\n\1\n", source) if images else source
    template = _ENVIRONMENT.from_string(text)
    # jinja2 copies the globals for each rendering, and its ChainMap of them three times as slowly as a dict.
    template.globals = dict(template.globals)
    return template.render, variables


def image_variables(source: str) -> frozenset[str]:
    """Name the variables of a prompt that are images."""
    return frozenset(found[1].strip("{} \t") for found in _IMAGE.finditer(source))


def variables_of(source: str, node: str, path: str) -> frozenset[str]:
    """Name the variables that a prompt uses. Raises TemplateSyntaxError."""
    try:
        return frozenset(meta.find_undeclared_variables(_ENVIRONMENT.parse(source)))
    except TemplateError as error:
        line = f", line {error.lineno}" if isinstance(error, JinjaSyntaxError) else ""
        kind = TemplateAssertionError if isinstance(error, JinjaAssertionError) else TemplateSyntaxError
        raise kind(f"node '{node}': {path}{line}: {error.message}") from error
    except RecursionError as error:
        raise TemplateSyntaxError(f"node '{node}': {path}: it is nested too deeply") from error


def check_words(node: Node, source: str, clashes: Iterable[str]) -> None:
    """Refuse variables that have the names of parameters. Raises NodeInputValidationError, one for each."""
    findings, file = Findings(), source_name(node)
    for word in sorted(clashes):
        use = re.search(rf"\{{[{{%][^}}]*\b{re.escape(word)}\b", source)
        line = f", line {source.count(chr(10), 0, use.end()) + 1}" if use else ""
        findings.add(
            NodeInputValidationError(
                f"node '{node.name}': {file}{line} has a variable with the name of a parameter, "
                f"'{word}': rename it"
            )
        )
    findings.settle()
