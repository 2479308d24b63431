"""A packaged flow loaded in this process, as its pod would load it."""

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flow_runtime.flow import source
from flow_runtime.flow.load import Loaded, load_flow
from flow_runtime.llm.connection import Connections


def load(directory: Path, connections: Connections | None, variant: str) -> Loaded:
    """Load a flow and stay in its folder, where its code expects to be. Raises FlowLoadError."""
    source.enter(directory)
    if connections is None:
        return load_flow(directory, None, variant)
    return load_flow(directory, connections.types, variant, connections.get)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what a flow's code prints out of the results on stdout, and come back to the present folder."""
    here = Path.cwd()
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        os.chdir(here)


def described(flow: Loaded) -> str:
    """Say in a line what a flow is."""
    parts = [
        flow.kind,
        _count(len(flow.inputs), "input"),
        _count(len(flow.outputs), "output"),
        *([f"streams {', '.join(sorted(flow.streams))}"] if flow.streams else []),
    ]
    return ", ".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number or 'no'} {noun}s"
