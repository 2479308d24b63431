"""Goes through one record and makes it anew without what must not be stored."""

from collections import Counter
from collections.abc import Set as AbstractSet
from typing import Any

import orjson

from flow_runtime.collector.redact import images
from flow_runtime.collector.redact.look import LONG_INT
from flow_runtime.collector.redact.nested import Nested, parse
from flow_runtime.collector.redact.policy import Policy
from flow_runtime.collector.redact.rules import NO_PATHS, Action, Paths
from flow_runtime.patterns.find import mask
from flow_runtime.patterns.tokens import is_named_key

NESTS = 3
"""JSON in a text in JSON in a text: so often is it looked into."""
_COUNTED = {Action.DROP: "dropped", Action.MASK: "masked", Action.HASH: "hashed"}


class Walk:
    """Takes out by name, by pattern, and the values of secret inputs; counts by kind.

    `dirty`: the only texts that a pattern was found in; None: not looked yet.
    """

    def __init__(
        self, policy: Policy, secrets: tuple[str, ...] = (), dirty: AbstractSet[str] | None = None
    ) -> None:
        self._policy = policy
        self._secrets = secrets
        self._dirty = dirty
        self._keys = "cloudKey" in policy.kinds
        self._nest = 0
        self.counts: Counter[str] = Counter()

    def value(self, value: Any, paths: Paths | None) -> Any:
        """Make a value anew; `paths` is what they say of it, None where no rule by name applies."""
        if isinstance(value, str):
            return self._text(value, paths)
        if isinstance(value, dict):
            return self._dict(value, paths)
        if isinstance(value, list):
            return [self.value(item, paths) for item in value]
        return self._number(value) if type(value) is int or type(value) is float else value

    def _number(self, value: float) -> Any:
        if self._secrets and str(value) in self._secrets:
            self.counts["secret"] += 1
            return "[secret]"
        if type(value) is int and (value > LONG_INT or value < -LONG_INT):
            text = self.plain(str(value))
            return text if text != str(value) else value
        return value

    def plain(self, text: str) -> str:
        """Mask what is found in a text of the record."""
        if not self._secrets and self._dirty is not None and text not in self._dirty:
            return text
        return self._masked(text, self._policy.kinds)

    def id(self, text: str, kinds: tuple[str, ...]) -> str:
        """Mask what is found of some kinds in an id."""
        return self._masked(text, tuple(kind for kind in self._policy.kinds if kind in kinds))

    def _masked(self, text: str, kinds: tuple[str, ...]) -> str:
        for secret in self._secrets:
            if secret in text:
                self.counts["secret"] += text.count(secret)
                text = text.replace(secret, "[secret]")
        text, found = mask(text, kinds)
        self.counts.update(found)
        return text

    def _dict(self, value: dict[str, Any], paths: Paths | None) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, item in value.items():
            below = paths.get(key) if paths else None
            action = None if paths is None else self._policy.rules.action(key, below)
            if action is Action.DROP:
                self.counts[_COUNTED[action]] += 1
                continue
            new = _unused(self.plain(key), made)
            if action is not None and item is not None:
                self.counts[_COUNTED[action]] += 1
                made[new] = "[masked]" if action is Action.MASK else self._policy.hash(item)
            elif self._keys and is_named_key(key, item):
                self.counts["cloudKey"] += 1
                made[new] = "[cloudKey]"
            elif (media_type := images.media_type_of_key(key)) and isinstance(item, str):
                made[new] = self._image(item, media_type)
            else:
                # Called from here and not from a helper: a frame more for each level would be too many.
                made[new] = self.value(item, _beside(paths, below))
        return made

    def _image(self, item: str, media_type: str) -> Any:
        digest = images.digest(item, media_type)
        if digest is None:
            return self.plain(item)
        return item if self._policy.keep_images else digest

    def _text(self, text: str, paths: Paths | None) -> Any:
        if digest := images.digest(text):
            return text if self._policy.keep_images else digest
        made = text if self._policy.keep_images else images.digest_inside(text)
        if self._nest < NESTS and (inner := parse(made)) is not None:
            made = self._nested(made, inner, paths)
        # A text that has changed is another than the one that was looked at.
        return self.plain(text) if made == text else self._masked(made, self._policy.kinds)

    def _nested(self, text: str, inner: Nested, paths: Paths | None) -> str:
        """Write JSON in a text anew only where something was in it: its spaces are not ours to change.

        Rules by name always apply: its names are not ours.
        """
        self._nest += 1
        made = self.value(inner.value, paths or NO_PATHS)
        self._nest -= 1
        return text if made == inner.value and not inner.repeats else orjson.dumps(made).decode()


def _beside(paths: Paths | None, below: Any) -> Paths | None:
    """Take what the paths say of a key's value; that they say nothing is not that no rule applies."""
    return None if paths is None else below if isinstance(below, dict) else NO_PATHS


def _unused(key: str, taken: dict[str, Any]) -> str:
    """Two keys that are masked alike stay two."""
    number, name = 2, key
    while name in taken:
        name, number = f"{key} {number}", number + 1
    return name
