"""What user code imports of promptflow without the package, and that the package wins where it is."""

import importlib
import importlib.util
import subprocess
import sys
from pathlib import Path

import flow_runtime
from flow_runtime.flow import shim
from flow_runtime.flow.shim import TOOL_MARK

REAL = "VALUE = 'real'\n"
ASK = """
import sys
sys.path.insert(0, sys.argv[1])
from flow_runtime.flow import shim
shim.install()
import promptflow
print(getattr(promptflow, "VALUE", "ours"))
try:
    import promptflow.connections
    print("connections")
except ImportError:
    print("none")
"""


def test_tool_comes_from_both_places_and_marks_with_and_without_options() -> None:
    shim.install()
    core = importlib.import_module("promptflow.core")
    assert core.tool is importlib.import_module("promptflow").tool

    @core.tool
    def plain() -> int:
        return 1

    @core.tool(name="named", description="with options")
    def named() -> int:
        return 2

    assert hasattr(plain, TOOL_MARK)
    assert hasattr(named, TOOL_MARK)
    assert (plain(), named()) == (1, 2)


def test_what_is_not_ours_is_not_found() -> None:
    shim.install()
    importlib.import_module("promptflow")
    assert importlib.util.find_spec("promptflow.executor") is None


def test_it_is_installed_once_and_last() -> None:
    shim.install()
    shim.install()
    names = [type(finder).__name__ for finder in sys.meta_path]
    assert names.count("_Finder") == 1
    assert names[-1] == "_Finder"


def test_the_real_package_wins_and_is_not_mixed_with_ours(tmp_path: Path) -> None:
    (tmp_path / "promptflow").mkdir()
    (tmp_path / "promptflow" / "__init__.py").write_text(REAL)
    shown = subprocess.run(
        [sys.executable, "-c", ASK, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert shown.stdout.split() == ["real", "none"]


def test_there_is_no_file_of_that_name() -> None:
    root = Path(flow_runtime.__file__).parents[2]
    assert not list(root.glob("runtime/**/promptflow*"))
