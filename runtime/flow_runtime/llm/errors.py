# ruff: noqa: N818 - each class is a condition that users see by its name
"""How an LLM can fail. Temporary or permanent is decided by the class, where it is raised.

    LLMError
    ├── TemporaryLLMError    worth another try within the deadline
    │   ├── RateLimited      429
    │   └── Unavailable      408, 409, 5xx, no connection, a connection that broke
    │       └── CircuitOpen  was so for many requests in a row, so it was not asked
    └── PermanentLLMError    would fail again
        ├── Unauthorized     401, 403
        ├── Untrusted        its certificate is not trusted
        ├── Refused          other 4xx
        ├── BadAnswer        not what the API promises
        └── ConnectionInvalid  the connection's Secret is missing or wrong

Messages never hold a key, a prompt or an answer of the model.
"""

import re

import orjson

MESSAGE_LIMIT = 300


class LLMError(Exception):
    """Base of all."""

    status = 502
    """The HTTP status that says so to our own caller."""

    @property
    def name(self) -> str:
        """The name that users see."""
        return type(self).__name__


class TemporaryLLMError(LLMError):
    """Worth another try; `retry_after` is what the server asked for, in seconds."""

    status = 503

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimited(TemporaryLLMError):
    """The server wants fewer requests."""


class Unavailable(TemporaryLLMError):
    """The server cannot be reached or cannot answer now."""


class CircuitOpen(Unavailable):
    """The server was not asked, since it was down for the requests before; see `circuit`."""


class PermanentLLMError(LLMError):
    """Would fail again."""


class Unauthorized(PermanentLLMError):
    """The key is not accepted."""


class Untrusted(PermanentLLMError):
    """The server shows a certificate that no known CA vouches for."""


class Refused(PermanentLLMError):
    """The request is not accepted."""


class BadAnswer(PermanentLLMError):
    """The answer is not what the API promises."""


class ConnectionInvalid(PermanentLLMError):
    """A connection's Secret is missing or lacks a key."""

    status = 503


def from_status(status: int, body: bytes, retry_after: float | None, secret: str) -> LLMError:
    """Make the error of an HTTP answer that is not 200; `secret` is taken out of what the server says."""
    if status in (401, 403):
        return Unauthorized(f"the LLM answered {status}: the connection's key is not accepted for this model")
    said = f"the LLM answered {status}" + _reason(body, secret)
    if status == 429:
        return RateLimited(said, retry_after)
    if status in (408, 409) or status >= 500:
        return Unavailable(said, retry_after)
    return Refused(said)


def clean(text: str, secret: str = "", limit: int = MESSAGE_LIMIT) -> str:
    """Make a foreign text fit for a message: no secret, no control characters, short."""
    if secret:
        text = text.replace(secret, "***")
    text = re.sub(r"\b(sk|key)-[\w*-]{6,}", "***", text)
    text = "".join(char if char.isprintable() else " " for char in text)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _reason(body: bytes, secret: str) -> str:
    try:
        error = orjson.loads(body)["error"]
        text = error if isinstance(error, str) else error["message"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""
    return f": {clean(str(text), secret)}"
