"""The log of collector and evaluator: one JSON line on standard error. Never a secret or a user's text."""

import json
import sys
from datetime import UTC, datetime


def log(level: str, message: str, **fields: object) -> None:
    """Write a line: what happened, and its particulars as fields."""
    line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": level, "message": message}
    print(json.dumps(line | fields, ensure_ascii=False, default=str), file=sys.stderr, flush=True)
