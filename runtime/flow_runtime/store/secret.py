"""A store's Secret as the kubelet mounts it: which keys a provider knows, and which of them must be there."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flow_runtime.store.errors import StoreSecretError

AUTHORITY = "ca.crt"
"""Key of any provider: certificates of a private authority in PEM, trusted beside the system's."""

Secret = Mapping[str, str]


@dataclass(frozen=True)
class Keys:
    """The keys of one provider's Secret."""

    credentials: tuple[tuple[str, ...], ...]
    """Ways to show who asks, each the keys that it needs; exactly one must be whole."""
    others: tuple[str, ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        """All keys, as messages name them. None where there are no credentials."""
        ways = dict.fromkeys(key for way in self.credentials for key in way)
        return (*ways, *self.others, AUTHORITY) if ways else ()


def read_secret(folder: Path, keys: Keys, name: str = "") -> dict[str, str]:
    """Read a mounted Secret. StoreSecretError names the key that is missing, unreadable or too much."""
    called = f"the store's Secret {name}".rstrip()
    found = {key: value for key in keys.known if (value := _read(folder / key, called))}
    _check_way(found, keys, called)
    if AUTHORITY in found:
        try:
            ssl.create_default_context().load_verify_locations(cadata=found[AUTHORITY])
        except (ssl.SSLError, ValueError):
            raise StoreSecretError(
                f"{called}: key {AUTHORITY!r} holds no certificate: put the authority's there, in PEM"
            ) from None
    return found


def _read(path: Path, called: str) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise StoreSecretError(
            f"{called}: key {path.name!r} is unreadable: {type(error).__name__}; write it anew"
        ) from None


def _check_way(found: Secret, keys: Keys, called: str) -> None:
    begun = [way for way in keys.credentials if any(key in found for key in way)]
    its_keys = f"its keys: {', '.join(keys.known)}"
    if not begun:
        ways = ", or ".join(" with ".join(map(repr, way)) for way in keys.credentials)
        raise StoreSecretError(f"{called} is missing or has no key {ways}: add it ({its_keys})")
    if len(begun) > 1:
        both = " and ".join(repr(next(key for key in way if key in found)) for way in begun)
        raise StoreSecretError(f"{called} has {both}, of which only one can count: remove the others")
    for key in begun[0]:
        if key not in found:
            raise StoreSecretError(f"{called} has no key {key!r}: add it ({its_keys})")
