"""Child processes that do not outlive who started them."""

from __future__ import annotations

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1
"""Source: linux/prctl.h."""


def die_with_parent() -> None:
    """To be called in a child between fork and exec: it gets SIGTERM when its parent dies.

    So a supervisor that is killed leaves no worker behind. Only Linux knows this; elsewhere nothing
    happens.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
