"""Unit tests open no socket but those of the event loop (unix); one that hangs is ended."""

from pathlib import Path

import pytest
import pytest_socket

TEST_SECONDS = 20
"""A test takes under 2 s on a machine of its own; this is for machines that are shared, and for hangs."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(TEST_SECONDS, func_only=True))


def pytest_runtest_setup() -> None:
    pytest_socket.disable_socket(allow_unix_socket=True)
