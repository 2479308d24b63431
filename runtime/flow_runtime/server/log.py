"""Logs: one JSON line per problem. Never what users sent, what models said, or a secret."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime

LOGGER = logging.getLogger("flow_runtime.server")


class JSONLines(logging.Formatter):
    """Message and `extra={"fields": …}`; of an exception type and lines only: its text may quote users."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            frames = traceback.extract_tb(record.exc_info[2])
            line["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-5:]]
        return json.dumps(line, ensure_ascii=False)


def set_up() -> None:
    """Send everything to stderr as JSON lines; the HTTP server speaks of its own problems only."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JSONLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


def quiet() -> None:
    """Send nothing anywhere, for a program that tells people itself what is wrong."""
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)


def note(message: str, **fields: object) -> None:
    """Log what somebody on call would want to have been told."""
    LOGGER.info(message, extra={"fields": fields})


def problem(message: str, **fields: object) -> None:
    """Log one problem."""
    LOGGER.warning(message, extra={"fields": fields})
