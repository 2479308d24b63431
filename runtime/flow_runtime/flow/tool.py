"""The `@tool` of a Python file or of a package: found, described, and made callable."""

import importlib.util
import inspect
import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from flow_runtime.flow.errors import (
    MultipleToolsDefined,
    NoToolDefined,
    PythonLoaderNotFound,
    PythonLoadError,
)
from flow_runtime.flow.shim import TOOL_MARK
from flow_runtime.flow.tool_signature import Signature, read_signature, yields

PROVIDER_BASE = "ToolProvider"
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class PythonTool:
    """A function, or a method of a provider that is yet to be made, and what its parameters want."""

    function: Callable[..., Any]
    signature: Signature
    yields: bool = False
    provider: type | None = None
    init: Signature = field(default_factory=Signature)
    """Parameters of the provider's `__init__`, which are inputs of the node, too."""

    @property
    def is_async(self) -> bool:
        """Whether calling it gives something to await."""
        return inspect.iscoroutinefunction(self.function)

    @property
    def required(self) -> frozenset[str]:
        """What a node must give."""
        return self.signature.required | self.init.required


def load_module(node: str, path: Path, shown: str) -> ModuleType:
    """Import a node's file under a name of its own. Raises PythonLoadError."""
    name = f"flow_file_{next(_NUMBERS)}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PythonLoaderNotFound(f"node '{node}': {shown} is no Python file: name one that ends with .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickles look their module up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise PythonLoadError(f"node '{node}': {shown} cannot be imported: {_where(error, path)}") from error
    return module


def check_syntax(node: str, path: Path, shown: str) -> None:
    """Parse a file that is not to be imported. Raises PythonLoadError."""
    try:
        compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError, RecursionError) as error:
        raise PythonLoadError(f"node '{node}': {shown} cannot be imported: {_where(error, path)}") from error


def load_tool(node: str, path: Path, shown: str) -> PythonTool:
    """Import a node's file and find its one tool. Raises FlowLoadError."""
    module = load_module(node, path, shown)
    own = [value for value in vars(module).values() if getattr(value, "__module__", "") == module.__name__]
    tools = [describe(value) for value in own if inspect.isroutine(value) and hasattr(value, TOOL_MARK)]
    for provider in own:
        if isinstance(provider, type) and is_provider(provider):
            tools += [
                describe(method, provider)
                for _, method in inspect.getmembers(provider, inspect.isroutine)
                if hasattr(method, TOOL_MARK)
            ]
    if not tools:
        raise NoToolDefined(f"node '{node}': {shown} has no function with @tool: mark the one to call")
    if len(tools) > 1:
        raise MultipleToolsDefined(f"node '{node}': {shown} has more than one function with @tool: keep one")
    return tools[0]


def is_provider(made: type) -> bool:
    """Say whether a class is a ToolProvider, ours or promptflow's."""
    return any(base.__name__ == PROVIDER_BASE for base in made.__mro__)


def describe(function: Callable[..., Any], provider: type | None = None) -> PythonTool:
    """Say what a function, or a provider's method, wants and is."""
    inner = getattr(function, "__original_function", function)
    signature = read_signature(inner, skip_first=provider is not None)
    init = Signature()
    if provider is not None and provider.__init__ is not object.__init__:  # type: ignore[misc]
        init = read_signature(provider.__init__, skip_first=True)  # type: ignore[misc]
    return PythonTool(function, signature, yields(inner), provider, init)


def _where(error: BaseException, path: Path) -> str:
    """Name error and line, without a traceback, and what to do about a package that is missing."""
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error.msg} (line {error.lineno})"
    line = ""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = f" (line {trace.tb_lineno})"
        trace = trace.tb_next
    return f"{type(error).__name__}: {error}{line}{missing_package(error)}"


def missing_package(error: BaseException) -> str:
    """Say what to do about a module that is not there; nothing for other errors."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    package = error.name.partition(".")[0]
    return f": add '{package}' to the flow's requirements.txt and build its image with flowop build"
