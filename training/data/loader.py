"""Batches ahead of time: other processes read and augment while the device learns.

On a GPU a step takes less time than its batch does on one core of the CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from itertools import count
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from training import distributed
from training.data.dataset import BatchSampler, Framed

BATCHES_AHEAD = 4
"""Of each process."""
Task = TypeVar("Task")
Batch = TypeVar("Batch", bound=tuple[Any, ...])


class BatchLoader(Generic[Task, Batch]):
    """Makes the batches of consecutive draws, here or in other processes; either way the same ones.

    Args:
        tasks: number of a draw → what the batches of this draw and all later ones are made of.
        make: one of those → the batch, a named tuple of tensors on the CPU.
        device: where batches go.
        processes: that make them; 0 = this one, when they are asked for.
    """

    def __init__(
        self,
        tasks: Callable[[int], Iterator[Task]],
        make: Callable[[Task], Batch],
        *,
        device: str,
        processes: int,
    ) -> None:
        self.tasks, self.make, self.device, self.processes = tasks, make, device, processes
        self.batches: Iterator[Batch] = iter(())
        self.next_draw: int | None = None

    def load(self, draw: int) -> Batch:
        """Returns the batch of a draw, on the device."""
        if draw != self.next_draw:
            self.batches = self._begin(self.tasks(draw))
        self.next_draw = None  # who failed begins anew
        batch = on_device(next(self.batches), self.device)
        self.next_draw = draw + distributed.size()
        return batch

    def forget(self) -> None:
        """Drops what was made ahead, since its draws will be made of something else."""
        self.batches, self.next_draw = iter(()), None

    def _begin(self, tasks: Iterator[Task]) -> Iterator[Batch]:
        if not self.processes:
            return map(self.make, tasks)
        loader: DataLoader[Batch] = DataLoader(
            _Made(self.make),
            batch_size=None,
            sampler=tasks,  # any iterable will do
            num_workers=self.processes,
            prefetch_factor=BATCHES_AHEAD,
            pin_memory=self.device != "cpu",
            multiprocessing_context="fork",  # arrays of the corpus are not copied
            generator=torch.Generator(),  # else it draws a seed from the numbers of dropout
        )
        return iter(loader)


class _Made(Dataset[Any]):
    def __init__(self, make: Callable[[Any], Any]) -> None:
        self.make = make

    def __getitem__(self, task: Any) -> Any:
        return self.make(task)


def on_device(batch: Batch, device: str) -> Batch:
    """Returns a named tuple whose tensors are on the device."""
    moved = (x.to(device, non_blocking=True) if isinstance(x, Tensor) else x for x in batch)
    return type(batch)(*moved)


def draws(first: int) -> Iterator[int]:
    """Yields the numbers of this process's draws: tasks of batches that depend on nothing else."""
    return count(first, distributed.size())


def sampled(sampler: BatchSampler[Framed]) -> Callable[[int], Iterator[tuple[int, list[Framed]]]]:
    """Returns tasks of a sampler, whose own place moves with ``next_batch`` alone."""

    def tasks(first: int) -> Iterator[tuple[int, list[Framed]]]:
        ahead = copy(sampler)
        for draw in draws(first):
            yield draw, ahead.next_batch()

    return tasks


def loading_processes(device: str, cores: int) -> int:
    """Returns how many processes make batches where nobody says: none beside training on a CPU."""
    return 0 if torch.device(device).type == "cpu" else min(4, cores - 1)
