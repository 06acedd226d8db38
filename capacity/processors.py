"""Cores that tasks share: every task goes on at every moment, the slower the more there are.

That is processor sharing, as Linux does it: tasks of one process share what the process gets, and
processes share the cores by their weights, each thread at most one core.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

FEWEST_CORES: Final = 0.05
"""What remains of a machine however much others take: its scheduler lets nobody starve."""


@dataclass(frozen=True, slots=True, eq=False)
class ProcessGroup:
    """A process, or a group of them that the scheduler treats as one.

    Attributes:
        weight: against other groups. Source: sched(7), "The autogroup feature": niceness weighs
            sessions against each other, and control groups are weighed likewise.
        limit: most cores that it can use: 1 under Python's lock.
    """

    weight: float = 1.0
    limit: float = math.inf


@dataclass(slots=True, eq=False)
class ProcessorTask:
    """Something to be computed by one thread.

    Attributes:
        remaining: what is left of it, in seconds of a core that nothing else disturbs [s].
        group: whose it is.
        outcome: what its end means to whoever gave it.
        weight: against other tasks of the group.
        rate: seconds of it that are done in a second.
    """

    remaining: float
    group: ProcessGroup
    outcome: Any
    weight: float = 1.0
    rate: float = 0.0


@dataclass(slots=True, eq=False)
class Processors:
    """The cores of a machine, and what they compute.

    Attributes:
        cores: that it has.
        contention: how much longer everything takes while all of them are at work, be it for
            others.
        tasks: in the order in which they came.
        version: changes whenever a rate may have changed.
        next_end: when the first task ends if nothing changes before [s]; inf without any.
    """

    cores: float
    contention: float = 1.0
    tasks: list[ProcessorTask] = field(default_factory=list)
    version: int = 0
    next_end: float = math.inf
    _taken: float = 0.0
    _since: float = 0.0
    _next: ProcessorTask | None = None

    def add(self, now: float, task: ProcessorTask) -> None:
        """Begins a task."""
        self._advance(now)
        self.tasks.append(task)
        self._allot(now)

    def remove_next(self, now: float) -> Any:
        """Ends the task that is due, and returns its outcome."""
        assert self._next is not None
        ended = self._next
        self._advance(now)
        self.tasks.remove(ended)
        self._allot(now)
        return ended.outcome

    def take_cores(self, now: float, cores: float) -> None:
        """Has others take so many cores from now on."""
        self._advance(now)
        self._taken = cores
        self._allot(now)

    def _advance(self, now: float) -> None:
        for task in self.tasks:
            task.remaining = max(0.0, task.remaining - (now - self._since) * task.rate)
        self._since = now

    def _allot(self, now: float) -> None:
        self.version += 1
        groups: dict[ProcessGroup, list[ProcessorTask]] = {}
        for task in self.tasks:
            groups.setdefault(task.group, []).append(task)
        wishes = [(group.weight, min(group.limit, len(own))) for group, own in groups.items()]
        free = max(FEWEST_CORES, self.cores - self._taken)
        allotted = fair_shares(free, wishes)
        speed = 1 / self._slowdown(min(self.cores, sum(allotted) + self._taken))
        for own, cores in zip(groups.values(), allotted, strict=True):
            shares = fair_shares(cores, [(task.weight, 1.0) for task in own])
            for task, share in zip(own, shares, strict=True):
                task.rate = share * speed
        ends = ((now + task.remaining / task.rate, task) for task in self.tasks)
        self.next_end, self._next = min(ends, key=lambda end: end[0], default=(math.inf, None))

    def _slowdown(self, busy: float) -> float:
        """Returns the factor on the time of all work with so many cores busy: linear between one
        and all."""
        if self.cores <= 1:
            return 1.0
        return 1 + (self.contention - 1) * max(0.0, busy - 1) / (self.cores - 1)


def fair_shares(capacity: float, wishes: Sequence[tuple[float, float]]) -> list[float]:
    """Returns what each gets of a capacity: in proportion to weights, nobody more than it can use.

    Args:
        capacity: to be shared.
        wishes: weight and limit of each.

    >>> fair_shares(2.0, [(1, 1.0), (1, 1.0), (2, 1.0)])
    [0.5, 0.5, 1.0]
    """
    shares = [0.0] * len(wishes)
    weights = sum(weight for weight, _ in wishes)
    # Whoever reaches its limit first, by limit per weight, leaves the rest to the others.
    for at in sorted(range(len(wishes)), key=lambda index: wishes[index][1] / wishes[index][0]):
        weight, limit = wishes[at]
        shares[at] = min(limit, capacity * weight / weights)
        capacity -= shares[at]
        weights -= weight
    return shares
