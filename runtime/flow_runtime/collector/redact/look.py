"""A first, quick look at a record: all of its texts at once. In most there is nothing to take out.

What it calls clean is not looked at again; so it sees every text that the walk comes to, and each finder
keeps to one line.
"""

from bisect import bisect_right
from itertools import accumulate
from typing import Any

from flow_runtime.collector.redact.find import find
from flow_runtime.collector.redact.images import BARE_LENGTH, BEGINNINGS, MARK
from flow_runtime.collector.redact.nested import parse
from flow_runtime.collector.redact.policy import Policy
from flow_runtime.collector.redact.rules import NO_PATHS, Action, Paths
from flow_runtime.collector.redact.tokens import NAMED_LENGTHS, is_named_key

LONG_INT = 10**7
"""A smaller number is no card and no telephone."""


class Look:
    """What there is to do in some values; each comes with what the paths say of it.

    None instead of paths: rules by name do not apply.
    """

    def __init__(self, policy: Policy, values: list[tuple[Any, Paths | None]]) -> None:
        self._policy = policy
        self._keys = "cloudKey" in policy.kinds
        self._texts: list[str] = []
        self.named = False
        """A rule, or the name of a key, may apply to something, or an image is in it."""
        todo = list(values)
        while todo:
            self._value(*todo.pop(), todo)
        text = "\n".join(self._texts)
        if MARK in text and not policy.keep_images:
            self.named = True
        self.dirty = self._dirty(text)
        """Texts in which a pattern was found; the others have none."""

    def _dirty(self, text: str) -> set[str]:
        found = find(text, self._policy.kinds)
        if not found:
            return set()
        starts = [0, *accumulate(len(each) + 1 for each in self._texts)]
        return {
            self._texts[place]
            for each in found
            for place in range(bisect_right(starts, each.start) - 1, bisect_right(starts, each.end - 1))
        }

    def _value(self, value: Any, paths: Paths | None, todo: list[tuple[Any, Paths | None]]) -> None:
        if isinstance(value, str):
            self._text(value, paths, todo)
        elif isinstance(value, dict):
            self._dict(value, paths)
            if paths:
                todo += [(item, _below(paths, key)) for key, item in value.items()]
            else:
                todo += [(item, paths) for item in value.values()]
        elif isinstance(value, list):
            todo += [(item, paths) for item in value]
        elif type(value) is int and (value > LONG_INT or value < -LONG_INT):
            self._texts.append(str(value))

    def _dict(self, value: dict[str, Any], paths: Paths | None) -> None:
        self._texts += value
        rules = self._policy.rules
        if paths is not None and (paths or rules.names) and not self.named:
            self.named = any(rules.action(key, paths.get(key)) is not None for key in value)
        if self._keys and not self.named:
            for key, item in value.items():
                if type(item) is str and len(item) >= NAMED_LENGTHS[0] and is_named_key(key, item):
                    self.named = True

    def _text(self, text: str, paths: Paths | None, todo: list[tuple[Any, Paths | None]]) -> None:
        self._texts.append(text)
        if len(text) >= BARE_LENGTH and text.startswith(BEGINNINGS) and not self._policy.keep_images:
            self.named = True
        inner = parse(text)
        if inner is not None:
            todo.append((inner, None if paths is None else NO_PATHS))


def _below(paths: Paths, key: str) -> Paths:
    below = paths.get(key, NO_PATHS)
    return NO_PATHS if isinstance(below, Action) else below
