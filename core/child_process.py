"""What a child process does between fork and exec: it dies with its parent, yields to others."""

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
    """Has this child get SIGTERM when its parent dies; to be called between fork and exec.

    So a supervisor that is killed leaves no worker behind. Only Linux knows this; elsewhere nothing
    happens.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def lower_session_priority(nice: int) -> None:
    """Raises the nice value of this child's session; to be called between fork and exec.

    The child has got a session of its own before.

    Where Linux groups processes by session (sched(7), autogroup), niceness counts within a session
    alone; the session's own is written beside it.
    """
    if nice:
        os.nice(nice)
        with suppress(OSError):  # no such feature here, or asked too often: the niceness remains
            AUTOGROUP.write_text(str(nice), "ascii")
