"""What a user's code may import of promptflow when promptflow is not installed.

A finder at the end of sys.meta_path, so that the real package always wins. There are no files of that name.
"""

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from flow_runtime.llm.connection import AzureOpenAIConnection, OpenAIConnection

TOOL_MARK = "__tool"
"""The attribute by which the real decorator marks a function, too."""


def tool(function: Callable[..., Any] | None = None, **_: Any) -> Any:
    """Mark a function as the tool of its file; its options describe it to editors and change nothing."""

    def mark(marked: Callable[..., Any]) -> Callable[..., Any]:
        setattr(marked, TOOL_MARK, None)
        return marked

    return mark if function is None else mark(function)


_CONNECTIONS = {"OpenAIConnection": OpenAIConnection, "AzureOpenAIConnection": AzureOpenAIConnection}
_MODULES: dict[str, dict[str, Any]] = {
    "promptflow": {"tool": tool},
    "promptflow.core": {"tool": tool},
    "promptflow.connections": _CONNECTIONS,
}


class _Loader(importlib.abc.Loader):
    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        vars(module).update(_MODULES[module.__name__])


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in _MODULES:
            return None
        parent = sys.modules.get("promptflow")
        if parent is not None and not isinstance(getattr(parent.__spec__, "loader", None), _Loader):
            return None  # the real package is there, and lacks this part of it
        return importlib.machinery.ModuleSpec(fullname, _Loader(), is_package=fullname == "promptflow")


def install() -> None:
    """Add the finder, once."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())
