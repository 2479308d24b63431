"""The judge behind an OpenAI-compatible API. Learns once per run what the server understands.

Asks for a JSON schema first; a server that refuses gets JSON mode, then plain text (the instruction describes
the JSON in words anyway). Parameters that a model refuses are given up or renamed. What was learned holds for
the run: only a request that the server has never accepted in this form can teach.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import openai
from openai import AsyncAzureOpenAI, AsyncOpenAI, DefaultAioHttpClient

from flow_runtime.contracts.record import TokenCount
from flow_runtime.contracts.settings import JudgeSettings
from flow_runtime.evaluator.material import SCHEMA, Message
from flow_runtime.evaluator.provider import (
    JudgeError,
    JudgeStopError,
    RejectedError,
    Reply,
    TemporaryJudgeError,
)
from flow_runtime.llm.connection import OPENAI_URL, AzureOpenAIConnection, Connection
from flow_runtime.llm.errors import clean

MAX_TOKENS = 4000
"""Room for a thinking model's thoughts; a judgement itself takes about 200."""
_FORMATS: tuple[dict[str, object] | None, ...] = (
    {"type": "json_schema", "json_schema": {"name": "judgement", "strict": True, "schema": SCHEMA}},
    {"type": "json_object"},
    None,
)
_NO_CREDIT = ("insufficient_quota", "billing_not_active", "billing_hard_limit_reached")


@dataclass(frozen=True)
class Dialect:
    """How to ask this server."""

    format: int = 0
    """Index of _FORMATS."""
    temperature: bool = True
    length_limit: str = "max_completion_tokens"
    """How the parameter is called; empty when the server knows none."""

    def parameters(self) -> dict[str, Any]:
        """The parameters that depend on it."""
        optional: dict[str, Any] = {}
        if _FORMATS[self.format] is not None:
            optional["response_format"] = _FORMATS[self.format]
        if self.temperature:
            optional["temperature"] = 0
        if self.length_limit:
            optional[self.length_limit] = MAX_TOKENS
        return optional

    def simpler(self, complaint: str) -> "Dialect | None":
        """Give up what the server complains about, else the next format; None when nothing is left."""
        if self.temperature and "temperature" in complaint:
            return replace(self, temperature=False)
        if self.length_limit and self.length_limit in complaint:
            renamed = "max_tokens" if self.length_limit == "max_completion_tokens" else ""
            return replace(self, length_limit=renamed)
        if self.format + 1 < len(_FORMATS):
            return replace(self, format=self.format + 1)
        return None


class OpenAIJudge:
    """A judge that is reached through a connection. Retries are its caller's."""

    def __init__(self, settings: JudgeSettings, connection: Connection) -> None:
        self.model = settings.model
        self._secret = str(connection["api_key"])
        self._timeout = settings.timeout_seconds
        self._client = _client(connection, settings.timeout_seconds)
        self._dialect = Dialect()
        self._proven = False

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def ask(self, messages: Sequence[Message]) -> Reply:
        """Ask once, or once more for each thing there is to learn. Raises JudgeError."""
        while True:
            dialect = self._dialect
            try:
                reply = await self._post(messages, dialect)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if not self._learn(dialect, error):
                    raise self._failure(error) from None
            except openai.OpenAIError as error:
                raise self._failure(error) from None
            except ValueError:
                raise TemporaryJudgeError("invalid_reply", "the server's reply is no JSON") from None
            except TimeoutError:
                raise TemporaryJudgeError("timeout", f"no reply within {self._timeout:g} s") from None
            else:
                self._proven = self._proven or dialect == self._dialect
                return reply

    async def _post(self, messages: Sequence[Message], dialect: Dialect) -> Reply:
        async with asyncio.timeout(self._timeout):
            completion = await self._client.chat.completions.create(
                model=self.model,
                messages=messages,  # type: ignore[arg-type]  # plain dicts of role and content
                **dialect.parameters(),
            )
        return _reply(completion)

    def _learn(self, used: Dialect, error: openai.APIStatusError) -> bool:
        """Change the dialect if the error can be about it; tells whether to ask again."""
        if used != self._dialect:
            return True  # another call has learned meanwhile
        if self._proven or error.code in {"content_filter", "context_length_exceeded"}:
            return False
        simpler = used.simpler(f"{error.param or ''} {error.message}")
        if simpler is None:
            # Nothing helped, so it was not the form: the next request may try the best form again.
            self._dialect = Dialect()
            return False
        self._dialect = simpler
        return True

    def _failure(self, error: openai.OpenAIError) -> JudgeError:
        """Sort what went wrong by what may help: time, another request, or a person."""
        said = clean(str(error), self._secret)
        unreachable = _connect_failure(error)
        if unreachable is not None:
            cause = clean(str(unreachable), self._secret)
            return TemporaryJudgeError("unreachable", f"the judge cannot be reached: {cause}")
        if isinstance(error, openai.APITimeoutError):
            return TemporaryJudgeError("timeout", f"no reply within {self._timeout:g} s")
        if isinstance(error, openai.APIConnectionError):
            return TemporaryJudgeError("unavailable", f"the connection to the judge broke: {said}")
        if isinstance(error, openai.APIStatusError):
            return _by_status(error, said)
        return TemporaryJudgeError("invalid_reply", f"the server's reply is not the API's: {said}")


def _connect_failure(error: BaseException | None) -> aiohttp.ClientConnectorError | None:
    """Find a connection that was never made; the openai package calls it a time-out."""
    while error is not None and not isinstance(error, aiohttp.ClientConnectorError):
        error = error.__cause__
    return error


def _by_status(error: openai.APIStatusError, said: str) -> JudgeError:
    status = error.status_code
    if status in (401, 403):
        return JudgeStopError(
            "unauthorized", f"the judge's key is not accepted ({status})", "JudgeUnauthorized"
        )
    if status == 402 or error.code in _NO_CREDIT or error.type in _NO_CREDIT:
        return JudgeStopError("no_credit", f"the judge's account has no credit: {said}", "JudgeUnauthorized")
    if status == 404:
        return JudgeStopError("not_found", f"the judge's model or URL is unknown: {said}", "JudgeNotFound")
    if status in (408, 409, 429) or status >= 500:
        kind = "rate_limited" if status == 429 else "unavailable"
        return TemporaryJudgeError(kind, said, _retry_after(error))
    if error.code == "content_filter":
        return RejectedError("refused", f"the provider's content filter refused the material: {said}")
    return RejectedError("rejected", said)


def _retry_after(error: openai.APIStatusError) -> float | None:
    """Seconds from Retry-After (a number; RFC 9110 dates are rare here and fall back to our own delay)."""
    try:
        return max(0.0, float(error.response.headers.get("retry-after", "")))
    except ValueError:
        return None


def _reply(completion: Any) -> Reply:  # whatever a server calls a completion
    choices = getattr(completion, "choices", None)
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = getattr(choice, "message", None)
    if message is None:
        raise TemporaryJudgeError("invalid_reply", "the server's reply has no message in it")
    usage = getattr(completion, "usage", None)
    return Reply(
        text=_text(getattr(message, "content", None)),
        finish=_text(getattr(choice, "finish_reason", None)) or "stop",
        refusal=_text(getattr(message, "refusal", None)),
        model=_text(getattr(completion, "model", None)),
        tokens=TokenCount(
            prompt=_count(usage, "prompt_tokens"), completion=_count(usage, "completion_tokens")
        ),
    )


def _text(value: object) -> str:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _count(usage: object, name: str) -> int:
    value = getattr(usage, name, 0)
    return value if isinstance(value, int) else 0


def _client(connection: Connection, timeout: float) -> AsyncOpenAI:
    transport = DefaultAioHttpClient(timeout=timeout, follow_redirects=False)
    if isinstance(connection, AzureOpenAIConnection):
        return AsyncAzureOpenAI(
            api_key=connection.api_key,
            azure_endpoint=connection.api_base,
            api_version=connection.api_version,
            max_retries=0,
            timeout=timeout,
            http_client=transport,
        )
    return AsyncOpenAI(
        api_key=connection["api_key"],
        base_url=connection["base_url"] or OPENAI_URL,
        organization=connection["organization"],
        max_retries=0,
        timeout=timeout,
        http_client=transport,
    )
