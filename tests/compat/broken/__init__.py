"""Flows that must be refused when they are loaded, each with promptflow's name of what is wrong."""

from dataclasses import replace

from tests.compat.broken.definitions import DEFINITIONS
from tests.compat.broken.entries import ENTRIES
from tests.compat.broken.flows import DAGS, FILES
from tests.compat.broken.tools import TOOLS
from tests.compat.case import FlowCase, flow

GOOD = """
    from promptflow.core import tool

    @tool
    def t(x: str = "", n: int = 1) -> str:
        return x
"""
CHAT = "system:\nx\nuser:\n{{q}}\n"


def dag(name: str, error: str, definition: str, **files: str) -> FlowCase:
    """A broken DAG; t.py and chat.jinja2 are there unless they are what is broken."""
    made = flow(f"broken-{name}", "1.2 broken", definition, **{"t_py": GOOD, "chat_jinja2": CHAT, **files})
    return replace(made, error=error)


BROKEN = (
    *(
        dag(name, error, definition, **files)
        for name, error, definition, files in (*DAGS, *DEFINITIONS, *TOOLS)
    ),
    *(
        FlowCase(f"broken-{name}", "1.4 1.5 broken", files, error=error)
        for name, error, files in (*FILES, *ENTRIES)
    ),
)
