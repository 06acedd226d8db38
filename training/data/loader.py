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


class SampledLoader(BatchLoader[tuple[int, list[Framed]], Batch]):
    """The same of a sampler's batches, whose place can be saved.

    Args:
        sampler: stands where the batches that were loaded end, whatever was made ahead.
        make: number of a draw and its utterances → the batch.
        device: where batches go.
        processes: that make them.
    """

    def __init__(
        self,
        sampler: BatchSampler[Framed],
        make: Callable[[tuple[int, list[Framed]]], Batch],
        *,
        device: str,
        processes: int,
    ) -> None:
        super().__init__(self._ahead, make, device=device, processes=processes)
        self.sampler = sampler

    def _ahead(self, first: int) -> Iterator[tuple[int, list[Framed]]]:
        ahead = copy(self.sampler)
        for draw in draws(first):
            yield draw, ahead.next_batch()

    def load(self, draw: int) -> Batch:
        """Returns the batch of a draw, on the device, and moves the sampler on."""
        batch = super().load(draw)
        self.sampler.next_batch()
        return batch

    def state(self) -> dict[str, Any]:
        """Returns the sampler's place."""
        return self.sampler.state()

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes on from a place; what was made ahead is dropped."""
        self.sampler.load_state(state)
        self.batches, self.next_draw = iter(()), None


class _Made(Dataset[Any]):
    def __init__(self, make: Callable[[Any], Any]) -> None:
        self.make = make

    def __getitem__(self, task: Any) -> Any:
        return self.make(task)


def on_device(batch: Batch, device: str) -> Batch:
    """Returns a named tuple whose tensors, also those of tuples in it, are on the device."""

    def moved(x: Any) -> Any:
        if isinstance(x, Tensor):
            return x.to(device, non_blocking=True)
        return tuple(map(moved, x)) if isinstance(x, tuple) else x

    return type(batch)(*map(moved, batch))


def draws(first: int) -> Iterator[int]:
    """Yields the numbers of this process's draws: tasks of batches that depend on nothing else."""
    return count(first, distributed.size())


def loading_processes(device: str, cores: int) -> int:
    """Returns how many processes make batches where nobody says: none beside training on a CPU."""
    return 0 if torch.device(device).type == "cpu" else min(4, cores - 1)
