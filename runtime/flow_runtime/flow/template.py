"""Jinja2 prompts as the dialect wants them: sandboxed, compiled once when the flow is loaded."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import TemplateError, meta
from jinja2 import TemplateSyntaxError as JinjaSyntaxError
from jinja2.sandbox import SandboxedEnvironment

from flow_runtime.flow.errors import TemplateSyntaxError, UnsupportedFeature
from flow_runtime.flow.roles import unsupported_role

# Prompts are texts for a model: HTML escaping would change them.
_ENVIRONMENT = SandboxedEnvironment(trim_blocks=True, keep_trailing_newline=True, autoescape=False)
_IMAGE = re.compile(r"!\[\s*image\s*\]\(\s*\{\{", re.IGNORECASE)

Render = Callable[[Mapping[str, Any]], str]


def compile_template(source: str, node: str, path: str) -> tuple[Render, frozenset[str]]:
    """Compile a prompt; returns how to render it and the variables it uses.

    Raises TemplateSyntaxError and UnsupportedFeature, which name node and file.
    """
    if _IMAGE.search(source):
        raise UnsupportedFeature(f"node '{node}': images in prompts are not supported yet ({path})")
    if role := unsupported_role(source):
        raise UnsupportedFeature(
            f"node '{node}': messages of the role '{role}' are not supported yet ({path})"
        )
    try:
        variables = frozenset(meta.find_undeclared_variables(_ENVIRONMENT.parse(source)))
        return _ENVIRONMENT.from_string(source).render, variables
    except TemplateError as error:
        line = f", line {error.lineno}" if isinstance(error, JinjaSyntaxError) else ""
        raise TemplateSyntaxError(f"node '{node}': {path}{line}: {error.message}") from error
