"""The Secret of a git source: who asks, and which authority its server's certificate may come from."""

import ssl
from dataclasses import dataclass

from flow_runtime.contracts.fetch import GitSettings
from flow_runtime.fetch.errors import SourceUnauthorized, SourceUntrusted

TOKEN_USER = "x-access-token"  # noqa: S105 - the user name that hosts expect beside a token
_KEYS = ("username", "password", "token", "ca.crt")


@dataclass(frozen=True)
class Credentials:
    """The Secret as it is now."""

    username: str | None = None
    password: str | None = None
    authority: str = ""
    """Certificates of a private authority, in PEM."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may hold."""
        return tuple(filter(None, (self.password, f"{self.username}:{self.password or ''}")))


def read_credentials(settings: GitSettings) -> Credentials:
    """Read the mounted Secret. SourceUnauthorized when it is named and holds nothing."""
    if settings.secret is None:
        return Credentials()
    found: dict[str, str] = {}
    for key in _KEYS:
        try:
            found[key] = (settings.secret / key).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            why = f"key {key!r} of Secret {settings.secret_name} is unreadable: {type(error).__name__}"
            raise SourceUnauthorized(why) from None
    if not any(found.values()):
        name = settings.secret_name
        raise SourceUnauthorized(
            f"Secret {name} is missing or has none of the keys that are read: {', '.join(_KEYS)}"
        )
    password = found.get("password") or found.get("token")
    username = found.get("username") or (TOKEN_USER if password else None)
    return Credentials(username, password, found.get("ca.crt", ""))


def tls(credentials: Credentials, secret_name: str) -> ssl.SSLContext:
    """What to trust: the machine's authorities and the Secret's. SourceUntrusted when that is none."""
    context = ssl.create_default_context()
    if credentials.authority:
        try:
            context.load_verify_locations(cadata=credentials.authority)
        except (ssl.SSLError, ValueError):
            raise SourceUntrusted(f"key 'ca.crt' of Secret {secret_name} holds no certificate") from None
    return context
