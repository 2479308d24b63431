"""Begins spans of flows, nodes and functions, and lets them last as long as what they gave out is read."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from types import AsyncGeneratorType, GeneratorType
from typing import Any

from opentelemetry.trace import Tracer

from flow_runtime.flow.stream import Stream
from flow_runtime.llm.call import Call
from flow_runtime.tracing.content import Content
from flow_runtime.tracing.span import Span

Ended = Callable[[BaseException | None], None]


@dataclass(frozen=True)
class Spans:
    """What begins a span: OpenTelemetry's tracer, and whether content is shown."""

    tracer: Tracer
    content: Content

    def begin(self, name: str, kind: str, attributes: Mapping[str, Any]) -> Span:
        """Begin a span below the current one; `kind` is promptflow's `span_type`."""
        both = {"framework": "promptflow", "span_type": kind, **attributes}
        given = {key: value for key, value in both.items() if value is not None}
        return Span(self.tracer, self.content, name, given)


def lasting(span: Span, value: Any, ended: Ended) -> Any:
    """Give a value on; one that is yet to be read as one that calls `ended` when it has been."""
    if isinstance(value, Stream):
        return Stream(_chunks(span, value, ended))
    if isinstance(value, AsyncGeneratorType):
        return _chunks(span, value, ended)
    if isinstance(value, GeneratorType):
        return _steps(span, value, ended)
    ended(None)
    return value


def tokens(calls: Iterable[Call]) -> dict[str, int]:
    """Sum up what calls of LLMs used, by promptflow's names; nothing where there were none."""
    used = [(call.prompt_tokens, call.completion_tokens) for call in calls]
    if not used:
        return {}
    prompt, completion = (sum(each) for each in zip(*used, strict=True))
    counts = {"prompt": prompt, "completion": completion, "total": prompt + completion}
    return {f"__computed__.cumulative_token_count.{name}": count for name, count in counts.items()}


async def _chunks(span: Span, source: Stream | AsyncGenerator[Any, Any], ended: Ended) -> AsyncIterator[Any]:
    """Pass chunks on; the span is current while one is produced, and not while it is used."""
    failed: BaseException | None = None
    try:
        async with aclosing(source):
            while True:
                with span.current():
                    try:
                        chunk = await anext(source)
                    except StopAsyncIteration:
                        break
                yield chunk
    except BaseException as error:
        failed = error
        raise
    finally:
        ended(failed)


def _steps(span: Span, source: Generator[Any, Any, Any], ended: Ended) -> Generator[Any, None, None]:
    """Do the same for a generator, each of whose steps may run in another thread."""
    failed: BaseException | None = None
    try:
        while True:
            with span.current():
                try:
                    chunk = next(source)
                except StopIteration:
                    break
            yield chunk
    except BaseException as error:
        failed = error
        raise
    finally:
        source.close()
        ended(failed)
