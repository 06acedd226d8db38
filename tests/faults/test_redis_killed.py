"""Redis dies without a word, and comes back with what is in its append-only file."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import httpx

from jobs.redis_backend.server import EmbeddedRedis
from tests.faults.conftest import Start
from tests.faults.supervised import Job, Supervised, require_whole

KILLS = 3
TEXT = " ".join(f"Sentence {i} goes on for a while, then ends." for i in range(150))
SHORT = 30
"""Jobs that are submitted while Redis dies."""
ENVIRONMENT = {
    "RHAPSODE_PARTS_AT_ONCE": "2",
    "RHAPSODE_SYMBOLS_AT_ONCE": "128",
    # A message that Redis handed out as it died is known to nobody; sent again after so long.
    "RHAPSODE_STALE_SECONDS": "10",
}


def test_killed_redis_costs_no_part(
    durable: EmbeddedRedis, start: Start, undisturbed: Callable[[str], bytes]
) -> None:
    expected, chance = undisturbed(TEXT), random.Random(11)
    service = start(ENVIRONMENT, redis_url=durable.url)
    job = service.submit(text=TEXT, lane="bulk")
    for _ in range(KILLS):
        before = service.parts_done(job)
        service.until(lambda before=before: service.parts_done(job) > before)  # type: ignore[misc]
        moment = time.monotonic() + chance.uniform(0.0, 0.3)
        service.until(lambda moment=moment: time.monotonic() > moment)  # type: ignore[misc]
        assert not service.over(job), "the job was too short for all kills"
        durable.kill()
        assert service.look(job) is None
        durable.start()
    done = service.ended(job)
    require_whole(done, service.audio(job), expected)
    assert service.finished() == 1


def test_what_was_accepted_before_redis_died_is_synthesized(
    durable: EmbeddedRedis, start: Start
) -> None:
    """202 is a promise: Redis had written the job to its file before it answered."""
    service = start(ENVIRONMENT, redis_url=durable.url)
    jobs = [service.submit(text=f"Number {i}.") for i in range(SHORT)]
    durable.kill()
    refused = service.http.post("/synthesize", json={"text": "Now?"})
    assert (refused.status_code, refused.json()["code"]) == (503, "redis_unavailable")
    assert refused.headers["retry-after"]
    durable.start()
    assert {service.ended(job)["state"] for job in jobs} == {"succeeded"}
    assert _listed(service) == {job["id"] for job in jobs}
    assert [service.ends(job) for job in jobs] == [1] * SHORT
    assert (
        service.finished() <= SHORT
    )  # an end whose answer Redis did not live to send is uncounted


def _listed(service: Supervised) -> set[str]:
    found: list[Job] = service.http.get("/jobs", params={"limit": 100}).json()["jobs"]
    return {job["id"] for job in found}


def test_a_client_that_repeats_its_key_makes_one_job(durable: EmbeddedRedis, start: Start) -> None:
    """Not knowing whether it was accepted, it asks again."""
    service = start(ENVIRONMENT, redis_url=durable.url)
    headers, body = {"Idempotency-Key": "once"}, {"text": "Once."}
    first = service.http.post("/synthesize", json=body, headers=headers).json()
    durable.kill()
    durable.start()

    def accepted() -> httpx.Response | None:
        answer = service.http.post("/synthesize", json=body, headers=headers)
        return None if answer.status_code == 503 else answer

    service.until(lambda: accepted() is not None)
    again = accepted()
    assert again is not None
    assert again.json()["id"] == first["id"]
    assert service.ended(first)["state"] == "succeeded"
    assert _listed(service) == {first["id"]}
