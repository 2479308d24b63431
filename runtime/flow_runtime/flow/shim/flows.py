"""promptflow's Prompty and Flow for user code: loaded from a file, called like functions, sync or async."""

import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from flow_runtime.contracts.settings import ConnectionType
from flow_runtime.flow.bare import Bare
from flow_runtime.flow.errors import FlowError, FlowLoadError
from flow_runtime.flow.prompty.document import Document, read_document
from flow_runtime.flow.prompty.prompty import Prompty as Core
from flow_runtime.flow.run import Run, Services
from flow_runtime.flow.shim import ambient
from flow_runtime.flow.shim.ambient import Ambient
from flow_runtime.flow.shim.exceptions import LLMError, MissingRequiredInputError, UserErrorException

SUFFIX = ".prompty"


class Prompty:
    """A prompty as a function of its inputs."""

    def __init__(self, path: str | Path, model: Mapping[str, Any] | None = None, **overrides: Any) -> None:
        self.path = Path(path).resolve()
        self.code = self.path.parent
        over = {**overrides, **({"model": dict(model)} if model else {})}
        try:
            self._core = Core.of(read_document(self.path, over))
        except FlowLoadError as error:
            raise UserErrorException(f"{error.name}: {error}") from error

    @classmethod
    def load(cls, source: str | Path, **kwargs: Any) -> Self:
        """Load a file. Raises UserErrorException."""
        if Path(source).suffix != SUFFIX:
            raise UserErrorException("Source must be a file with .prompty extension.")
        return cls(path=source, **kwargs)

    def __call__(self, *args: Any, **inputs: Any) -> Any:
        """Ask the LLM; with `stream`, a generator of pieces comes out."""
        values = self._values(args, inputs)
        if self._core.wants_stream:
            return ambient.iterate(lambda here: self._stream(values, here))
        return ambient.wait(lambda here: self._ask(values, here))

    def render(self, *args: Any, **inputs: Any) -> str:
        """Give the prompt for these inputs as a text."""
        try:
            return str(self._core.prompt(self._values(args, inputs)))
        except FlowError as error:
            raise UserErrorException(str(error)) from error

    def estimate_token_count(self, *_: Any, **__: Any) -> int:
        """Raise: counting would fetch a vocabulary from the network."""
        raise UserErrorException("tokens cannot be counted here without the network: take the answer's usage")

    def _values(self, args: tuple[Any, ...], given: dict[str, Any]) -> dict[str, Any]:
        if args:
            raise UserErrorException("Prompty can only be called with keyword arguments.")
        return _inputs(self._core.document, given)

    async def _ask(self, values: dict[str, Any], here: Ambient) -> Any:
        try:
            return await self._core.ask(values, here.services, here.calls, here.deadline, trusted=True)
        except FlowError as error:
            raise LLMError(str(error)) from error

    async def _stream(self, values: dict[str, Any], here: Ambient) -> AsyncIterator[Any]:
        try:
            async for piece in self._core.stream(
                values, here.services, here.calls, here.deadline, trusted=True
            ):
                yield piece
        except FlowError as error:
            raise LLMError(str(error)) from error


class AsyncPrompty(Prompty):
    """A prompty as an async function of its inputs."""

    async def __call__(self, *args: Any, **inputs: Any) -> Any:
        """Ask the LLM; with `stream`, an async generator comes out."""
        values, here = self._values(args, inputs), ambient.current()
        return self._stream(values, here) if self._core.wants_stream else await self._ask(values, here)


class _Flow:
    """A flow's folder, loaded when it is first called: only then are there connections."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.code = path if path.is_dir() else path.parent
        self._flow: Any = None

    @classmethod
    def load(cls, source: str | Path, **kwargs: Any) -> Any:
        """Load a folder or file of a flow. Raises UserErrorException."""
        path = Path(source).resolve()
        if not path.exists():
            raise UserErrorException(f"Source {source} does not exist")
        prompties = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
        if not (path / "flow.dag.yaml").exists() and [each.suffix for each in prompties] == [SUFFIX]:
            made = AsyncPrompty if issubclass(cls, AsyncFlow) else Prompty
            return made.load(prompties[0], **kwargs)
        return cls(path)

    def _loaded(self, services: Services) -> Any:
        if self._flow is None:
            from flow_runtime.flow.load import load_flow

            if str(self.code) not in sys.path:
                sys.path.append(str(self.code))
            try:
                self._flow = load_flow(self.code, _Kinds(services))
            except FlowLoadError as error:
                raise UserErrorException(f"{error.name}: {error}") from error
        return self._flow

    async def _run(self, flow: Any, inputs: dict[str, Any], here: Ambient) -> Any:
        try:
            run = Run(flow.take_inputs(inputs), here.services, here.deadline)
            run.calls = here.calls
            outputs = await flow.run(run)
        except FlowError as error:
            raise UserErrorException(str(error)) from error
        return outputs.value if isinstance(outputs, Bare) else outputs


class Flow(_Flow):
    """A flow as a function of its inputs."""

    def __call__(self, *args: Any, **inputs: Any) -> Any:
        """Run it and give its outputs."""
        _only_keywords(args)
        flow = self._loaded(ambient.current().services)
        return ambient.wait(lambda here: self._run(flow, inputs, here))


class AsyncFlow(_Flow):
    """A flow as an async function of its inputs."""

    async def __call__(self, *args: Any, **inputs: Any) -> Any:
        """Run it and give its outputs."""
        _only_keywords(args)
        here = ambient.current()
        return await self._run(self._loaded(here.services), inputs, here)


class _Kinds(Mapping[str, ConnectionType]):
    """The types of the connections that a server has, as far as they are asked for."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def __getitem__(self, name: str) -> ConnectionType:
        try:
            return self._services.connection(name).kind
        except Exception as error:  # whatever it is, there is no such connection
            raise KeyError(name) from error

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _inputs(document: Document, given: dict[str, Any]) -> dict[str, Any]:
    """Take what the prompty declares; its sample stands in for all inputs, defaults for some."""
    given = given or dict(document.sample)
    declared: Mapping[str, Mapping[str, Any]] = document.inputs or {name: {} for name in document.sample}
    if missing := [name for name, field in declared.items() if name not in given and "default" not in field]:
        raise MissingRequiredInputError(f"Missing required inputs: {missing}")
    return {name: given.get(name, field.get("default")) for name, field in declared.items()}


def _only_keywords(args: tuple[Any, ...]) -> None:
    if args:
        raise UserErrorException("Flow can only be called with keyword arguments.")
