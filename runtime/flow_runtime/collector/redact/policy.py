"""From settings to what a redactor does. Whatever is not understood is an error: then nothing is stored."""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flow_runtime import json_text
from flow_runtime.collector.redact.rules import NO_RULES, Action, Paths, Rules, is_path, plain, with_path
from flow_runtime.contracts.settings import CollectionSettings, RedactKey, RedactSettings
from flow_runtime.patterns.find import KINDS

KEY_FILE = "hash_key"
KEY_BYTES = 16
"""The least that a hash key may have: with less, its hashes can be undone by trying all keys."""
HASH_CHARS = 32
"""128 bits of the hash: enough that no two values ever meet."""


class PolicyError(Exception):
    """The policy cannot be applied as it is written. The text names the field and holds no secret."""

    reason = "RedactionPolicyInvalid"


class HashKeyError(PolicyError):
    """The key of the hashes is not there, or is none."""

    reason = "HashKeyInvalid"


POLICY_REASONS = (PolicyError.reason, HashKeyError.reason)


@dataclass(frozen=True)
class Policy:
    """What is taken out of a record."""

    rules: Rules = NO_RULES
    kinds: tuple[str, ...] = ()
    key: bytes = b""
    user: str = ""
    """A header's name, or a path of an input: `inputs.customer.id`."""
    keep_images: bool = False

    def hash(self, value: Any) -> str:
        """Write the keyed hash of a JSON value: HMAC-SHA256 (RFC 2104), cut to 128 bits.

        A text by itself and a number by its digits, so that 42 and "42" are one user.
        """
        data = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else _canonical(value)
        return "hash:" + hmac.digest(self.key, data, hashlib.sha256).hex()[:HASH_CHARS]


def load_policy(settings: CollectionSettings) -> Policy:
    """Read the policy and the key of its hashes as they are now. Raises PolicyError."""
    redact = settings.redact
    if unknown := sorted(redact.model_extra or {}):
        raise PolicyError(f"collection.redact.{unknown[0]} is not known to this runtime: use a newer image")
    for name in redact.patterns:
        if name not in KINDS:
            raise PolicyError(f"collection.redact.patterns: there is no '{name}', only {', '.join(KINDS)}")
    rules = _rules(redact.keys, settings.user)
    hashes = bool(settings.user) or any(key.action == Action.HASH for key in redact.keys)
    return Policy(
        rules=rules,
        kinds=tuple(kind for kind in KINDS if kind in redact.patterns),
        key=_hash_key(redact) if hashes else b"",
        user=settings.user,
        keep_images=settings.keep_images,
    )


def _rules(keys: Iterable[RedactKey], user: str) -> Rules:
    names: dict[str, Action] = {}
    paths: Paths = {}
    for each in keys:
        if unknown := sorted(each.model_extra or {}):
            field = f"collection.redact.keys.{unknown[0]}"
            raise PolicyError(f"{field} is not known to this runtime: use a newer image")
        try:
            action = Action(each.action)
        except ValueError:
            actions = ", ".join(Action)
            raise PolicyError(f"collection.redact.keys: '{each.action}' is none of {actions}") from None
        if is_path(each.name):
            if "" in each.name.split("."):
                raise PolicyError(
                    f"collection.redact.keys: '{each.name}' is no path such as inputs.customer.name"
                )
            paths = with_path(paths, each.name, action)
        elif plain(each.name):
            names[plain(each.name)] = action
        else:
            raise PolicyError(f"collection.redact.keys: '{each.name}' is no name of a key")
    return Rules(names, with_path(paths, user, Action.HASH) if is_path(user) else paths)


def _hash_key(redact: RedactSettings) -> bytes:
    called = f"the Secret {redact.hash_key_secret}".strip()
    if redact.hash_key is None:
        raise HashKeyError("collection.redact.hashKeySecretRef is needed for Hash and for collection.user")
    try:
        key = Path(redact.hash_key, KEY_FILE).read_bytes().strip()
    except FileNotFoundError:
        raise HashKeyError(f"{called} is missing or has no key '{KEY_FILE}'") from None
    except OSError as error:
        raise HashKeyError(f"{called}: key '{KEY_FILE}' is unreadable: {type(error).__name__}") from None
    if len(key) < KEY_BYTES:
        least = f"at least {KEY_BYTES} bytes, as openssl rand -hex 32 makes them"
        raise HashKeyError(f"{called}: key '{KEY_FILE}' must have {least}")
    return key


def _canonical(value: Any) -> bytes:
    return json_text.write(value, sort=True)
