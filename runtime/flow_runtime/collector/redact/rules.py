"""What is to be taken out by its name: key names anywhere, and paths from a record's parts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Union

ROOTS = ("inputs", "outputs", "nodes", "feedback")
"""Parts of a record that hold what users and models said."""
_JOINTS = re.compile(r"[-_ .]")


class Action(StrEnum):
    """What becomes of a value."""

    DROP = "Drop"
    """Gone, with its key."""
    MASK = "Mask"
    """`[masked]` in its place."""
    HASH = "Hash"
    """Its keyed hash in its place: equal values stay equal."""


Paths = Mapping[str, Union["Paths", Action]]
"""A tree of names with an action at each end; lists on the way are looked through."""
NO_PATHS: Paths = {}


@dataclass(frozen=True)
class Rules:
    """Key names in plain form to actions, and the tree of paths."""

    names: Mapping[str, Action] = field(default_factory=dict)
    paths: Paths = field(default_factory=dict)

    def action(self, key: str, below: "Paths | Action | None") -> Action | None:
        """Say what becomes of the value of a key, where `below` is what the paths say of it."""
        if isinstance(below, Action):
            return below
        return self.names.get(plain(key)) if self.names else None


NO_RULES = Rules()


@lru_cache(maxsize=4096)
def plain(key: str) -> str:
    """Write a key name so that api_key, apiKey and Api-Key are one."""
    return _JOINTS.sub("", key).casefold()


def is_path(name: str) -> bool:
    """Say whether a rule's name is a path: it begins with a part of the record."""
    return name.partition(".")[0] in ROOTS and "." in name


def with_path(paths: Paths, path: str, action: Action) -> Paths:
    """Add a path to a tree. A path that goes on from where another one ends has nothing left to do."""
    head, dot, rest = path.partition(".")
    below = paths.get(head, NO_PATHS)
    if isinstance(below, Action):
        return paths
    return {**paths, head: with_path(below, rest, action) if dot else action}
