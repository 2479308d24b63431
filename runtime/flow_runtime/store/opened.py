"""What every provider hands over, and how patient the HTTP clients of all of them are."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from obstore.store import ObjectStore

from flow_runtime.store.secret import AUTHORITY, Secret

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

CONNECT_SECONDS = 5.0
REQUEST_SECONDS = 30.0


@dataclass(frozen=True)
class Opened:
    """A store that can be talked to. Nothing was sent yet."""

    objects: ObjectStore
    advice: str
    """Whose credentials these are, for the message when they are not good enough."""
    hidden: Sequence[str] = field(default=(), repr=False)
    """What no message may hold."""
    folder: Path | None = None
    """Of a file system: where its objects begin."""


def client_options(endpoint: str, secret: Secret, seconds: float) -> "ClientConfig":
    """Options of an HTTP client: plain HTTP where the endpoint says so, and the Secret's own authority."""
    options: ClientConfig = {
        "allow_http": endpoint.startswith("http://"),
        "connect_timeout": timedelta(seconds=min(CONNECT_SECONDS, seconds)),
        "timeout": timedelta(seconds=seconds),
    }
    if AUTHORITY in secret:
        options["root_certificate"] = secret[AUTHORITY]
    return options


def retries() -> "RetryConfig":
    """Cover a dropped connection; the callers retry with what they know (back-off, deadlines)."""
    return {"max_retries": 2, "retry_timeout": timedelta(seconds=20)}
