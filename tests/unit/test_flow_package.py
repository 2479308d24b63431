"""Tools of installed packages, and nodes whose tool renders its own prompt."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flow_runtime.flow.errors import FlowLoadError
from flow_runtime.flow.package import listed_tools
from tests.unit.flow_helpers import load, outputs

LISTING = """
def tools():
    return {
        "shop.tools.add": {"module": "SHOP.tools", "function": "add", "type": "python"},
        "shop.tools.Till.pay": {
            "module": "SHOP.tools", "class_name": "Till", "function": "pay", "type": "python",
            "deprecated_tools": ["shop.old.pay"],
        },
        "shop.tools.ask": {"module": "SHOP.tools", "function": "ask", "type": "custom_llm"},
        "shop.tools.bare": {"module": "SHOP.tools", "function": "bare", "type": "custom_llm"},
        "shop.gone": {"module": "SHOP.gone", "function": "gone", "type": "python"},
    }

def broken():
    raise RuntimeError("no list today")
"""
TOOLS = """
from promptflow.core import ToolProvider, tool
from promptflow.connections import OpenAIConnection
from promptflow.contracts.types import PromptTemplate

@tool
def add(a: int, b: int = 2):
    return a + b

class Till(ToolProvider):
    def __init__(self, connection: OpenAIConnection, tip: int = 0):
        super().__init__()
        self.connection, self.tip = connection, tip

    @tool
    def pay(self, amount: int):
        return [amount + self.tip, self.connection.api_key]

@tool
def ask(prompt: PromptTemplate, top: int = 1, **values):
    return [str(prompt), type(prompt).__name__, top, values]

@tool
def bare(top: int = 1, **values):
    return top
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[None]:
    """A package with tools, as an installer leaves it."""
    package = f"shop_{tmp_path.name.replace('-', '_')}"
    site = tmp_path / "site"
    (site / package).mkdir(parents=True)
    (site / package / "__init__.py").write_text(LISTING.replace("SHOP", package))
    (site / package / "tools.py").write_text(TOOLS)
    info = site / "shop-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n")
    entries = f"[package_tools]\nshop = {package}:tools\nbroken = {package}:broken\n"
    (info / "entry_points.txt").write_text(entries)
    sys.path.insert(0, str(site))
    yield
    sys.path.remove(str(site))


def node(kind: str, tool: str, inputs: str, source: str = "package", path: str = "") -> str:
    return f"""
        inputs: {{q: {{type: string, default: why}}}}
        outputs: {{o: {{reference: "${{n.output}}"}}}}
        nodes:
        - {{name: n, type: {kind}, source: {{type: {source}, tool: {tool}{path}}}, inputs: {{{inputs}}}}}
    """


def custom(tool: str, inputs: str) -> str:
    return node("custom_llm", tool, inputs, "package_with_prompt", ", path: p.jinja2")


@pytest.mark.usefixtures("shop")
async def test_a_package_tool_is_called_by_its_name(tmp_path: Path) -> None:
    flow = load(tmp_path, node("python", "shop.tools.add", "a: '3'"))
    assert await outputs(flow, {}) == {"o": 5}


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("tool", ["shop.tools.Till.pay", "shop.old.pay"])
async def test_a_class_of_a_package_is_made_by_its_present_and_former_names(
    tool: str, tmp_path: Path
) -> None:
    flow = load(tmp_path, node("python", tool, "amount: 5, tip: 1, connection: llm"))
    assert await outputs(flow, {}) == {"o": [6, "sk-secret-value"]}


@pytest.mark.usefixtures("shop")
async def test_a_custom_llm_tool_gets_its_template_and_which_inputs_are_the_callers(tmp_path: Path) -> None:
    flow = load(tmp_path, custom("shop.tools.ask", "top: 2, q: '${inputs.q}'"), p_jinja2="user:\n{{ q }}")
    prompt, kind, top, values = (await outputs(flow, {}))["o"]
    assert (prompt, kind, top) == ("user:\n{{ q }}", "PromptTemplate", 2)
    assert values == {"q": "why", "_inputs_to_escape": ["q"]}


REFUSED: dict[str, tuple[str, str, str]] = {
    "a tool that no package has": (
        "PackageToolNotFoundError",
        "cannot list its tools: RuntimeError: no list today",
        node("python", "shop.tools.gone", ""),
    ),
    "a tool that cannot be imported": (
        "PackageToolNotFoundError",
        "ModuleNotFoundError",
        node("python", "shop.gone", ""),
    ),
    "a tool of promptflow that there never was": (
        "PackageToolNotFoundError",
        "'promptflow.tools.gone.gone'",
        node("python", "promptflow.tools.gone.gone", ""),
    ),
    "a custom_llm tool that takes no prompt": (
        "InvalidCustomLLMTool",
        "PromptTemplate",
        custom("shop.tools.bare", ""),
    ),
    "a variable with the name of a parameter": (
        "NodeInputValidationError",
        "'top'",
        custom("shop.tools.ask", ""),
    ),
    "a custom_llm node without its file": (
        "InvalidSource",
        "'gone.jinja2'",
        custom("shop.tools.ask", "").replace("p.jinja2", "gone.jinja2"),
    ),
}


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(("name", "says", "dag"), REFUSED.values(), ids=REFUSED)
def test_a_package_tool_is_refused_for(name: str, says: str, dag: str, tmp_path: Path) -> None:
    with pytest.raises(FlowLoadError) as refused:
        load(tmp_path, dag, p_jinja2="user:\n{{ top }}")
    assert refused.value.name == name
    assert says in str(refused.value)


@pytest.mark.usefixtures("shop")
def test_a_package_that_cannot_list_its_tools_stops_no_other() -> None:
    listed, problems = listed_tools()
    found: Any = listed["shop.tools.add"]
    assert found["function"] == "add"
    assert len(problems) == 1
