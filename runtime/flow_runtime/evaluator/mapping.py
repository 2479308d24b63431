"""Finds question, answer and context in a record by the monitor's paths, as text. Pure."""

import hashlib
import json
import re
from dataclasses import dataclass

from pydantic import JsonValue

from flow_runtime.contracts.record import Record
from flow_runtime.contracts.settings import Mapping

_OWN_LABEL = re.compile(r"\s*\[doc\s*\d+\]", re.IGNORECASE)


@dataclass(frozen=True)
class Material:
    """What of a record is judged. None: the path leads nowhere in this record, or to what was cut."""

    prompt: str | None
    completion: str | None
    context: str | None

    @property
    def digest(self) -> str:
        """Equal for records that are judged once and count once."""
        parts = json.dumps([self.prompt, self.completion, self.context], ensure_ascii=False)
        return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()


def material_of(record: Record, mapping: Mapping) -> Material:
    """Follow the three paths; an empty path for the context is a path that leads nowhere."""
    root: JsonValue = {"inputs": record.inputs, "outputs": record.outputs, "nodes": record.nodes}
    prompt, completion, context = (
        _at(root, path) if path and not _is_cut(record, path) else None
        for path in (mapping.prompt, mapping.completion, mapping.context)
    )
    return Material(
        prompt=None if prompt is None else as_text(prompt),
        completion=None if completion is None else as_text(completion),
        context=None if context is None else documents_text(context),
    )


def missing(record: Record, path: str) -> str:
    """Say of a path that leads nowhere how far it goes, in words for the person who wrote the mapping."""
    if _is_cut(record, path):
        return f"{path}: it was too large to be stored whole, and what was cut cannot be judged"
    value: JsonValue = {"inputs": record.inputs, "outputs": record.outputs, "nodes": record.nodes}
    walked = "the record"
    for step in path.split("."):
        below = _step(value, step)
        if below is None:
            has = ", ".join(sorted(value)[:8]) if isinstance(value, dict) else ""
            return f"{path}: {walked} has no {step!r}" + (f", it has: {has}" if has else "")
        value, walked = below, step if walked == "the record" else f"{walked}.{step}"
    return f"{path}: it is there"


def as_text(value: JsonValue) -> str:
    """Text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def documents_text(value: JsonValue) -> str:
    """Join a list of documents, numbered [doc1], [doc2] as answers cite them; their own labels are kept."""
    if not isinstance(value, list):
        return as_text(value)
    texts = [_document(item) for item in value]
    if all(_OWN_LABEL.match(text) for text in texts):
        return "\n\n".join(texts)
    return "\n\n".join(f"[doc{number}]\n{text}" for number, text in enumerate(texts, start=1))


def _document(item: JsonValue) -> str:
    if isinstance(item, dict):
        return "\n".join(f"{key}: {as_text(value)}" for key, value in item.items())
    return as_text(item)


def _at(root: JsonValue, path: str) -> JsonValue:
    value = root
    for step in path.split("."):
        value = _step(value, step)
        if value is None:
            return None
    return value


def _is_cut(record: Record, path: str) -> bool:
    return any(f"{path}.".startswith(f"{cut}.") or cut.startswith(f"{path}.") for cut in record.truncated)


def _step(value: JsonValue, step: str) -> JsonValue:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        return value[int(step)]
    return None
