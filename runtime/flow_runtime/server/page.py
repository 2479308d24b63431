"""GET /: a page to try the flow with, made from the flow's inputs. Everything in it is escaped."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, Template

from flow_runtime.flow.model import FlowInput, ValueType
from flow_runtime.server.runtime import Runtime

_LONG = (ValueType.LIST, ValueType.OBJECT)


def render_page(runtime: Runtime, nonce: str) -> str:
    """Render the page; while the flow is not ready it says why instead of showing a form."""
    reason, message = runtime.reason
    flow = runtime.flow if runtime.ready else None
    return _template().render(
        nonce=nonce,
        deployment=runtime.settings.identity.deployment,
        namespace=runtime.settings.identity.namespace,
        revision=runtime.settings.revision,
        ready=flow is not None,
        reason=reason,
        message=message,
        fields=[_field(name, declared) for name, declared in flow.inputs.items()] if flow else [],
    )


@cache
def _template() -> Template:
    """Compiled at the first visit: a server's start need not wait for it."""
    text = Path(__file__).with_name("page.html").read_text(encoding="utf-8")
    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(text)


def _field(name: str, declared: FlowInput) -> dict[str, Any]:
    default = "" if declared.default is None else declared.default
    return {
        "name": name,
        "type": declared.type.value,
        "description": declared.description or "",
        "required": declared.required,
        "long": declared.type in _LONG or declared.is_chat_input,
        "value": default if isinstance(default, str) else json.dumps(default, ensure_ascii=False),
        "checked": declared.type is ValueType.BOOL and default is True,
    }
