"""Threads that give way."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from synthesis.thread_priority import lower_priority


def nice_after(*steps: int) -> int:
    """Of a thread of its own: a thread cannot take its niceness back."""

    def run() -> int:
        for step in steps:
            lower_priority(step)
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no nice value of their own here")
def test_a_nice_thread_stays_at_least_as_nice() -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert nice_after(0) == own
    assert nice_after(10) == min(19, own + 10)
    assert nice_after(10, 10) == 19
    assert os.getpriority(os.PRIO_PROCESS, 0) == own
