"""What a visit to a resource works with, and what is remembered between visits."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from flow_operator.kube import Kube
from flow_operator.manifests.serving import Release
from flow_operator.reconcile.departures import Departures
from flow_operator.states import States
from flow_operator.telemetry.events import Events
from flow_operator.telemetry.metrics import Metrics


class Key(NamedTuple):
    """Names one of our resources."""

    kind: str
    namespace: str
    name: str


class References:
    """Who names what: so that a change of a ConfigMap or FlowDeployment reaches those that use it."""

    def __init__(self) -> None:
        self._of: dict[Key, frozenset[Key]] = {}

    def remember(self, user: Key, used: Iterable[Key]) -> None:
        """Note everything that `user` names now."""
        self._of[user] = frozenset(used)

    def forget(self, user: Key) -> None:
        """Note that `user` is gone."""
        self._of.pop(user, None)

    def users(self, used: Key) -> list[Key]:
        """Everything that names `used`."""
        return [user for user, names in self._of.items() if used in names]


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@dataclass
class Context:
    """The edges of a visit, given by `main`."""

    kube: Kube
    states: States
    events: Events
    metrics: Metrics
    release: Release
    references: References = field(default_factory=References)
    departures: Departures = field(default_factory=Departures)
    counted: dict[Key, datetime] = field(default_factory=dict)
    """When the traffic counters of a FlowDeployment were last written."""
    now: Callable[[], datetime] = _now

    def forget(self, key: Key) -> None:
        """Drop what is remembered of a resource that is gone; its children go by their owner reference."""
        self.references.forget(key)
        self.counted.pop(key, None)
