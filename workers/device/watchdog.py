"""Ends a worker whose device hangs, after its heartbeats have stopped."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable

import structlog

from core.errors import DeviceError

HUNG_STATUS = 70
"""Exit status of a process that ended itself. Source: sysexits.h, EX_SOFTWARE."""
LAST_SECONDS = 60.0
"""After the bound, before the process ends itself [s]: a liveness probe is quicker where there is
one, and other processes have seen by then that the beats are missing."""

log = structlog.get_logger(__name__)


class Watchdog:
    """Checks how long the device has been in one batch.

    Args:
        busy_seconds: how long the present batch has taken [s]; 0 = the device waits.
        bound: a batch that takes longer hangs [s].
        thread: id of the device's thread, whose stack is logged.
        end: ends the process at once (no thread can be asked to, least of all the one that hangs).
    """

    def __init__(
        self,
        busy_seconds: Callable[[], float],
        bound: float,
        *,
        thread: int | None = None,
        end: Callable[[int], object] = os._exit,
    ) -> None:
        self._busy, self._bound, self._end = busy_seconds, bound, end
        self.thread = thread
        self._logged = False

    @property
    def alive(self) -> bool:
        """Whether no batch takes longer than the bound."""
        return self._busy() <= self._bound

    def check(self) -> None:
        """Ends the process where the device has hung for long.

        Raises:
            DeviceError: it hangs (code ``device_hangs``); a worker that hangs must not beat.
        """
        seconds = self._busy()
        if seconds <= self._bound:
            self._logged = False
            return
        if not self._logged:
            log.error("device_hangs", seconds=round(seconds), at=self._stack())
            self._logged = True
        if seconds > self._bound + LAST_SECONDS:
            log.error("ending", code="device_hangs")
            self._end(HUNG_STATUS)
        raise DeviceError(f"one batch takes {seconds:.0f} s", code="device_hangs")

    def _stack(self) -> list[str]:
        frame = sys._current_frames().get(self.thread or 0)
        frames = traceback.extract_stack(frame)[-6:] if frame else []
        return [f"{one.filename}:{one.lineno} {one.name}" for one in frames]
