"""Work that was taken from a queue by a worker that died before it claimed it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.job import Controls, JobPlan, JobRecord, Part, PartResult, Source
from core.text import Span, Utterance
from jobs.ids import new_job_id
from jobs.protocols import PLAN, JobStore
from jobs.redis_store import RedisStore
from tests.memory_store import MemoryStore

NOW = 1_700_000_000.0
UTTERANCE = Utterance(
    text="a", span=Span(0, 1), phonemes=("a",), phoneme_ids=(3,), pause_after_seconds=0.25
)


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> JobStore:
    if request.param == "memory":
        return MemoryStore()
    return RedisStore(request.getfixturevalue("redis_url"))


@pytest.fixture
def job(store: JobStore) -> str:
    source = Source(text="a")
    controls = Controls(voice="v", acoustic="a", vocoder="b")
    job_id = new_job_id(NOW)
    record = JobRecord(
        id=job_id, state="queued", request=controls, source=source.facts, created_at=NOW
    )
    store.create(record, source)
    plan = JobPlan(parts=2, utterances=2, lead_seconds=0.0, text_seconds=0.0)
    store.put_plan(job_id, plan, [Part(i, i, (UTTERANCE,)) for i in range(2)])
    return job_id


def claimed(store: JobStore, job: str) -> None:
    store.claim(job, "0", "w", NOW)


def done(store: JobStore, job: str) -> None:
    claimed(store, job)
    store.part_done(job, PartResult(index=0), "w", NOW)


def over(store: JobStore, job: str) -> None:
    store.finish(job, "cancelled", NOW)


def test_what_nobody_holds_is_orphaned(store: JobStore, job: str) -> None:
    assert store.orphaned(job, "0")
    assert store.orphaned(job, PLAN)
    assert not store.orphaned("f" * 32, "0")


@pytest.mark.parametrize("move", [claimed, done, over])
def test_what_is_held_done_or_over_is_not(
    move: Callable[[JobStore, str], None], store: JobStore, job: str
) -> None:
    move(store, job)
    assert not store.orphaned(job, "0")


def test_what_is_released_is_again(store: JobStore, job: str) -> None:
    claimed(store, job)
    store.release(job, "0", "w")
    assert store.orphaned(job, "0")
