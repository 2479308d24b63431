"""Records of 2 KB as a support bot makes them: a question, what was said before, texts found, an answer."""

import random
from collections.abc import Iterator

import orjson

from flow_runtime.server.recorder import uuid7

WORDS = [
    "the",
    "tent",
    "stands",
    "in",
    "strong",
    "wind",
    "because",
    "its",
    "poles",
    "are",
    "made",
    "of",
    "aluminium",
    "and",
    "its",
    "floor",
    "is",
    "sealed",
    "so",
    "that",
    "water",
    "stays",
    "out",
    "order",
    "number",
    "shipped",
    "yesterday",
    "customer",
    "asks",
    "whether",
    "a",
    "return",
    "within",
    "thirty",
    "days",
    "is",
    "free",
    "of",
    "charge",
    "warranty",
    "covers",
    "seams",
    "zips",
    "fabric",
    "but",
    "not",
    "burns",
    "camping",
    "table",
    "folds",
    "flat",
    "weighs",
    "four",
    "kilograms",
]
SECRETS = (
    "write to jane.doe@example.com",
    "call +49 30 901820",
    "card 4111 1111 1111 1111",
    "from 203.0.113.7",
    "IBAN DE89 3704 0044 0532 0130 00",
)
FOUND_IN = 0.1
"""Of the records: so many hold something to take out."""


def records(count: int, seed: int = 1) -> Iterator[bytes]:
    """Make lines as the server writes them, about 2,000 bytes each."""
    draw = random.Random(seed)

    def text(size: int) -> str:
        return " ".join(draw.choice(WORDS) for _ in range(size // 6))

    for number in range(count):
        secret = f" {draw.choice(SECRETS)}" if draw.random() < FOUND_IN else ""
        yield line(
            f"{text(100)}{secret}", {"reply": text(300), "docs": [text(230) for _ in range(4)]}, number
        )


def large_records(count: int, size: int = 2**20) -> Iterator[bytes]:
    """Make lines with one text of 1 MiB."""
    text = " ".join(WORDS) + " "
    for number in range(count):
        yield line("why?", {"reply": (text * (size // len(text) + 1))[:size]}, number)


def line(question: str, outputs: dict[str, object], number: int) -> bytes:
    """Write one record."""
    request = uuid7()
    tokens = {"prompt": 400 + number % 90, "completion": 80 + number % 37}
    return orjson.dumps(
        {
            "v": 1,
            "id": request,
            "time": f"2026-11-22T17:{number // 60 % 60:02d}:{number % 60:02d}.123456Z",
            "namespace": "shop",
            "deployment": "support-bot",
            "revision": "abcdefabcdef",
            "pod": "support-bot-7d9f6c-abcde",
            "request_id": request,
            "trace_id": None,
            "user": None,
            "inputs": {"query": question, "history": [{"inputs": {"q": "hi"}, "outputs": {"a": "Hello!"}}]},
            "outputs": outputs,
            "nodes": {},
            "status": 200,
            "error": None,
            "streamed": False,
            "latency_ms": 800.1 + number % 113,
            "first_byte_ms": 120.5 + number % 17,
            "tokens": tokens,
            "calls": [{"node": "chat", "model": "gpt-5-mini", "ms": 790.25, "tokens": tokens}],
            "sampled": {"percent": 100, "why": "rate"},
            "redacted": {},
            "truncated": [],
        }
    )
