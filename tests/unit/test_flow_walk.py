"""The way of a run through very many nodes."""

import itertools

from flow_runtime.flow.activate import Rule
from flow_runtime.flow.assignment import Assignment
from flow_runtime.flow.nodes import PromptNode
from flow_runtime.flow.run import Run, Services
from flow_runtime.flow.threads import Threads
from flow_runtime.flow.walk import Plan, Walk
from flow_runtime.llm.function import FunctionChat
from tests.unit.flow_helpers import connection

NAMES = [f"n{no}" for no in range(3000)]


async def walked(rules: dict[str, Rule]) -> Run:
    """Walk a chain of as many prompt nodes."""
    nodes = tuple(PromptNode(name, lambda _: "said", Assignment.of(name, {}, {})) for name in NAMES)
    needs = {name: frozenset(NAMES[max(0, no - 1) : no]) for no, name in enumerate(NAMES)}
    run = Run({}, Services(FunctionChat(), connection, Threads(1)), deadline=0)
    await Walk(Plan.of(nodes, needs, rules), run).walk()
    return run


async def test_a_chain_of_thousands_of_nodes_runs_in_its_order() -> None:
    run = await walked({})
    assert [step.node for step in run.steps] == NAMES
    assert set(run.values.values()) == {"said"}


async def test_thousands_of_nodes_are_passed_over_one_after_the_other() -> None:
    never = Rule("n0", frozenset(), conditional=True, when="this", wanted="that")
    after = {name: Rule(name, frozenset({before})) for before, name in itertools.pairwise(NAMES)}
    run = await walked({"n0": never, **after})
    assert run.bypassed == set(NAMES)
