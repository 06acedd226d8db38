"""Whose the cores were: of the service's processes, of the load generator, of others (Linux)."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Final

from cli.stack import Stack

INTERVAL: Final = 0.5
"""Between two looks at what others took [s]."""
TICK: Final = 1 / os.sysconf("SC_CLK_TCK")
"""Unit of the kernel's CPU times [s]."""


class CpuWatch:
    """Reads the CPU times of a service that runs on this machine.

    Args:
        stack: the service; its processes are those of this moment.

    Attributes:
        taken: mean cores that others took in each interval of the last ``others``.
    """

    def __init__(self, stack: Stack) -> None:
        names = {child.process.pid: child.name for child in stack.children if child.process}
        self._names = {pid: names.get(pid, "redis") for pid in _descendants(os.getpid())}
        self._names[os.getpid()] = "load generator"
        for pid, parent in _parents().items():
            if parent in names:
                self._names[pid] = names[parent]  # a helper of the API
        self.taken: list[float] = []

    def read(self) -> dict[str, float]:
        """Returns the CPU seconds of each process so far."""
        found = dict.fromkeys(self._names.values(), 0.0)
        for pid, name in self._names.items():
            fields = _fields(pid)
            found[name] += (int(fields[11]) + int(fields[12])) * TICK
        return found

    async def others(self) -> None:
        """Notes what others take, interval by interval, until it is cancelled."""
        self.taken = []
        last, at = self._of_others(), time.perf_counter()
        while True:
            await asyncio.sleep(INTERVAL)
            now, now_at = self._of_others(), time.perf_counter()
            self.taken.append(round(max(0.0, (now - last) / (now_at - at)), 3))
            last, at = now, now_at

    def _of_others(self) -> float:
        """Returns the CPU seconds of the machine that are not the service's, the host's steal
        included."""
        first = Path("/proc/stat").read_text("ascii").splitlines()[0].split()
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, first[1:9])
        machine = (user + nice + system + irq + softirq + steal) * TICK
        return machine - sum(self.read().values())


def _fields(pid: int) -> list[str]:
    """Returns the fields of a process' stat after its name; the first is its state."""
    return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()


def _parents() -> dict[int, int]:
    found = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                found[int(path.name)] = int(_fields(int(path.name))[1])
            except OSError:
                continue  # it has ended
    return found


def _descendants(root: int) -> list[int]:
    parents, found = _parents(), [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found[1:]
