"""Lets the redactor at the corpus and counts."""

from collections import Counter
from dataclasses import dataclass, field

import orjson

from flow_runtime.collector.redact.line import redact
from flow_runtime.collector.redact.policy import Policy
from flow_runtime.patterns.find import KINDS, find
from tests.redaction import fresh
from tests.redaction.lookalikes import LOOKALIKES
from tests.redaction.planted import SECRETS, TEXTS

SIZE = 300
POLICY = Policy(kinds=KINDS)


@dataclass
class Row:
    """Of one kind."""

    planted: int = 0
    caught: int = 0
    missed: Counter[str] = field(default_factory=Counter)
    lookalikes: int = 0
    wrong: Counter[str] = field(default_factory=Counter)


def corpus(values: dict[str, tuple[str, ...]]) -> list[tuple[str, str, str]]:
    """Give SIZE texts as kind, value and text: the values in turn, each time in another text."""
    each = [(kind, value) for kind, texts in values.items() for value in texts]
    made = []
    for number in range(SIZE):
        turn, place = divmod(number, len(each))
        kind, value = each[place]
        made.append((kind, value, TEXTS[(number + turn) % len(TEXTS)].replace("{}", value)))
    return made


def stored(text: str) -> str:
    """Give what the store would hold of an answer."""
    line = redact(orjson.dumps({"id": "1", "request_id": "1", "outputs": {"answer": text}}), POLICY).line
    assert line is not None
    answer: str = orjson.loads(line)["outputs"]["answer"]
    return answer


def measure() -> dict[str, Row]:
    """Count by kind. A secret is caught when nothing of its text is left but words around the secret."""
    rows = {kind: Row() for kind in KINDS}
    for kind, value, text in corpus(SECRETS):
        rows[kind].planted += 1
        if core(value) in stored(text):
            rows[kind].missed[value] += 1
        else:
            rows[kind].caught += 1
    for kind, value, text in corpus(LOOKALIKES):
        rows[kind].lookalikes += 1
        if find(text, KINDS):
            rows[kind].wrong[value] += 1
    return rows


def measure_fresh() -> dict[str, Row]:
    """Count in the second set. A secret is caught when neither half of it is left."""
    rows = {
        kind: Row(planted=len(fresh.PLANTED[kind]), lookalikes=len(fresh.LOOKALIKES[kind])) for kind in KINDS
    }
    for kind, row in rows.items():
        for secret, text in fresh.PLANTED[kind]:
            kept, half = stored(text.replace("{}", secret)), len(secret) // 2
            if secret[:half] in kept or secret[half:] in kept:
                row.missed[secret] += 1
            else:
                row.caught += 1
        row.wrong.update(text for text in fresh.LOOKALIKES[kind] if find(text, KINDS))
    return rows


def core(value: str) -> str:
    """Take the part of a value that nobody may read, where words around it say what it is."""
    for mark in ("AccountKey=", "Key: ", "key: ", "Bearer ", "app:", "is ", "sig=", "one\\n", '_key": "'):
        if mark in value:
            return value.partition(mark)[2].partition("@db")[0][:20]
    return value if len(value) < 40 else value[-20:]
