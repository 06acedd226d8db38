"""Kills at random moments: twenty of any worker, and some of any process, Redis and the API too."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import httpx
import pytest

from jobs.redis_backend.server import EmbeddedRedis
from tests.faults.conftest import Start
from tests.faults.supervised import LOOK_SECONDS, Job, Supervised, require_whole

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


KINDS = (*WORKERS, "api", "redis")
ALL_KILLS = 10
"""Of any process."""


def test_kills_of_any_process_end_every_job_once(
    durable: EmbeddedRedis, start: Start, undisturbed: Callable[[str], bytes]
) -> None:
    text = TEXT[: len(TEXT) // 2]
    expected, chance = undisturbed(text), random.Random(9)
    # What Redis handed out as it died is sent again soon. Of a worker that starts again many die.
    own = {"RHAPSODE_STALE_SECONDS": "15", "RHAPSODE_ATTEMPTS": "20"}
    service = start(ENVIRONMENT | own, redis_url=durable.url, synthesizers=2)
    long = service.submit(text=text, lane="bulk")
    short = []
    for number in range(ALL_KILLS):
        short.append(_accepted(service, number))
        moment = time.monotonic() + chance.uniform(*PAUSE_SECONDS)
        service.until(lambda moment=moment: time.monotonic() > moment)  # type: ignore[misc]
        kind = chance.choice(KINDS)
        if kind == "redis":
            durable.kill()
            durable.start()
        else:
            service.kill(kind)
    assert not service.over(long), "the job was too short for all kills"
    done = service.ended(long)
    require_whole(done, service.audio(long), expected)
    assert {service.ended(job)["state"] for job in short} == {"succeeded"}
    assert {service.ends(job) for job in (long, *short)} == {1}


def _accepted(service: Supervised, number: int) -> Job:
    """Submits a sentence as a client does that gets no answer now and then."""
    answers: list[httpx.Response] = []

    def accepted() -> bool:
        headers = {"Idempotency-Key": f"sentence-{number}"}
        try:
            answers.append(
                service.http.post(
                    "/synthesize",
                    json={"text": f"Number {number}."},
                    headers=headers,
                    timeout=LOOK_SECONDS,
                )
            )
        except httpx.TransportError:
            return False
        assert answers[-1].status_code in (202, 503), answers[-1].text
        return answers[-1].status_code == 202

    service.until(accepted)
    job: Job = answers[-1].json()
    return job
