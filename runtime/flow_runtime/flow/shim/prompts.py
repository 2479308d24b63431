"""promptflow-tools' helpers for prompts: rendering and parting into messages, as llm nodes do it."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from flow_runtime.flow.errors import FlowLoadError, NodeError
from flow_runtime.flow.image import images_in, in_lines
from flow_runtime.flow.messages import parse_chat as part
from flow_runtime.flow.nodes import rendered
from flow_runtime.flow.roles import Guarded, guard, unguard
from flow_runtime.flow.shim.exceptions import ChatAPIInvalidRole, ToolValidationError
from flow_runtime.flow.template import Render, compile_template

TO_ESCAPE = "_inputs_to_escape"
"""The argument that names inputs which come from the caller of the flow."""


@lru_cache(maxsize=64)
def _compiled(template: str) -> Render:
    return compile_template(template, "prompt", "prompt")[0]


def parse_chat(chat_str: str, images: Any = None, valid_roles: Any = None, **_: Any) -> list[dict[str, Any]]:
    """Part a rendered prompt into messages. Raises ChatAPIInvalidRole."""
    try:
        return part(chat_str, images_in(images or ()))
    except ValueError as error:
        raise ChatAPIInvalidRole(str(error)) from error


def render_jinja_template(
    template_content: str, trim_blocks: bool = True, keep_trailing_newline: bool = True, **values: Any
) -> str:
    """Render a prompt. Raises ToolValidationError."""
    try:
        return rendered("prompt", _compiled(template_content), values)
    except (FlowLoadError, NodeError) as error:
        raise ToolValidationError(str(error)) from error


def render_template_jinja2(template: str, **values: Any) -> str:
    """Render a prompt."""
    return render_jinja_template(template, **values)


def messages(
    prompt: str, values: Mapping[str, Any], detail: str = "auto", lines: bool = False
) -> list[dict[str, Any]]:
    """Render a chat prompt and part it; what comes from the flow's caller starts no messages.

    With `lines`, lists are shown line by line.
    """
    values = dict(values)
    to_escape = values.pop(TO_ESCAPE, None) or ()
    for name, value in values.items():
        if type(value) is Guarded:
            values[name] = value.guarded
        elif name in to_escape:
            values[name] = guard(value)
    if lines:
        values = {name: in_lines(value) for name, value in values.items()}
    try:
        return part(render_jinja_template(prompt, **values), images_in(values.values()), detail)
    except ValueError as error:
        raise ChatAPIInvalidRole(str(error)) from error


def build_messages(
    prompt: str, images: Any = None, image_detail: str = "auto", **values: Any
) -> list[dict[str, Any]]:
    """Render a chat prompt and part it into messages, with the images that are among the values."""
    return messages(prompt, values, image_detail)


def text(prompt: str, values: Mapping[str, Any]) -> str:
    """Render a prompt for completion."""
    plain = {name: value for name, value in values.items() if name != TO_ESCAPE}
    return unguard(render_jinja_template(prompt, **plain))
