"""What a store refuses is tried again later, by a free thread, and not for ever."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from celery import Celery

import workers.app
from core.errors import Unavailable
from core.part import JobPlan, Part
from core.record import JobRecord
from core.request import Controls, Source
from core.text import Span, Utterance
from jobs.celery_queue import ASSEMBLE_TASK, CeleryQueue, celery_app
from jobs.ids import new_job_id
from jobs.protocols import ASSEMBLE, PLAN, MessageOrigin, WorkerBeat
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.keys import job_key
from jobs.redis_backend.part_index import RedisPartIndex
from jobs.redis_backend.store import redis_job_store
from jobs.storage.folder import FolderStore
from tests.fake_engine import CATALOGUE
from tests.faults.test_damaged_audio import synthesized
from workers.celery_runtime.in_flight import WaitingTasks
from workers.celery_runtime.queue_order import QueueOrder
from workers.context import Context
from workers.recovery.janitor import recover_lost
from workers.recovery.postponed import LONGEST_SECONDS, postpone
from workers.tasks.assemble import assemble
from workers.tasks.plan import plan
from workers.tasks.synthesize import synthesize

UTTERANCE = Utterance(
    text="a", span=Span(0, 1), phonemes=("a",), phoneme_ids=(3,), pause_after_seconds=0.0
)
HOUR = 3600.0
FULL = Unavailable("the disk refuses the file: no space left", code="disk")


class SetClock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time


class DamagingStore(FolderStore):
    """A disk that changes a bit of whatever is put on it."""

    def put(self, key: str, data: bytes) -> None:
        damaged = bytearray(data)
        damaged[-1] ^= 0x10
        super().put(key, bytes(damaged))


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def app(redis_url: str) -> Celery:
    return celery_app(redis_url)


@pytest.fixture
def context(redis_url: str, app: Celery, clock: SetClock, tmp_path: Path) -> Context:
    client = open_redis(redis_url)
    context = Context(
        store=redis_job_store(client, alive_seconds=2 * HOUR),
        queue=CeleryQueue(client, app, now=clock.now),
        audio=FolderStore(tmp_path),
        part_index=RedisPartIndex(client),
        catalogue=CATALOGUE,
        clock=clock,
        worker="me",
        attempts=3,
        unavailable_seconds=HOUR,
    )
    context.store.workers.beat(WorkerBeat("me", "planner", clock.now(), True))
    return context


@pytest.fixture
def job(context: Context) -> str:
    """A job of one part."""
    source, now = Source(text="a"), context.clock.now()
    record = JobRecord(
        id=new_job_id(now), state="queued", request=Controls(), source=source.facts, created_at=now
    )
    context.store.records.create(record, source)
    made = JobPlan(parts=1, utterances=1, lead_seconds=0.0, text_seconds=0.1)
    context.store.plans.put(record.id, made, [Part(0, 0, (UTTERANCE,))])
    return record.id


def test_a_task_that_a_store_refuses_leaves_its_thread(
    context: Context, app: Celery, clock: SetClock, job: str
) -> None:
    calls: list[str] = []

    def refused(job_id: str, origin: MessageOrigin) -> None:
        calls.append(job_id)
        raise FULL

    waits, order = WaitingTasks(1), QueueOrder(1, ())
    register = partial(workers.app._register, app, order, threading.Event(), waits)
    register(partial(postpone, context), ASSEMBLE_TASK, refused)
    app.tasks[ASSEMBLE_TASK].apply(args=(job,), routing_key="assemble")
    assert (calls, waits.stalled) == ([job], False)
    assert list(context.queue.waiting()) == [(job, ASSEMBLE)]
    assert context.queue.send_due(clock.now()) == 0
    clock.time += 1
    assert context.queue.send_due(clock.now()) == 1
    assert context.queue.depths()["assemble"] == 1
    assert list(context.queue.waiting()) == [(job, ASSEMBLE)]


def test_waits_grow_and_then_the_job_fails_and_says_why(
    context: Context, clock: SetClock, job: str
) -> None:
    waits = []
    while context.store.records.get(job).state == "queued":
        context.store.leases.claim(job, PLAN, "me", clock.now())
        postpone(context, job, PLAN, "plan", FULL)
        begin = clock.now()
        while not context.queue.send_due(clock.now()) and clock.now() < begin + HOUR:
            clock.time += 1
        waits.append(clock.now() - begin)
    assert waits[:7] == [1, 2, 4, 8, 16, 32, 60]
    assert set(waits[6:-1]) == {LONGEST_SECONDS}
    error = context.store.records.get(job).error
    assert error is not None
    assert (error.code, error.retryable) == ("disk", True)
    assert error.message.startswith(FULL.message)
    assert sum(waits[:-1]) >= HOUR


def test_a_part_goes_back_to_its_own_queue(context: Context, clock: SetClock, job: str) -> None:
    context.store.leases.claim(job, "0", "me", clock.now())
    postpone(context, job, "0", "interactive", FULL)
    clock.time += 1
    context.queue.send_due(clock.now())
    assert context.queue.depths()["interactive"] == 1
    assert context.store.leases.claim(job, "0", "another", clock.now()).verdict == "run"


@pytest.mark.parametrize("row", ["request", "plan"])
def test_a_record_that_nobody_can_read_is_not_tried_for_ever(
    context: Context, clock: SetClock, redis_url: str, job: str, row: str
) -> None:
    open_redis(redis_url).hset(job_key(job), row, b"\xff not msgpack")
    state = partial(open_redis(redis_url).hget, job_key(job), "state")
    tries = 0
    while state() == b"queued":
        try:
            plan(context, job)
        except Unavailable as error:
            postpone(context, job, PLAN, "plan", error)
        tries += 1
        clock.time += LONGEST_SECONDS
    assert (state(), tries) == (b"failed", HOUR / LONGEST_SECONDS + 1)


def test_lost_work_of_an_unreadable_record_keeps_no_other_from_being_found(
    context: Context, clock: SetClock, redis_url: str, job: str
) -> None:
    source = Source(text="b")
    other = JobRecord(
        id=new_job_id(clock.now()),
        state="queued",
        request=Controls(),
        source=source.facts,
        created_at=clock.now(),
    )
    context.store.records.create(other, source)
    context.store.leases.claim(job, PLAN, "gone", clock.now())
    context.store.leases.claim(other.id, PLAN, "gone", clock.now())
    open_redis(redis_url).hset(job_key(job), "request", b"\xff not msgpack")
    assert recover_lost(context, HOUR) == 2
    assert {job_id for job_id, _ in context.queue.waiting()} == {job, other.id}


def test_a_disk_that_damages_all_ends_the_job(context: Context, tmp_path: Path, job: str) -> None:
    context = replace(context, audio=DamagingStore(tmp_path))
    made = 0
    for _ in range(20):
        if context.store.records.get(job).state not in ("queued", "running"):
            break
        synthesize(context, synthesized, job, 0)  # type: ignore[arg-type]
        assemble(context, job)
        made += 1
    record = context.store.records.get(job)
    assert record.error is not None
    assert (record.state, record.error.code) == ("failed", "part_audio_damaged")
    assert made == context.attempts
