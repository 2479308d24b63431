"""The way of one run through the nodes: whatever is ready runs at the same time, the first failure ends all.

Who finishes a node goes on with one that it made ready, so a chain needs no more than one task.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from flow_runtime.flow.activate import Rule
from flow_runtime.flow.nodes import Runner
from flow_runtime.flow.run import Run, Step
from flow_runtime.flow.steps import timed

NODES_AT_ONCE = 16
"""promptflow's bound on the nodes of one run."""


@dataclass(frozen=True)
class Plan:
    """What is the same in all runs."""

    first: tuple[Runner, ...]
    """Nodes that need none."""
    needs: Mapping[str, int]
    """Node to the number of nodes whose outputs it takes."""
    dependents: Mapping[str, Sequence[Runner]]
    """Node to those that take its output."""
    rules: Mapping[str, Rule]
    """When each node is passed over; empty where none ever is."""

    @classmethod
    def of(
        cls, nodes: tuple[Runner, ...], needs: Mapping[str, frozenset[str]], rules: Mapping[str, Rule]
    ) -> "Plan":
        """Turn needs around."""
        dependents: dict[str, list[Runner]] = {node.name: [] for node in nodes}
        for node in nodes:
            for needed in needs[node.name]:
                dependents[needed].append(node)
        first = tuple(node for node in nodes if not needs[node.name])
        return cls(first, {name: len(needed) for name, needed in needs.items()}, dependents, rules)


class Walk:
    """One run on its way. It costs a step for each need, however long the flow is."""

    def __init__(self, plan: Plan, run: Run) -> None:
        self._plan = plan
        self._run = run
        self._missing = dict(plan.needs)
        self._ready: deque[Runner] = deque()
        self._walkers = 0

    async def walk(self) -> None:
        """Run all nodes. Raises the first NodeError; what still runs then is canceled."""
        self._admit(self._plan.first)
        while len(self._ready) == 1:  # nothing to overlap with: no task is needed
            await self._step(self._ready.popleft())
        if not self._ready:
            return
        try:
            async with asyncio.TaskGroup() as group:
                self._spread(group)
        except BaseExceptionGroup as errors:
            first = errors.exceptions[0]
            raise first from first.__cause__
        if len(self._run.values) < len(self._missing):
            raise asyncio.CancelledError  # a node's own code did so; a TaskGroup takes it for done

    async def _follow(self, node: Runner | None, group: asyncio.TaskGroup) -> None:
        while node is not None:
            await self._step(node)
            node = self._ready.popleft() if self._ready else None
            self._spread(group)
        self._walkers -= 1

    def _spread(self, group: asyncio.TaskGroup) -> None:
        while self._ready and self._walkers < NODES_AT_ONCE:
            self._walkers += 1
            group.create_task(self._follow(self._ready.popleft(), group))

    async def _step(self, node: Runner) -> None:
        self._run.values[node.name] = await timed(self._run, node.name, node.run(self._run))
        self._admit(self._freed(node))

    def _freed(self, node: Runner) -> Iterator[Runner]:
        """A node has its value: give those that waited for nothing else."""
        for dependent in self._plan.dependents[node.name]:
            self._missing[dependent.name] -= 1
            if not self._missing[dependent.name]:
                yield dependent

    def _admit(self, nodes: Iterable[Runner]) -> None:
        """Let nodes begin, or pass them over and look at those that this frees."""
        run, rules = self._run, self._plan.rules
        found = deque(nodes)
        while found:
            node = found.popleft()
            if rules and rules[node.name].bypasses(run):
                run.bypassed.add(node.name)
                run.values[node.name] = None
                run.steps.append(Step(node.name, 0.0, "bypassed"))
                found.extend(self._freed(node))
            else:
                self._ready.append(node)
