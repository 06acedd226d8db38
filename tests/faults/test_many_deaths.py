"""Twenty kills of any worker at random moments of one long job."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest

from tests.faults.conftest import Start
from tests.faults.supervised import Job, Supervised, require_whole

KILLS = 20
WORKERS = ("planner", "synthesizer-0", "synthesizer-1")
SENTENCES = 700
"""Enough that the job still runs at the last kill, which the test asserts."""
TEXT = " ".join(f"Sentence {i} goes on for a while, then ends." for i in range(SENTENCES))
PAUSE_SECONDS = (0.1, 1.2)
"""Between two kills: from the middle of a start to the middle of the work."""
ENVIRONMENT = {
    # Few parts and symbols at once, so that the job is under way for long.
    "RHAPSODE_PARTS_AT_ONCE": "2",
    "RHAPSODE_SYMBOLS_AT_ONCE": "128",
}


@pytest.mark.parametrize("seed", [5])
def test_twenty_kills_cost_nothing(
    seed: int, start: Start, undisturbed: Callable[[str], bytes]
) -> None:
    expected = undisturbed(TEXT)
    service = start(ENVIRONMENT, synthesizers=2)
    job = service.submit(text=TEXT, lane="bulk")
    _kill_at_random(service, job, random.Random(seed))
    done = service.ended(job)
    require_whole(done, service.audio(job), expected)
    assert service.finished() == 1


def _kill_at_random(service: Supervised, job: Job, chance: random.Random) -> None:
    for _ in range(KILLS):
        moment = time.monotonic() + chance.uniform(*PAUSE_SECONDS)
        service.until(lambda moment=moment: time.monotonic() > moment)  # type: ignore[misc]
        service.kill(chance.choice(WORKERS))
        assert not service.over(job), "the job was too short for all kills"
