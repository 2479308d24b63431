"""promptflow's control plane: importable, and not there. Saying so is all it does, besides loading flows."""

from pathlib import Path
from typing import Any, NoReturn

from flow_runtime.flow.shim.exceptions import UserErrorException


def _missing(name: str) -> NoReturn:
    raise UserErrorException(
        f"{name} belongs to promptflow-devkit and does not run in a server: install promptflow"
    )


class PFClient:
    """Batch runs, stored connections and traces: none of them is part of serving."""

    def __init__(self, *_: Any, **__: Any) -> None:
        _missing("PFClient")


class Run:
    """A batch run."""

    def __init__(self, *_: Any, **__: Any) -> None:
        _missing("Run")


class FlowContext:
    """Overrides of a loaded flow: kept and not used."""

    def __init__(self, **overrides: Any) -> None:
        vars(self).update(overrides)


def load_run(*_: Any, **__: Any) -> NoReturn:
    """Raise: there are no runs here."""
    _missing("load_run")


def load_flow(source: str | Path, **kwargs: Any) -> Any:
    """Load a flow that can be called."""
    from flow_runtime.flow.shim.flows import Flow

    return Flow.load(source, **kwargs)
