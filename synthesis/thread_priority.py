"""The priority of the threads that compute."""

from __future__ import annotations

import os
import sys
import threading

NICEST = 19
"""Source: sched(7)."""


def lower_priority(nice: int) -> None:
    """Raises the calling thread's nice value, where threads have one of their own (Linux).

    It is added to the present value: a process that is nice already may not take that back.

    Source: setpriority(2), "C library/kernel differences": on Linux it is an attribute of a thread.
    """
    if nice and sys.platform == "linux":
        thread = threading.get_native_id()
        present = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, min(NICEST, present + nice))
