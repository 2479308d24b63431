"""A first, quick look at a record: all of its texts at once. In most there is nothing to take out.

What it calls clean is not looked at again; so it sees every text that the walk comes to, and each finder
keeps to one line.
"""

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import Any

from flow_runtime.collector.redact.images import BARE_LENGTH, BEGINNINGS, MARK
from flow_runtime.collector.redact.nested import parse
from flow_runtime.collector.redact.policy import Policy
from flow_runtime.collector.redact.rules import NO_PATHS, Action, Paths, plain
from flow_runtime.patterns.find import find
from flow_runtime.patterns.tokens import NAMED_LENGTHS, is_named_key

LONG_INT = 10**7
"""A smaller number is no card and no telephone."""
_SPECIAL = frozenset(["", *"{[ \t\r\n", *(beginning[0] for beginning in BEGINNINGS)])
"""How a text begins that may be more than a text."""
_Todo = list[tuple[Any, Paths | None]]


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
        todo: _Todo = []
        for value, paths in values:
            self._values((value,), paths, todo)
        while todo:
            value, paths = todo.pop()
            if isinstance(value, list):
                self._values(value, paths, todo)
            elif paths:
                self._keys_of(value, paths)
                for key, item in value.items():
                    self._values((item,), _below(paths, key), todo)
            else:
                self._keys_of(value, paths)
                self._values(value.values(), paths, todo)
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

    def _values(self, values: Iterable[Any], paths: Paths | None, todo: _Todo) -> None:
        """Take the texts among some values, and leave the rest to be done; this is where the time goes."""
        texts = self._texts
        for value in values:
            kind = type(value)
            if kind is str:
                texts.append(value)
                if value[:1] in _SPECIAL:
                    self._special(value, paths, todo)
            elif kind is dict or kind is list:
                todo.append((value, paths))
            elif kind is int and (value > LONG_INT or value < -LONG_INT):
                texts.append(str(value))

    def _keys_of(self, value: dict[str, Any], paths: Paths | None) -> None:
        self._texts += value
        if self.named:
            return
        if paths is not None:
            names = self._policy.rules.names
            self.named = (bool(names) and not names.keys().isdisjoint(map(plain, value))) or (
                bool(paths) and any(isinstance(paths.get(key), Action) for key in value)
            )
        if self._keys:
            for key, item in value.items():
                if type(item) is str and len(item) >= NAMED_LENGTHS[0] and is_named_key(key, item):
                    self.named = True

    def _special(self, text: str, paths: Paths | None, todo: _Todo) -> None:
        if len(text) >= BARE_LENGTH and text.startswith(BEGINNINGS) and not self._policy.keep_images:
            self.named = True
        inner = parse(text)
        if inner is not None:
            self.named = self.named or inner.repeats
            todo.append((inner.value, paths or NO_PATHS))


def _below(paths: Paths, key: str) -> Paths:
    below = paths.get(key, NO_PATHS)
    return NO_PATHS if isinstance(below, Action) else below
