"""For all suites: how they share workers, and that no clock and no luck decides about generated cases.

`make test` runs them side by side (`pytest -n`); without -n they run one after the other as usual.
"""

import os

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# A shared machine may be slow at any moment, so time is for benchmarks; and a gate must not depend on luck.
hypothesis.settings.register_profile("gate", deadline=None, derandomize=True)
hypothesis.settings.load_profile("gate")

E2E = "tests/e2e/"
WHOLE = (E2E, "tests/api/")
NICE = 10


class Suites(LoadScopeScheduling):
    """Hands out whole files; a suite with one cluster, or one API server, for all its files goes whole."""

    def _split_scope(self, nodeid: str) -> str:
        return next((suite for suite in WHOLE if nodeid.startswith(suite)), nodeid.partition("::")[0])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Suites:
    return Suites(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Beside the cluster every other suite steps back: there, pods must be ready within some time."""
    beside = "PYTEST_XDIST_WORKER" in os.environ and not item.nodeid.startswith(E2E)
    if beside and os.getpriority(os.PRIO_PROCESS, 0) < NICE:
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
