"""One line of the spool to one line of the store. Pure: equal lines and policies give equal lines."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import orjson

from flow_runtime import json_text
from flow_runtime.collector.redact.limits import FIELD_BYTES, cut
from flow_runtime.collector.redact.look import Look
from flow_runtime.collector.redact.policy import Policy
from flow_runtime.collector.redact.rules import NO_PATHS, ROOTS, Paths, is_path
from flow_runtime.collector.redact.walk import Walk

SECRET_INPUTS = "secret_inputs"  # noqa: S105 - a name of ours
"""The server's word on which inputs are of promptflow's type secret; it ends here."""
_SECRET_LENGTH = 4
"""A shorter secret is dropped as an input, and not looked for elsewhere: it would be in half of all words."""
_OTHERS = ("error", "calls")
"""Parts with texts that the flow and its models make, and with names of ours only."""
_ID_KINDS = ("cloudKey", "jwt", "email")
"""What a caller may have put into the request's id; numbers are left, since ids are made of them."""


@dataclass(frozen=True)
class Redacted:
    """A line that may be stored (None: it cannot be read, so it must not), and what was taken out."""

    line: bytes | None
    counts: Mapping[str, int] = field(default_factory=dict)


def redact(line: bytes, policy: Policy) -> Redacted:
    """Redact one line; one without anything to take out comes back as it is."""
    try:
        record = json_text.read_line(line)
    except (ValueError, RecursionError):
        return Redacted(None)
    if not isinstance(record, dict):
        return Redacted(None)
    try:
        return _redacted(record, line, policy)
    except Exception:  # noqa: BLE001 - such as deeper than the server writes; one must not hold up all others
        return Redacted(None)


def _redacted(record: dict[str, Any], line: bytes, policy: Policy) -> Redacted:
    if record.get("redacted") or record.get("truncated"):
        return Redacted(line)  # only this module says so
    dirty: set[str] | None = None
    if SECRET_INPUTS not in record:
        look = _look(record, policy)
        dirty = look.dirty
        if not (look.named or dirty or record.get("user") is not None or len(line) > FIELD_BYTES):
            # What was looked at is what is stored: a key that came twice was seen once.
            return Redacted(_written(record))
    counts = _redact(record, policy, dirty)
    return Redacted(_written(record), counts)


def _look(record: dict[str, Any], policy: Policy) -> Look:
    named = [(record.get(root), _paths(policy, root)) for root in ROOTS]
    others = [(record.get(name), None) for name in _OTHERS]
    if record.get("request_id") != record.get("id"):  # else it is the server's own
        others.append((record.get("request_id"), None))
    return Look(policy, [*named, *others])


def _redact(record: dict[str, Any], policy: Policy, dirty: set[str] | None) -> dict[str, int]:
    dropped, secrets = _drop_secrets(record)
    walk = Walk(policy, secrets, dirty)
    walk.counts.update({"secret": dropped} if dropped else {})
    _user(record, policy, walk)
    for root in ROOTS:
        if root in record:
            record[root] = walk.value(record[root], _paths(policy, root))
    for name in _OTHERS:
        if name in record:
            record[name] = walk.value(record[name], None)
    if record.get("request_id") != record.get("id"):
        record["request_id"] = walk.id(record.get("request_id") or "", _ID_KINDS) or None
    truncated = _cut(record)
    if walk.counts:
        record["redacted"] = dict(sorted(walk.counts.items()))
    if truncated:
        record["truncated"] = truncated
    return dict(walk.counts)


def _paths(policy: Policy, root: str) -> Paths:
    below = policy.rules.paths.get(root, NO_PATHS)
    return below if isinstance(below, dict) else NO_PATHS


def _drop_secrets(record: dict[str, Any]) -> tuple[int, tuple[str, ...]]:
    """Take the secret inputs away. Returns how many, and their texts, to be masked elsewhere."""
    names, inputs = record.pop(SECRET_INPUTS, ()), record.get("inputs")
    if not isinstance(inputs, dict):
        return 0, ()
    values = [inputs.pop(name) for name in names if name in inputs]
    found = {form for text in _texts(values) for form in _forms(text)}
    given = sum(value is not None for value in values)
    return given, tuple(sorted(found, key=len, reverse=True))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
    elif value is not None and not isinstance(value, bool) and len(str(value).strip()) >= _SECRET_LENGTH:
        yield str(value).strip()


def _forms(secret: str) -> Iterator[str]:
    """Write a secret as JSON, Python and a URL write it within another text, too."""
    yield from (secret, repr(secret)[1:-1], quote(secret, safe=""))
    yield from (json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False))


def _user(record: dict[str, Any], policy: Policy, walk: Walk) -> None:
    """Put the hash in the user's place; whoever is not asked for is not kept."""
    user = record.get("user")
    if is_path(policy.user):
        user = record
        for name in policy.user.split("."):
            user = user.get(name) if isinstance(user, dict) else None
    if policy.user and user is not None:
        record["user"] = policy.hash(user)
        walk.counts["user"] += 1
    elif "user" in record:
        record["user"] = None


def _cut(record: dict[str, Any]) -> list[str]:
    truncated = []
    for root in ROOTS:
        fields = record.get(root)
        if root != "feedback" and isinstance(fields, dict):
            for name, value in fields.items():
                fields[name], was_cut = cut(value)
                truncated += [f"{root}.{name}"] if was_cut else []
        elif fields is not None:
            record[root], was_cut = cut(fields)
            truncated += [root] if was_cut else []
    error = record.get("error")
    if isinstance(error, dict):
        error["message"], was_cut = cut(error.get("message"))
        truncated += ["error.message"] if was_cut else []
    return truncated


def _written(record: dict[str, Any]) -> bytes:
    """Write a record. The parts are written one by one, as they were: together they may be too deep."""
    try:
        return orjson.dumps(record)
    except TypeError:
        return json_text.write({key: _part(value) for key, value in record.items()})


def _part(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: orjson.Fragment(json_text.write(item)) for key, item in value.items()}
    return orjson.Fragment(json_text.write(value))
