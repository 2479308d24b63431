"""Does the live object hold what is desired? The question before every write. Pure.

What the API server adds by itself (defaults, status, other managers' fields) is no difference; how it spells
a quantity is none either. What we no longer desire is seen by the digest that `names.sealed` adds.
"""

from typing import Any

from flow_operator import quantity

_QUANTITIES = {"requests", "limits"}
_KEYS = ("uid", "containerPort", "mountPath", "port", "topologyKey", "name")
"""By which field the elements of a list are told apart; the first that all of them have."""


def contains(live: Any, desired: Any, field: str = "") -> bool:
    """Whether `live` has every field of `desired` with that value; lists of named things may hold more."""
    if isinstance(desired, dict):
        return _contains_fields(live, desired, field)
    if isinstance(desired, list):
        return _contains_elements(live, desired)
    if field in _QUANTITIES or field == "sizeLimit":
        return quantity.equal(live, desired)
    return bool(live == desired) and isinstance(live, bool) == isinstance(desired, bool)


def _contains_fields(live: Any, desired: dict[str, Any], field: str) -> bool:
    if not isinstance(live, dict):
        return not desired and live is None
    inner = field if field in _QUANTITIES else ""
    return all(
        contains(live.get(key), value, inner or key) or (key not in live and value in ("", {}, []))
        for key, value in desired.items()
    )


def _contains_elements(live: Any, desired: list[Any]) -> bool:
    if not isinstance(live, list):
        return not desired and live is None
    key = _key_of(desired)
    if key is None:
        return len(live) == len(desired) and all(map(contains, live, desired))
    by_key = {element.get(key): element for element in live if isinstance(element, dict)}
    return all(element[key] in by_key and contains(by_key[element[key]], element) for element in desired)


def _key_of(elements: list[Any]) -> str | None:
    for key in _KEYS:
        if elements and all(isinstance(element, dict) and key in element for element in elements):
            return key
    return None
