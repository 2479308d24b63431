"""promptflow's enumerations and helpers that user code imports and seldom more than imports."""

import logging
from enum import Enum

from flow_runtime.flow.model import ValueType

__all__ = [
    "ConnectionAuthMode",
    "ConnectionDefaultApiVersion",
    "LoggerFactory",
    "Status",
    "ToolType",
    "ValueType",
    "get_cli_sdk_logger",
    "get_logger",
]


class Status(Enum):
    """How far a run is."""

    Running = "Running"
    Preparing = "Preparing"
    Completed = "Completed"
    Failed = "Failed"
    Bypassed = "Bypassed"
    Canceled = "Canceled"
    NotStarted = "NotStarted"
    CancelRequested = "CancelRequested"


class ToolType(str, Enum):  # noqa: UP042 - its text is Python's of such a class
    """Kinds of nodes."""

    LLM = "llm"
    PYTHON = "python"
    CSHARP = "csharp"
    TYPESCRIPT = "typescript"
    PROMPT = "prompt"
    _ACTION = "action"
    CUSTOM_LLM = "custom_llm"


class ConnectionAuthMode:
    """How a connection proves who it is."""

    KEY = "key"
    MEID_TOKEN = "meid_token"  # noqa: S105 - a mode


class ConnectionDefaultApiVersion:
    """Versions that are taken where a connection has none."""

    AZURE_OPEN_AI = "2024-02-01"
    COGNITIVE_SEARCH = "2023-11-01"
    AZURE_CONTENT_SAFETY = "2023-10-01"
    FORM_RECOGNIZER = "2023-07-31"


def get_logger(name: str) -> logging.Logger:
    """Give a logger."""
    return logging.getLogger(name)


def get_cli_sdk_logger() -> logging.Logger:
    """Give promptflow's own logger."""
    return logging.getLogger("promptflow")


class LoggerFactory:
    """Makes loggers."""

    @staticmethod
    def get_logger(name: str, *_: object, **__: object) -> logging.Logger:
        """Give a logger; the server says where it writes."""
        return logging.getLogger(name)
