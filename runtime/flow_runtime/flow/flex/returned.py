"""What a flex flow returns: promised by its annotation, and made into outputs when it has run."""

import dataclasses
import functools
import inspect
import typing
from collections.abc import AsyncIterator, Callable, Iterator
from enum import Enum
from typing import Any

from flow_runtime.flow.bare import OUTPUT, Bare
from flow_runtime.flow.errors import NodeError
from flow_runtime.flow.flex.errors import GenerateFlowMetaJsonError
from flow_runtime.flow.model import FlowOutput, ValueType
from flow_runtime.flow.run import Run
from flow_runtime.flow.shim import ambient
from flow_runtime.flow.signature import kind_of_hint
from flow_runtime.flow.steps import watched
from flow_runtime.flow.stream import Stream
from flow_runtime.flow.threads import Threads
from flow_runtime.flow.tool_signature import yields

Failed = Callable[[BaseException], NodeError]
_GENERATORS = ("Generator", "Iterator", "AsyncGenerator", "AsyncIterator", "Iterable", "AsyncIterable")
_PLAIN = (str, int, float, bool, list, dict, tuple, Enum, Iterator, AsyncIterator)
_END = object()


def is_async(function: Callable[..., Any]) -> bool:
    """Say whether calling it must happen on the loop."""
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


def declared(function: Callable[..., Any]) -> dict[str, FlowOutput]:
    """Name the outputs that the annotation promises: fields of a dataclass or TypedDict, else one output.

    Raises GenerateFlowMetaJsonError for what no answer can be made of.
    """
    hint = _hint(function)
    if fields := _fields(hint):
        several = [name for name, each in fields.items() if _name(each) in _GENERATORS]
        if len(several) > 1:
            raise GenerateFlowMetaJsonError(
                f"'{function.__qualname__}' returns more than one generator ({', '.join(several)}): "
                "keep one, the others cannot be streamed beside it"
            )
        return {name: FlowOutput(type=_kind(each)) for name, each in fields.items()}
    if isinstance(hint, type) and hint.__module__ == function.__module__ and not issubclass(hint, _PLAIN):
        raise GenerateFlowMetaJsonError(
            f"'{function.__qualname__}' returns {hint.__name__}, which is no JSON: "
            "return a dataclass, a TypedDict, a dict or a text"
        )
    return {OUTPUT: FlowOutput(type=_kind(hint))}


def streams(function: Callable[..., Any]) -> frozenset[str]:
    """Name the outputs that may stream: what yields, or what no annotation speaks of."""
    hint = _hint(function)
    if yields(function) or hint is None or hint is Any:
        return frozenset({OUTPUT})
    return frozenset(name for name, each in _fields(hint).items() if _name(each) in _GENERATORS)


async def outputs(value: Any, entry: str, run: Run, failed: Failed) -> dict[str, Any]:
    """Make outputs of what the entry returned; what yields becomes a Stream or, joined, a text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    made = dict(value) if isinstance(value, dict) else Bare.of(value)
    for name, each in made.items():
        if isinstance(each, Iterator | AsyncIterator):
            chunks = _chunks(each, run.services.threads, failed)
            made[name] = Stream(watched(run, entry, chunks)) if run.streaming else await Stream(chunks).join()
    return made


async def _chunks(source: Any, threads: Threads, failed: Failed) -> AsyncIterator[Any]:
    try:
        if isinstance(source, AsyncIterator):
            async for chunk in source:
                yield chunk
            return
        step = functools.partial(next, source, _END)
        while (chunk := await threads.run(step)) is not _END:
            yield chunk
    except NodeError:
        raise
    except Exception as error:  # noqa: BLE001 - raised again by the name of the entry
        raise failed(error) from ambient.llm_cause(error) or error
    finally:
        await _close(source)


async def _close(source: Any) -> None:
    if isinstance(source, AsyncIterator):
        close = getattr(source, "aclose", None)
        if close is not None:
            await close()
        return
    close = getattr(source, "close", None)
    if close is not None and not getattr(source, "gi_running", False):
        close()


def _hint(function: Callable[..., Any]) -> Any:
    try:
        return typing.get_type_hints(function).get("return")
    except Exception:  # noqa: BLE001 - a hint is an author's text and may raise anything
        return None


def _fields(hint: Any) -> dict[str, Any]:
    if not isinstance(hint, type) or not (dataclasses.is_dataclass(hint) or typing.is_typeddict(hint)):
        return {}
    try:
        return typing.get_type_hints(hint)
    except Exception:  # noqa: BLE001 - as above
        return dict.fromkeys(hint.__annotations__)


def _name(hint: Any) -> str:
    return getattr(typing.get_origin(hint) or hint, "__name__", "")


def _kind(hint: Any) -> ValueType:
    return ValueType.STRING if _name(hint) in _GENERATORS or hint is None else kind_of_hint(hint)
