"""Work that was taken from a queue by a worker that died before it claimed it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.part import JobPlan, Part, PartResult
from core.record import JobRecord
from core.request import Controls, Source
from core.text import Span, Utterance
from jobs.celery_queue import CeleryQueue, celery_app
from jobs.ids import new_job_id
from jobs.protocols import ASSEMBLE, PLAN, JobStore
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.store import redis_job_store
from tests.memory_store import memory_job_store
from workers.context import Context, SystemClock
from workers.recovery.lost_messages import LostMessages

NOW = 1_700_000_000.0
UTTERANCE = Utterance(
    text="a", span=Span(0, 1), phonemes=("a",), phoneme_ids=(3,), pause_after_seconds=0.25
)


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> JobStore:
    if request.param == "memory":
        return memory_job_store()
    return redis_job_store(open_redis(request.getfixturevalue("redis_url")))


@pytest.fixture
def job(store: JobStore) -> str:
    return make(store)


def make(store: JobStore) -> str:
    """A job with two parts, none of them sent."""
    source = Source(text="a")
    controls = Controls(voice="v", acoustic="a", vocoder="b")
    job_id = new_job_id(NOW)
    record = JobRecord(
        id=job_id, state="queued", request=controls, source=source.facts, created_at=NOW
    )
    store.records.create(record, source)
    plan = JobPlan(parts=2, utterances=2, lead_seconds=0.0, text_seconds=0.0)
    store.plans.put(job_id, plan, [Part(i, i, (UTTERANCE,)) for i in range(2)])
    return job_id


def claimed(store: JobStore, job: str) -> None:
    store.leases.claim(job, "0", "w", NOW)


def done(store: JobStore, job: str) -> None:
    claimed(store, job)
    store.results.add(job, PartResult(index=0), "w", NOW)


def over(store: JobStore, job: str) -> None:
    store.records.finish(job, "cancelled", NOW)


def test_what_nobody_holds_is_orphaned(store: JobStore, job: str) -> None:
    assert store.leases.is_unclaimed(job, "0")
    assert store.leases.is_unclaimed(job, PLAN)
    assert not store.leases.is_unclaimed("f" * 32, "0")


@pytest.mark.parametrize("move", [claimed, done, over])
def test_what_is_held_done_or_over_is_not(
    move: Callable[[JobStore, str], None], store: JobStore, job: str
) -> None:
    move(store, job)
    assert not store.leases.is_unclaimed(job, "0")


def test_what_is_released_is_again(store: JobStore, job: str) -> None:
    claimed(store, job)
    store.leases.release(job, "0", "w")
    assert store.leases.is_unclaimed(job, "0")


def test_what_comes_next_and_nobody_holds_is_loose(store: JobStore, job: str) -> None:
    assert store.records.open_jobs() == (job,)
    assert store.leases.unclaimed(job) == ("0", "1")
    claimed(store, job)
    assert store.leases.unclaimed(job) == ("1",)
    store.leases.claim(job, PLAN, "w", NOW)
    assert store.leases.unclaimed(job) == ()
    store.leases.release(job, PLAN, "w")
    for index in (0, 1):
        store.results.add(job, PartResult(index=index), "w", NOW)
    assert (
        store.leases.unclaimed(job) == ()
    )  # who ended the last part has promised to send assemble
    store.leases.release(job, ASSEMBLE, "?w")
    assert store.leases.unclaimed(job) == (ASSEMBLE,)
    over(store, job)
    assert (store.leases.unclaimed(job), store.records.open_jobs()) == ((), ())


def test_a_message_that_vanished_is_found_in_the_second_round(redis_url: str) -> None:
    store, queue = (
        redis_job_store(open_redis(redis_url)),
        CeleryQueue(open_redis(redis_url), celery_app(redis_url)),
    )
    context = Context(
        store=store,
        queue=queue,
        worker="planner",
        clock=SystemClock(),
        attempts=3,
        **dict.fromkeys(("audio", "catalogue", "part_index")),  # type: ignore[arg-type]
    )
    job_id = make(store)
    queue.synthesize(job_id, 0, "bulk")  # of part 1 there is none
    census = LostMessages(context)
    assert census.check() == 0
    assert census.check() == 1
    assert sorted(queue.waiting()) == [(job_id, "0"), (job_id, "1")]
    assert [census.check() for _ in range(3)] == [0, 0, 0]
