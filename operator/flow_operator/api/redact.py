"""What is taken out of a FlowDeployment's records before they are stored."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from flow_operator.api.common import Model, SecretRef
from flow_operator.api.rules import AS_SET, BY_NAME, Rule, matches, rules

HASH_KEY_MISSING = (
    "redact.hashKeySecretRef must name a Secret whose key hash_key has at least 16 bytes, such as those of"
    " openssl rand -hex 32"
)
_PATH = "(inputs|outputs|nodes|feedback)"


class RedactKey(Model):
    """What becomes of the values of one key."""

    name: Annotated[
        str,
        Field(min_length=1, max_length=256),
        matches("[^-_ .]", "name must have a letter or a digit"),
        Rule(
            f"!self.matches(r'^{_PATH}[.]') || self.matches(r'^{_PATH}([.][^.]+)+$')",
            "name begins like a path, so it must be one: write inputs.customer.name, without empty parts",
        ),
    ]
    """Name of a key, at any depth, however it is written: api_key is apiKey too. One that begins with
    inputs., outputs., nodes. or feedback. is a path, on which lists are looked through."""
    action: Literal["Drop", "Mask", "Hash"]
    """Drop takes the key away, Mask leaves [masked], Hash leaves a keyed hash, so that equal values stay
    equal."""


class Redact(Model):
    """Applied by the collector, never on a request's way. Nothing is stored while it cannot be applied."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                "has(self.hashKeySecretRef) || !has(self.keys) || !self.keys.exists(k, k.action == 'Hash')",
                f"the action Hash needs a key: {HASH_KEY_MISSING}",
                ".keys",
            )
        )
    )

    keys: Annotated[tuple[RedactKey, ...], Field(max_length=64), BY_NAME] = ()
    """What is taken out by the name or the path of its key. At most 64, each once."""
    patterns: Annotated[
        tuple[Literal["email", "phone", "creditCard", "iban", "ipv4", "ipv6", "jwt", "cloudKey"], ...],
        Field(max_length=8),
        AS_SET,
    ] = ()
    """What is looked for in every text and masked as [email] and so on. cloudKey: keys and tokens of clouds
    and services, private keys, passwords in URLs."""
    hash_key_secret_ref: SecretRef | None = None
    """Secret whose key hash_key makes the hashes. It is mounted into the collector only, and read anew for
    each object that is stored: hashes from before and after its change do not join."""
