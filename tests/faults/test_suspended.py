"""A synthesizer that is suspended for long comes back, and its work is done soon after."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from tests.faults.conftest import Start
from tests.faults.supervised import Supervised, require_whole

TEXT = " ".join(f"Sentence {i} goes on for a while, then ends." for i in range(60))


def recovered(service: Supervised) -> float:
    """Returns how much work was taken for lost and sent again."""
    lines = service.http.get("/metrics").text.splitlines()
    own = (line for line in lines if line.startswith("tts_work_recovered_total"))
    return sum(float(line.split()[-1]) for line in own)


def test_a_suspended_synthesizer_goes_on_with_its_parts(
    start: Start, undisturbed: Callable[[str], bytes]
) -> None:
    """Work of a job is sent again after ten minutes at the latest: longer than this test waits."""
    expected = undisturbed(TEXT)
    # One part at a time goes to the device, and the others wait in the hands of the worker.
    service = start({"RHAPSODE_SYMBOLS_AT_ONCE": "64", "RHAPSODE_PARTS_AT_ONCE": "8"})
    job = service.submit(text=TEXT, lane="bulk")
    service.until(lambda: service.parts_done(job) > 0)
    child = service.child("synthesizer").process
    assert child is not None
    os.kill(child.pid, signal.SIGSTOP)
    try:
        service.until(lambda: recovered(service) > 0)
    finally:
        os.kill(child.pid, signal.SIGCONT)
    done = service.ended(job)
    require_whole(done, service.audio(job), expected)
