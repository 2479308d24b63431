"""A flex flow that is ready to run: calls its entry, and turns what it returns into outputs."""

import functools
import inspect
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from flow_runtime.contracts.settings import ConnectionType
from flow_runtime.contracts.state import FlowShape
from flow_runtime.flow import shim
from flow_runtime.flow.environment import Variables, set_environment
from flow_runtime.flow.errors import LLMNodeError, NodeError
from flow_runtime.flow.findings import Findings
from flow_runtime.flow.flex import returned
from flow_runtime.flow.flex.definition import Definition, parse_definition
from flow_runtime.flow.flex.entry import Entry, load_entry
from flow_runtime.flow.flex.errors import FlowEntryInitializationError, ScriptExecutionError
from flow_runtime.flow.flex.inputs import flow_inputs, take
from flow_runtime.flow.model import FlowInput, FlowOutput
from flow_runtime.flow.read import read_bytes
from flow_runtime.flow.run import Run
from flow_runtime.flow.shim import ambient
from flow_runtime.flow.steps import timed
from flow_runtime.llm.connection_types import Connection
from flow_runtime.llm.errors import clean


@dataclass(frozen=True)
class FlexFlow:
    """A flex flow; its one step is called by the entry's name."""

    name: str
    definition: Definition
    entry: Entry
    fixed: Callable[..., Any] | None
    """What is called, where it needs no connection and was made when the flow was loaded."""
    inputs: Mapping[str, FlowInput]
    outputs: Mapping[str, FlowOutput]
    streams: frozenset[str]
    variables: Variables = field(default_factory=Variables)
    kind: ClassVar[str] = "flex"
    nodes: ClassVar[tuple[Any, ...]] = ()

    @property
    def hidden(self) -> frozenset[str]:
        """Outputs that are recorded and not answered."""
        return frozenset(name for name, field in self.outputs.items() if field.evaluation_only)

    @property
    def shape(self) -> FlowShape:
        """What it takes and gives."""
        return FlowShape(
            kind=self.kind,
            inputs={name: field.type.value for name, field in self.inputs.items()},
            outputs={name: field.type.value for name, field in self.outputs.items()},
        )

    def take_inputs(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Take a request's inputs. Raises InputError."""
        return take(self.inputs, self.definition.inputs, given, self.definition.sample)

    async def run(self, run: Run) -> dict[str, Any]:
        """Call the entry. Raises NodeError."""
        return await timed(run, self.definition.entry, self._outputs(run))

    async def _outputs(self, run: Run) -> dict[str, Any]:
        ambient.enter(run, self.definition.entry)
        try:
            value = await self._call(run)
            return await returned.outputs(value, self.definition.entry, run, self._failed)
        except NodeError:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - raised again by its own name
            raise self._failed(error) from ambient.llm_cause(error) or error

    async def _call(self, run: Run) -> Any:
        if returned.is_async(self.entry.found):
            function = self.fixed or await run.services.threads.run(
                functools.partial(self.entry.callable, run.services.connection)
            )
            value = function(**run.inputs)
        else:
            value = await run.services.threads.run(functools.partial(self._call_in_thread, run))
        return await value if inspect.isawaitable(value) else value

    def _call_in_thread(self, run: Run) -> Any:
        function = self.fixed or self.entry.callable(run.services.connection)
        return function(**run.inputs)

    def _failed(self, error: BaseException) -> NodeError:
        """Say what the entry raised; a failure of the LLM in it is one of the LLM."""
        name = self.definition.entry
        said = clean(self.entry.hide_secrets(f"({type(error).__name__}) {error}"))
        if ambient.llm_cause(error) is not None:
            return LLMNodeError(name, f"'{name}': {said}")
        return ScriptExecutionError(name, f"Execution failure in '{name}': {said}")


def load_flex(
    path: Path,
    connections: Mapping[str, ConnectionType] | None,
    connection: Callable[[str], Connection] | None = None,
) -> FlexFlow:
    """Read a flex flow's YAML, import its entry and make it. Raises FlowLoadError."""
    findings = Findings()
    definition = parse_definition(read_bytes(path), path, os.environ, findings)
    with findings.keep():
        variables = set_environment(definition.environment, connection)
    shim.install()
    with findings.keep(at=("entry",)):
        if definition.module:
            entry = load_entry(definition, path.parent / definition.code, connections)
            if findings.empty:
                return _made(path, definition, entry, variables)
    findings.settle()
    raise AssertionError(path)


def _made(path: Path, definition: Definition, entry: Entry, variables: Variables) -> FlexFlow:
    """Make the flow of a definition without a mistake. Raises FlowLoadError."""
    if entry.made_of is not None and not entry.names and (lacking := _lacking(entry)):
        raise FlowEntryInitializationError(
            f"{path.name}: the class {definition.entry} needs the init value '{lacking}': set it in "
            "PF_FLOW_INIT_CONFIG or in sample.init"
        )
    outputs = returned.declared(entry.found)
    return FlexFlow(
        name=path.parent.name,
        definition=definition,
        entry=entry,
        fixed=entry.fixed,
        inputs=flow_inputs(definition, entry),
        outputs=definition.outputs or outputs,
        streams=returned.streams(entry.found),
        variables=variables,
    )


def _lacking(entry: Entry) -> str:
    """Name an init value that the class needs and does not get."""
    try:
        inspect.signature(entry.made_of or entry.found).bind(**entry.values)
    except TypeError:
        parameters = inspect.signature(entry.made_of or entry.found).parameters.values()
        missing = [
            each.name
            for each in parameters
            if each.default is each.empty
            and each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)
            and each.name not in entry.values
        ]
        return missing[0] if missing else ""
    except ValueError:
        return ""  # a class without a signature
    return ""
