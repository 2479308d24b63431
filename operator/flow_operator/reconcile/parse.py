"""From an object of the API to our model, or to a condition that says which field cannot be read."""

from datetime import datetime
from typing import Any, Protocol, Self, TypeVar

from pydantic import TypeAdapter, ValidationError

from flow_operator.api.common import Conditions
from flow_operator.kube import Manifest
from flow_operator.status.conditions import Breach, conditions_of, false


class _Resource(Protocol):
    @classmethod
    def model_validate(cls, obj: Any) -> Self:
        """Read an object."""


R = TypeVar("R", bound=_Resource)


def parse(model: type[R], live: Manifest) -> R | Breach:
    """Read a resource; what we once wrote into its status is dropped if it cannot be read any more."""
    try:
        return model.model_validate(live)
    except ValidationError as error:
        if error.errors()[0]["loc"][0] == "status":
            return parse(model, {key: value for key, value in live.items() if key != "status"})
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        return Breach("SpecInvalid", f"{field}: {first['msg']}. What runs is left as it is.")


def rejected(types: tuple[str, ...], live: Manifest, breach: Breach, now: datetime) -> Manifest:
    """The status of a resource that cannot be read: all that was known, and Accepted False."""
    before: dict[str, Any] = dict(live.get("status") or {})
    generation = live["metadata"].get("generation", 0)
    old = _old_conditions(before)
    conditions = conditions_of(types, {"Accepted": false(breach)}, old, generation, now)
    shown = [condition.model_dump(mode="json") for condition in conditions]
    return before | {"conditions": shown, "observedGeneration": generation}


def _old_conditions(status: Manifest) -> Conditions:
    try:
        return TypeAdapter(Conditions).validate_python(tuple(status.get("conditions") or ()))
    except ValidationError:
        return ()
