"""The cases that are timed: our networks per runtime, and Piper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from benchmarks.choices import Choice, choices
from core.request import RuntimeName
from core.voice import Catalogue

RUNTIMES: tuple[RuntimeName, ...] = get_args(RuntimeName)


@dataclass(frozen=True, slots=True)
class TimedCase:
    """One row of the table.

    Attributes:
        name: name of the row.
        choice: voice and networks; None means Piper.
        batch: number of texts in a batch (Piper knows only 1).
        threads: threads of the network; None leaves the peer's default.
        processes: number of processes that share the sentences.
        pair: components behind acoustic model and vocoder; None means Piper.
    """

    name: str
    choice: Choice | None
    batch: int
    threads: int | None
    processes: int
    pair: tuple[str, str] | None = None

    def facts(self) -> dict[str, object]:
        """Returns the settings of the case, for the JSON file."""
        runtime = self.choice.runtime if self.choice else None
        shape = {"batch": self.batch, "threads": self.threads, "processes": self.processes}
        return {"pair": self.pair, "runtime": runtime, **shape}


def our_cases(
    catalogue: Catalogue, runtimes: Sequence[RuntimeName], batch: int, processes: int
) -> list[TimedCase]:
    """Returns a case per pair of components and runtime; the first runtime is also timed singly."""
    cases, seen = [], set()
    for choice in choices(catalogue):
        selection = choice.selection(catalogue)
        pair = (selection.acoustic_component.name, selection.vocoder_component.name)
        if pair in seen:
            continue
        seen.add(pair)
        label = " × ".join(pair)
        for runtime in runtimes:
            own = Choice(choice.voice, choice.acoustic, choice.vocoder, runtime)
            for size in (batch, 1) if runtime == runtimes[0] else (batch,):
                name = f"{label}, {runtime}, batch {size}"
                cases.append(TimedCase(name, own, size, 1, processes, pair))
    return cases


def piper_cases(processes: int) -> list[TimedCase]:
    """Returns Piper with one thread per process, as we run, and with its defaults."""
    same = TimedCase(f"piper medium, {processes} × 1 thread", None, 1, 1, processes)
    return [same, TimedCase("piper medium, as it comes", None, 1, None, 1)]
