"""Which threads go first."""

from __future__ import annotations

import os
import sys
import threading


def give_way(nice: int) -> None:
    """Lets others go first: the calling thread's nice value, where threads have one (Linux).

    Source: setpriority(2), "C library/kernel differences": on Linux it is an attribute of a thread.
    """
    if nice and sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)
