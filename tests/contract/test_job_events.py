"""What the moves of a job bring with them on a real Redis: events, backlog, pace, outlook."""

from __future__ import annotations

import threading

import pytest

from core.part import JobPlan, Part, PartAudio, PartResult
from core.record import JobError, JobEvent, JobRecord
from core.request import Controls, Lane, Source
from core.text import Span, Utterance
from jobs.ids import new_job_id
from jobs.progress import Backlog, Forecast
from jobs.protocols import PLAN
from jobs.redis_backend.backlog import RedisBacklog
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.events import AT_ONCE, RedisEvents
from jobs.redis_backend.listener import JobEventListener
from jobs.redis_backend.server import EmbeddedRedis
from jobs.redis_backend.store import redis_job_store

NOW = 1_700_000_000.0
SOURCE = Source(text="Hello.")
UTTERANCE = Utterance(
    text="a", span=Span(0, 1), phonemes=("a",), phoneme_ids=(3,), pause_after_seconds=0.0
)
SOUND = PartAudio(samples=(22050,), durations=((86,),), batch_sizes=(1,), sample_rate=22050)


class JobDriver:
    """Everything that reads and writes jobs, on one Redis."""

    def __init__(self, url: str) -> None:
        self.store, self.events = (
            redis_job_store(open_redis(url), alive_seconds=10),
            RedisEvents(open_redis(url)),
        )
        self.reader = RedisBacklog(open_redis(url))
        self._made = 0

    def make(self, *seconds: float, lane: Lane = "bulk") -> str:
        """A job, planned if it has parts."""
        self._made += 1
        at = NOW + self._made
        request = Controls(voice="v", acoustic="a", vocoder="w", sample_rate=22050, lane=lane)
        record = JobRecord(
            id=new_job_id(at), state="queued", request=request, source=SOURCE.facts, created_at=at
        )
        self.store.records.create(record, SOURCE)
        if seconds:
            self.plan(record.id, *seconds)
        return record.id

    def plan(self, job: str, *seconds: float) -> None:
        plan = JobPlan(
            parts=len(seconds), utterances=len(seconds), lead_seconds=0.0, text_seconds=0.0
        )
        parts = [Part(i, i, (UTTERANCE,), seconds=s) for i, s in enumerate(seconds)]
        self.store.plans.put(job, plan, parts)

    def speak(self, job: str, index: int, at: float, *, reused: bool = False) -> bool:
        result = PartResult(index=index, digest="00", audio=SOUND, reused=reused)
        return self.store.results.add(job, result, "w", at)

    def fail(self, job: str, index: int, at: float) -> bool:
        result = PartResult(index=index, error=JobError("x", "x", part=index))
        return self.store.results.add(job, result, "w", at)

    def start(self, job: str, index: int, at: float) -> None:
        assert self.store.leases.claim(job, str(index), "w", at).verdict == "run"

    def outlook(self, job: str) -> Forecast:
        return self.reader.forecast([self.store.records.get(job)])[0]

    def event_names(self, job: str) -> list[str]:
        return [event.event for event in self.events.after(job)]


@pytest.fixture
def driver(redis_url: str) -> JobDriver:
    return JobDriver(redis_url)


def test_every_move_has_one_event_and_in_order(driver: JobDriver) -> None:
    job = driver.make()
    driver.store.leases.claim(job, PLAN, "w", NOW)
    driver.plan(job, 1.0, 3.0)
    driver.plan(job, 1.0, 3.0)  # a second time changes nothing
    driver.start(job, 1, NOW)
    driver.start(job, 0, NOW)
    driver.fail(job, 1, NOW + 1)
    driver.speak(job, 0, NOW + 2)
    driver.speak(job, 0, NOW + 2)
    driver.store.records.finish(job, "partial", NOW + 3)
    driver.store.records.finish(job, "failed", NOW + 3)
    driver.store.records.retry(job, NOW + 4)
    driver.store.records.discard_results(job, [0], NOW + 5)
    driver.store.records.finish(job, "cancelled", NOW + 6)
    events = driver.events.after(job)
    assert [(e.event, e.state, e.part, e.progress.share) for e in events] == [
        ("created", "queued", None, 0.0),
        ("planned", "queued", None, 0.0),
        ("started", "running", None, 0.0),
        ("part_failed", "running", 1, 0.75),
        ("part_done", "running", 0, 1.0),
        ("finished", "partial", None, 1.0),
        ("retried", "running", None, 0.25),
        ("undone", "running", None, 0.0),
        ("finished", "cancelled", None, 0.0),
    ]
    assert [e.id for e in events] == sorted({e.id for e in events}, key=_place)
    assert [e.event for e in driver.events.after(job, events[5].id)] == [
        "retried",
        "undone",
        "finished",
    ]
    assert driver.events.after(job, events[-1].id) == ()
    driver.store.records.forget(job)
    assert driver.events.after(job) == ()


def _place(event_id: str) -> tuple[int, ...]:
    return tuple(map(int, event_id.split("-")))


def test_the_events_of_a_long_job_are_bounded_and_go_on_without_a_gap(driver: JobDriver) -> None:
    job = driver.make(*[0.5] * 2500)
    for index in range(2500):
        driver.speak(job, index, NOW + index)
    seen: list[JobEvent] = []
    while some := driver.events.after(job, seen[-1].id if seen else "0-0"):
        assert len(some) <= AT_ONCE
        seen += some
    assert 1000 <= len(seen) < 1200
    parts = [event.part for event in seen]
    assert parts == list(range(2500 - len(seen), 2500))
    assert seen[-1].progress.parts_done == 2500


def test_nobody_waits_for_a_listener_that_was_cut_off(redis_url: str, driver: JobDriver) -> None:
    job, other = driver.make(), driver.make()
    listener, woken, ended = (
        JobEventListener(open_redis(redis_url)),
        threading.Semaphore(0),
        threading.Event(),
    )
    try:
        with (
            listener.listening(job, woken.release),
            listener.listening(job, ended.set, event="finished"),
        ):
            listener.start()  # now: before, it might listen already, and wake nobody
            assert woken.acquire(timeout=10)  # everybody looks once it listens
            assert ended.wait(10)
            ended.clear()
            driver.plan(other, 1.0)
            driver.plan(job, 1.0)
            assert woken.acquire(timeout=10)
            assert not woken.acquire(blocking=False)
            assert not ended.is_set()
            driver.store.records.finish(job, "cancelled", NOW)
            assert ended.wait(10)
            ended.clear()
            client = open_redis(redis_url)
            client.client_kill_filter(_type="pubsub")
            client.close()
            assert ended.wait(10)
    finally:
        listener.stop()


def test_the_backlog_is_what_planned_jobs_owe(driver: JobDriver) -> None:
    book = driver.make(10.0, 20.0, 30.0)
    short = driver.make(2.0, lane="interactive")
    driver.make()
    assert driver.reader.backlog() == Backlog(interactive=2.0, bulk=60.0)
    driver.start(book, 1, NOW)
    driver.speak(book, 1, NOW)
    driver.fail(book, 0, NOW)
    assert driver.reader.backlog().bulk == 30.0
    driver.store.records.discard_results(book, [1], NOW)
    assert driver.reader.backlog().bulk == 50.0
    driver.speak(book, 1, NOW)
    driver.speak(book, 2, NOW)
    driver.store.records.finish(book, "partial", NOW)
    driver.store.records.retry(book, NOW)
    assert driver.reader.backlog().bulk == 10.0
    driver.store.records.finish(short, "cancelled", NOW)
    driver.store.records.forget(book)
    assert (driver.reader.backlog().interactive, driver.reader.backlog().bulk) == (0.0, 0.0)
    driver.store.records.forget(book)
    assert driver.reader.backlog().bulk == 0.0


def test_the_pace_counts_busy_time_alone_and_forgets(driver: JobDriver) -> None:
    first = driver.make(10.0, 10.0)
    assert driver.reader.backlog().pace is None
    driver.start(first, 0, NOW)
    driver.speak(first, 0, NOW + 2)
    assert driver.reader.backlog().pace == pytest.approx(5.0)
    driver.speak(first, 1, NOW + 4)
    later = driver.make(10.0, 10.0, 10.0)
    driver.start(later, 0, NOW + 5000)  # nobody had anything to do
    driver.speak(later, 0, NOW + 5002)
    assert driver.reader.backlog().pace == pytest.approx(5.0)
    driver.speak(later, 1, NOW + 5002, reused=True)
    assert driver.reader.backlog().pace == pytest.approx(5.0)
    driver.speak(later, 2, NOW + 5302)  # ten seconds in five minutes
    assert driver.reader.backlog().pace == pytest.approx(10 / 300, rel=0.05)


def test_a_clock_that_goes_back_costs_no_time(driver: JobDriver) -> None:
    job = driver.make(10.0, 10.0)
    driver.start(job, 0, NOW)
    driver.speak(job, 0, NOW + 2)
    driver.speak(job, 1, NOW - 100)
    assert driver.reader.backlog().pace == pytest.approx(10.0)


def test_positions_count_queued_jobs_of_the_lane(driver: JobDriver) -> None:
    jobs = [driver.make(1.0), driver.make(1.0, lane="interactive"), driver.make(), driver.make(1.0)]
    positions = [driver.outlook(job).queue_position for job in jobs]
    assert positions == [0, 0, 1, 2]
    driver.start(jobs[0], 0, NOW)
    driver.store.records.finish(jobs[2], "failed", NOW)
    assert [driver.outlook(job).queue_position for job in jobs] == [None, 0, None, 0]
    driver.store.records.retry(jobs[2], NOW)  # it was never planned, so it is queued again
    assert [driver.outlook(job).queue_position for job in jobs] == [None, 0, 0, 1]


def test_the_eta_is_what_is_before_and_the_rest_by_the_pace(driver: JobDriver) -> None:
    book, other = driver.make(10.0, 30.0), driver.make(20.0)
    unplanned = driver.make()
    assert driver.outlook(book).eta_seconds is None
    driver.start(book, 0, NOW)
    driver.speak(book, 0, NOW + 2)  # 5 seconds of speech a second
    assert driver.outlook(book).eta_seconds == pytest.approx(30 / 5)
    assert driver.outlook(other).eta_seconds == pytest.approx(50 / 5)
    assert driver.outlook(unplanned).eta_seconds is None
    quick = driver.make(5.0, lane="interactive")
    assert driver.outlook(quick).eta_seconds == pytest.approx(1.0)
    assert driver.outlook(other).eta_seconds == pytest.approx(55 / 5)
    driver.speak(book, 1, NOW + 8)
    assert driver.outlook(book).eta_seconds == pytest.approx(1.0)  # only the quick one is before it
    driver.store.records.finish(book, "succeeded", NOW + 9)
    assert driver.outlook(book) == Forecast()
    driver.store.records.finish(quick, "cancelled", NOW + 9)
    assert driver.outlook(other).eta_seconds == pytest.approx(4.0)


def test_a_cancelled_job_behind_makes_no_eta_negative(driver: JobDriver) -> None:
    first = driver.make(10.0, 10.0)
    behind = driver.make(500.0)
    driver.start(first, 0, NOW)
    driver.speak(first, 0, NOW + 1)
    driver.store.records.finish(behind, "cancelled", NOW + 1)
    assert driver.outlook(first).eta_seconds == pytest.approx(1.0)


def test_all_of_it_survives_a_restart(tmp_path_factory: pytest.TempPathFactory) -> None:
    with EmbeddedRedis(tmp_path_factory.mktemp("aof")) as server:
        driver = JobDriver(server.url)
        job = driver.make(10.0, 30.0)
        driver.start(job, 0, NOW)
        driver.speak(job, 0, NOW + 2)
        before = driver.events.after(job), driver.reader.backlog(), driver.outlook(job)
        server.stop()
        server.start()
        again = JobDriver(server.url)
        assert (again.events.after(job), again.reader.backlog(), again.outlook(job)) == before
        again.store.records.finish(job, "cancelled", NOW + 3)
        assert [e.event for e in again.events.after(job, before[0][-1].id)] == ["finished"]
        assert again.reader.backlog().bulk == 0.0
