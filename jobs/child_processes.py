"""Child processes that do not outlive who started them."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1
"""Source: linux/prctl.h."""
AUTOGROUP = Path("/proc/self/autogroup")


def die_with_parent() -> None:
    """To be called in a child between fork and exec: it gets SIGTERM when its parent dies.

    So a supervisor that is killed leaves no worker behind. Only Linux knows this; elsewhere nothing
    happens.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def stand_back(nice: int) -> None:
    """To be called in a child between fork and exec, after it got a session of its own.

    Where Linux groups processes by session (sched(7), autogroup), niceness counts within a session
    alone; the session's own is written beside it.
    """
    if nice:
        os.nice(nice)
        with suppress(OSError):  # no such feature here, or asked too often: the niceness remains
            AUTOGROUP.write_text(str(nice), "ascii")
