"""What a user's code may import of promptflow when promptflow is not installed.

A finder at the end of sys.meta_path, so that the real package always wins. There are no files of that
name, and a module here only knows where its names are: each is imported when user code asks for it.
"""

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from flow_runtime.flow.shim.names import NAMES

DIALECT = "1.18.5"
"""The promptflow whose names these are."""
TOOL_MARK = "__tool"
"""The attribute by which the real decorator marks a function, too."""


class _Loader(importlib.abc.Loader):
    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        places = NAMES[module.__name__]

        def look_up(name: str) -> Any:
            if name not in places:
                raise AttributeError(
                    f"flow-operator has no {module.__name__}.{name}: install promptflow for it"
                )
            found = getattr(importlib.import_module(places[name]), name)
            setattr(module, name, found)
            return found

        vars(module).update(__getattr__=look_up, __all__=list(places), __version__=DIALECT)


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in NAMES:
            return None
        parent = sys.modules.get("promptflow")
        if parent is not None and not isinstance(getattr(parent.__spec__, "loader", None), _Loader):
            return None  # the real package is there, and lacks this part of it
        package = any(name.startswith(f"{fullname}.") for name in NAMES)
        return importlib.machinery.ModuleSpec(fullname, _Loader(), is_package=package)


def install() -> None:
    """Add the finder, once."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())
