"""Tools of installed packages, found as promptflow does, by the entry point `package_tools`."""

import importlib
from collections.abc import Mapping
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any

from flow_runtime.flow.errors import PackageToolNotFoundError
from flow_runtime.flow.tool import PythonTool, describe
from flow_runtime.llm.errors import clean

GROUP = "package_tools"
BUILT_IN = "promptflow.tools."
"""Tools of promptflow-tools, which are found by their names alone: our own where that is not installed."""


def load_package_tool(node: str, tool: str) -> PythonTool:
    """Find a tool by its name. Raises PackageToolNotFoundError."""
    listed, problems = listed_tools()
    found = listed.get(tool) or next(
        (each for each in listed.values() if tool in (each.get("deprecated_tools") or ())), None
    )
    if found is None and tool.startswith(BUILT_IN):
        found = _built_in(tool)
    if found is None:
        said = f" ({'; '.join(problems)})" if problems else ""
        raise PackageToolNotFoundError(
            f"node '{node}': no installed package has the tool '{tool}'{said}: "
            "add the package to the flow's image"
        )
    try:
        module = importlib.import_module(str(found["module"]))
        made = getattr(module, str(found["class_name"])) if found.get("class_name") else None
        function = getattr(made or module, str(found["function"]))
    except (Exception, SystemExit) as error:
        raise PackageToolNotFoundError(
            f"node '{node}': the tool '{tool}' cannot be imported: {_said(error)}"
        ) from error
    return describe(function, made)


def listed_tools() -> tuple[dict[str, Mapping[str, Any]], list[str]]:
    """List the tools of all packages, and which packages cannot say theirs."""
    listed: dict[str, Mapping[str, Any]] = {}
    problems = []
    for point in entry_points(group=GROUP):
        try:
            listed.update(point.load()())
        except (Exception, SystemExit) as error:  # noqa: BLE001 - another package must not stop this flow
            problems.append(f"the package of {point.value} cannot list its tools: {_said(error)}")
    return listed, problems


def _built_in(tool: str) -> dict[str, str] | None:
    """Take `promptflow.tools.module.[Class.]function` apart, if there is such a module."""
    module, _, rest = tool[len(BUILT_IN) :].partition(".")
    made, _, function = rest.rpartition(".")
    if not function or _imported(BUILT_IN + module) is None:
        return None
    return {"module": BUILT_IN + module, "class_name": made, "function": function}


def _imported(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _said(error: BaseException) -> str:
    return clean(f"{type(error).__name__}: {error}")
