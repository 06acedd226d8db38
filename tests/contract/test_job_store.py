"""One contract for every job store."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from core.errors import Conflict, LimitReached, NotFound, Unavailable
from core.part import JobPlan, Part, PartAudio, PartResult, SampleChunk
from core.record import JobError, JobProgress, JobRecord, JobState
from core.report import StageSeconds, SynthesisReport
from core.request import Chapter, Controls, Source
from core.text import Notice, Span, Utterance
from jobs.ids import new_job_id
from jobs.protocols import (
    ASSEMBLE,
    PLAN,
    Claim,
    Idempotency,
    JobFilter,
    JobStore,
    OpenJobLimits,
    Refusal,
    WorkerBeat,
)
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.part_index import RedisPartIndex
from jobs.redis_backend.store import redis_job_store
from tests.memory_store import MemoryPartIndex, memory_job_store

NOW = 1_700_000_000.0
SOURCE = Source(text="Grüße, 😀", chapters=(Chapter("One", Span(0, 5)),))
REQUEST = Controls(voice="tiny", acoustic="fastspeech2", vocoder="hifigan", sample_rate=22050)
UTTERANCE = Utterance(
    text="a", span=Span(0, 1), phonemes=("a",), phoneme_ids=(3,), pause_after_seconds=0.25
)
REPORT = SynthesisReport(
    audio_seconds=2.0,
    compute_seconds=0.5,
    rtf=0.25,
    stage_seconds=StageSeconds(0.1, 0.1, 0.2, 0.1),
    queue_seconds=0.0,
    batch_fill=1.5,
    utterances=1,
    sample_rate=22050,
    samples=44100,
    artifacts={"a": "00"},
    warnings=(Notice("word_guessed", "x", Span(0, 1)),),
)


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> JobStore:
    if request.param == "memory":
        return memory_job_store(alive_seconds=10)
    return redis_job_store(open_redis(request.getfixturevalue("redis_url")), alive_seconds=10)


def fresh(at: float = NOW) -> JobRecord:
    return JobRecord(
        id=new_job_id(at), state="queued", request=REQUEST, source=SOURCE.facts, created_at=at
    )


def make(store: JobStore, *, parts: int = 0, at: float = NOW) -> str:
    """A job, planned if it is to have parts."""
    record = fresh(at)
    store.records.create(record, SOURCE)
    if parts:
        plan = JobPlan(parts=parts, utterances=parts, lead_seconds=0.0, text_seconds=0.01)
        store.plans.put(record.id, plan, [Part(i, i, (UTTERANCE,)) for i in range(parts)])
    return record.id


def alive(store: JobStore, *workers: str, at: float = NOW) -> None:
    for worker in workers:
        store.workers.beat(WorkerBeat(worker, "synthesizer", at, True, ("voice",)))


def test_a_record_comes_back_as_it_was(store: JobStore) -> None:
    store.records.ping()
    job = make(store)
    record = store.records.get(job)
    assert (record.state, record.request, record.created_at) == ("queued", REQUEST, NOW)
    assert (record.source, record.owner) == (SOURCE.facts, None)
    assert store.records.source(job) == SOURCE
    assert record.report is None
    assert record.finished_at is None


def test_what_is_not_there_is_not_found(store: JobStore) -> None:
    nobody = new_job_id(NOW)
    for look in (
        store.records.get,
        lambda j: store.plans.part(j, 0),
        lambda j: store.records.finish(j, "failed", NOW),
    ):
        with pytest.raises(NotFound):
            look(nobody)
    assert store.leases.claim(nobody, PLAN, "w", NOW).verdict == "gone"


def test_an_idempotency_key_names_one_job(store: JobStore) -> None:
    def create(key: str, payload: str) -> str:
        return store.records.create(fresh(), SOURCE, Idempotency(key, payload)).id

    first = create("k", "p")
    assert create("k", "p") == first
    assert create("other", "p") != first
    with pytest.raises(Conflict) as caught:
        create("k", "q")
    assert caught.value.code == "idempotency_mismatch"
    store.records.forget(first)
    assert create("k", "q") != first


def test_pages_are_newest_first_and_complete(store: JobStore) -> None:
    ids = [make(store, at=NOW + i) for i in range(5)]
    store.records.finish(ids[1], "failed", NOW)
    seen: list[str] = []
    cursor = None
    while True:
        page = store.records.page(cursor=cursor, limit=2)
        seen += [record.id for record in page.jobs]
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == ids[::-1]
    failed = store.records.page(wanted=JobFilter(state="failed"), cursor=None, limit=10)
    assert [record.id for record in failed.jobs] == [ids[1]]
    queued = store.records.page(wanted=JobFilter(state="queued"), cursor=None, limit=10)
    assert [record.id for record in queued.jobs] == [ids[4], ids[3], ids[2], ids[0]]


def test_the_first_claimed_part_starts_the_job(store: JobStore) -> None:
    job = make(store)
    assert store.leases.claim(job, PLAN, "w", NOW).verdict == "run"
    assert store.records.get(job).state == "queued"
    job = make(store, parts=2)
    assert store.leases.claim(job, "1", "w", NOW + 3).attempt == 1
    assert (store.records.get(job).state, store.records.get(job).started_at) == ("running", NOW + 3)
    store.leases.claim(job, "0", "w", NOW + 4)
    assert store.records.get(job).started_at == NOW + 3


def test_work_belongs_to_one_live_worker(store: JobStore) -> None:
    job = make(store, parts=1)
    alive(store, "a", "b")
    assert store.leases.claim(job, "0", "a", NOW).verdict == "run"
    assert store.leases.claim(job, "0", "b", NOW + 5).verdict == "held"
    assert (
        store.leases.claim(job, "0", "a", NOW + 5).verdict == "run"
    )  # it goes on with what it holds
    assert store.leases.claim(job, "0", "b", NOW + 20).verdict == "run"  # a died long ago
    store.leases.release(job, "0", "a")  # not its own any more
    alive(store, "b", at=NOW + 20)
    assert store.leases.claim(job, "0", "a", NOW + 21).verdict == "held"
    store.leases.release(job, "0", "b")
    assert store.leases.claim(job, "0", "a", NOW + 21).verdict == "run"


def test_a_try_counts_where_it_began(store: JobStore) -> None:
    job = make(store, parts=1)
    assert store.leases.claim(job, "0", "a", NOW).attempt == 1
    assert store.leases.claim(job, "0", "b", NOW + 20).attempt == 1  # a died, but not of this
    assert not store.leases.begin(job, "0", "a")
    assert store.leases.begin(job, "0", "b")
    assert store.leases.begin(job, "0", "b")  # once more what it holds: the same try
    assert store.leases.claim(job, "0", "b", NOW + 21).attempt == 1
    store.leases.release(job, "0", "b")  # tried without an end
    assert store.leases.claim(job, "0", "b", NOW + 22).attempt == 2
    assert store.leases.begin(job, "0", "b")
    assert store.leases.claim(job, "0", "c", NOW + 40).attempt == 3


def test_what_is_over_never_begins(store: JobStore) -> None:
    job = make(store, parts=1)
    store.leases.claim(job, "0", "a", NOW)
    store.records.finish(job, "cancelled", NOW)
    assert not store.leases.begin(job, "0", "a")
    assert not store.leases.begin("0" * 32, "0", "a")


def test_a_plan_is_stored_once(store: JobStore) -> None:
    job = make(store)
    assert store.plans.get(job) is None
    first = JobPlan(parts=130, utterances=130, lead_seconds=0.5, text_seconds=0.1)
    store.plans.put(job, first, [Part(i, i, (UTTERANCE,)) for i in range(130)])
    store.plans.put(job, JobPlan(parts=1, utterances=1, lead_seconds=0, text_seconds=0), [])
    assert store.plans.get(job) == first
    assert store.plans.part(job, 129) == Part(129, 129, (UTTERANCE,))
    assert store.results.missing(job) == tuple(range(130))
    assert store.records.get(job).progress.parts_total == 130


def test_exactly_one_part_is_the_last(store: JobStore) -> None:
    job = make(store, parts=3)
    results = [
        PartResult(index=2, audio=PartAudio(samples=(5,), durations=((1, 2),)), reused=True),
        PartResult(index=0, error=JobError("anomaly", "x", part=0)),
        PartResult(index=1, digest="0a", audio=PartAudio(artifacts={"a": "0"}, sample_rate=22050)),
    ]
    last = []
    for result in results:
        last.append(store.results.add(job, result, "w", NOW))
        last.append(store.results.add(job, result, "w", NOW))  # the message came twice
    assert last == [False, False, False, False, True, False]
    assert store.leases.claim(job, "2", "another", NOW).verdict == "done"
    progress = store.records.get(job).progress
    assert (progress.parts_total, progress.parts_done, progress.parts_failed) == (3, 2, 1)
    assert list(store.results.all(job)) == sorted(results, key=lambda result: result.index)
    assert store.results.missing(job) == ()


def test_a_job_ends_once(store: JobStore) -> None:
    job = make(store, parts=1)
    store.leases.claim(job, "0", "w", NOW)
    assert store.records.finish(job, "succeeded", NOW + 9, report=REPORT)
    assert not store.records.finish(job, "failed", NOW + 10, error=JobError("late", "x"))
    record = store.records.get(job)
    assert (record.state, record.report, record.error) == ("succeeded", REPORT, None)
    assert record.finished_at == NOW + 9
    assert store.leases.claim(job, ASSEMBLE, "w", NOW).verdict == "over"
    with pytest.raises(Conflict):
        store.results.add(job, PartResult(index=0), "w", NOW)
    with pytest.raises(NotFound):
        store.plans.part(job, 0)


def test_a_cancelled_job_runs_nothing(store: JobStore) -> None:
    job = make(store, parts=2)
    assert store.records.finish(job, "cancelled", NOW)
    assert store.leases.claim(job, "0", "w", NOW).verdict == "over"
    assert store.leases.claim(job, PLAN, "w", NOW).verdict == "over"
    assert store.leases.expire(NOW + 1e6, stale_before=NOW + 1e6) == ()


def test_work_of_dead_workers_is_lost_once(store: JobStore) -> None:
    job = make(store, parts=3)
    alive(store, "dead", "lives")
    store.leases.claim(job, "0", "dead", NOW)
    store.leases.claim(job, "1", "lives", NOW)
    alive(store, "lives", at=NOW + 20)
    assert store.leases.expire(NOW + 20, stale_before=0) == ((job, "0"),)
    assert store.leases.expire(NOW + 20, stale_before=0) == ()
    store.workers.leave("lives")
    assert store.leases.expire(NOW + 20, stale_before=0) == ((job, "1"),)


def test_a_promised_assembly_outlives_its_worker(store: JobStore) -> None:
    job = make(store, parts=1)
    alive(store, "dies", "planner")
    store.leases.claim(job, "0", "dies", NOW)
    assert store.results.add(job, PartResult(index=0), "dies", NOW)
    # It died before it could send the message.
    alive(store, "planner", at=NOW + 20)
    assert store.leases.expire(NOW + 20, stale_before=0) == ((job, ASSEMBLE),)
    assert store.leases.claim(job, ASSEMBLE, "planner", NOW + 20).verdict == "run"
    assert store.leases.expire(NOW + 21, stale_before=0) == ()


def test_a_worker_that_may_not_have_sent_assemble_learns_of_its_promise(store: JobStore) -> None:
    job = make(store, parts=2)
    alive(store, "last", "other")
    for index in range(2):
        store.leases.claim(job, str(index), "last", NOW)
        store.results.add(job, PartResult(index=index), "last", NOW)
    # Redis went away before it answered, or before the message was sent: the task is tried again.
    assert store.leases.claim(job, "1", "last", NOW).verdict == "promised"
    assert store.leases.claim(job, "1", "other", NOW).verdict == "done"
    assert store.leases.claim(job, ASSEMBLE, "planner", NOW).verdict == "run"
    assert store.leases.claim(job, "1", "last", NOW).verdict == "done"


def test_refused_work_is_given_back_and_counted_until_it_is_done(store: JobStore) -> None:
    job = make(store, parts=2)
    alive(store, "w", "other")
    for count in (1, 2):
        assert store.leases.claim(job, "0", "w", NOW).attempt == 1  # a refusal is no try
        assert store.leases.begin(job, "0", "w")
        assert store.leases.refuse(job, "0", "w", NOW + count) == Refusal("0", count, NOW + 1)
    assert store.leases.claim(job, "0", "other", NOW).verdict == "run"
    store.results.add(job, PartResult(index=0), "other", NOW)
    store.records.discard_results(job, [0], NOW)
    assert store.leases.refuse(job, "0", "other", NOW + 5) == Refusal("0", 1, NOW + 5)
    store.records.finish(job, "cancelled", NOW + 6)
    assert store.leases.refuse(job, "0", "other", NOW + 7) is None


def test_a_refused_message_for_assemble_is_all_that_is_sent_again(store: JobStore) -> None:
    job = make(store, parts=1)
    alive(store, "w", "other")
    store.leases.claim(job, "0", "w", NOW)
    assert store.results.add(job, PartResult(index=0), "w", NOW)
    assert store.leases.refuse(job, "0", "w", NOW) == Refusal(ASSEMBLE, 1, NOW)


def test_dropped_results_are_counted_until_the_job_ends(store: JobStore) -> None:
    job = make(store, parts=1)
    store.leases.claim(job, "0", "w", NOW)
    assert [store.records.discard_results(job, [0], NOW) for _ in range(2)] == [1, 2]
    store.records.finish(job, "failed", NOW)
    store.records.retry(job, NOW)
    assert store.records.discard_results(job, [0], NOW) == 1


def test_a_promised_assembly_is_anybodys(store: JobStore) -> None:
    job = make(store, parts=1)
    alive(store, "synthesizer", "planner")
    assert store.results.add(job, PartResult(index=0), "synthesizer", NOW)
    assert store.leases.claim(job, ASSEMBLE, "planner", NOW).verdict == "run"


def test_what_nobody_holds_is_planned_again(store: JobStore) -> None:
    job = make(store)
    assert store.leases.expire(NOW + 100, stale_before=NOW - 1) == ()
    assert store.leases.expire(NOW + 100, stale_before=NOW + 1) == ((job, PLAN),)
    assert store.leases.expire(NOW + 100, stale_before=NOW + 1) == ()  # it counts as touched


def test_what_is_held_for_too_long_is_lost_though_its_worker_lives(store: JobStore) -> None:
    job = make(store, parts=1)
    alive(store, "hangs", at=NOW + 99)
    store.leases.claim(job, "0", "hangs", NOW)
    assert store.leases.expire(NOW + 100, stale_before=NOW + 1) == ((job, "0"),)


def test_workers_are_those_with_a_late_beat(store: JobStore) -> None:
    alive(store, "a", at=NOW)
    alive(store, "b", at=NOW + 9)
    assert {beat.id for beat in store.workers.alive(NOW + 9)} == {"a", "b"}
    assert {beat.id for beat in store.workers.alive(NOW + 15)} == {"b"}
    store.workers.leave("b")
    assert store.workers.alive(NOW + 9)[0].loaded == ("voice",)
    assert {beat.id for beat in store.workers.alive(NOW + 9)} == {"a"}


def test_old_ended_jobs_are_forgotten(store: JobStore) -> None:
    old, running, slow, young = (make(store, at=NOW + at) for at in (0.0, 0.1, 0.2, 100.0))
    for job, end in ((old, 1), (slow, 60), (young, 101)):
        store.records.finish(job, "failed", NOW + end)
    assert store.records.ended_before(NOW + 50) == (old,)
    assert store.records.ended_before(NOW + 70, limit=1) == (old,)
    store.records.forget(old)
    assert store.records.ended_before(NOW + 50, limit=1) == ()
    assert store.records.ended_before(NOW + 70, limit=1) == (slow,)
    assert {r.id for r in store.records.page(cursor=None, limit=9).jobs} == {running, slow, young}


def test_redis_that_is_away_is_unavailable(closed_port: int) -> None:
    store = redis_job_store(open_redis(f"redis://127.0.0.1:{closed_port}/0"))
    calls: list[Callable[[], object]] = [
        store.records.ping,
        lambda: store.records.get("0"),
        lambda: store.leases.claim("0", PLAN, "w", NOW),
    ]
    for call in calls:
        with pytest.raises(Unavailable):
            call()


def ended(store: JobStore, state: JobState, *errors: int) -> str:
    """A job of three parts, some failed."""
    job = make(store, parts=3)
    for index in range(3):
        error = JobError("anomaly", "x") if index in errors else None
        store.leases.claim(job, str(index), "w", NOW)
        store.results.add(job, PartResult(index=index, error=error), "w", NOW)
    store.records.finish(job, state, NOW, error=JobError("anomaly", "x"))
    return job


def test_retry_runs_what_failed_and_nothing_else(store: JobStore) -> None:
    job = ended(store, "partial", 1)
    record = store.records.retry(job, NOW + 5)
    assert (record.state, record.error, record.finished_at) == ("running", None, None)
    assert record.progress == JobProgress(3, 2, 0)
    assert store.results.missing(job) == (1,)
    assert store.plans.part(job, 1) == Part(1, 1, (UTTERANCE,))
    assert store.leases.claim(job, "1", "w", NOW + 6) == Claim("run", 1)
    assert store.results.add(job, PartResult(index=1), "w", NOW + 7)
    assert store.records.finish(job, "succeeded", NOW + 8, report=REPORT)
    assert store.records.get(job).progress == JobProgress(3, 3, 0)
    found = store.records.page(wanted=JobFilter(state="succeeded"), cursor=None, limit=10).jobs
    assert [one.id for one in found] == [job]
    assert store.records.page(wanted=JobFilter(state="partial"), cursor=None, limit=10).jobs == ()


def test_a_job_that_could_not_be_planned_is_queued_again(store: JobStore) -> None:
    job = make(store)
    store.records.finish(job, "failed", NOW, error=JobError("x", "x"))
    assert store.records.retry(job, NOW).state == "queued"
    assert store.leases.claim(job, PLAN, "w", NOW).verdict == "run"


def test_what_is_well_or_runs_is_not_retried(store: JobStore) -> None:
    for job in (make(store, parts=1), ended(store, "succeeded"), ended(store, "cancelled")):
        with pytest.raises(Conflict) as caught:
            store.records.retry(job, NOW)
        assert caught.value.code == "not_retryable"
    with pytest.raises(NotFound):
        store.records.retry(new_job_id(NOW), NOW)


def test_a_succeeded_job_keeps_only_its_record(store: JobStore) -> None:
    job = ended(store, "succeeded")
    assert (list(store.plans.parts(job)), list(store.results.all(job))) == ([], [])
    job = ended(store, "partial", 2)
    assert [len(list(rows)) for rows in (store.plans.parts(job), store.results.all(job))] == [3, 3]


def test_results_can_be_undone_while_a_job_runs(store: JobStore) -> None:
    job = make(store, parts=2)
    for index in (0, 1):
        store.leases.claim(job, str(index), "w", NOW)
        store.results.add(job, PartResult(index=index), "w", NOW)
    store.records.discard_results(job, [0], NOW)
    assert store.results.missing(job) == (0,)
    assert store.records.get(job).progress == JobProgress(2, 1, 0)
    assert store.results.add(job, PartResult(index=0), "w", NOW)
    store.records.finish(job, "cancelled", NOW)
    store.records.discard_results(job, [1], NOW)


def test_the_part_index_forgets_what_nobody_uses(request: pytest.FixtureRequest) -> None:
    for part_index in (
        MemoryPartIndex(),
        RedisPartIndex(open_redis(request.getfixturevalue("redis_url"))),
    ):
        assert not part_index.use("0a", NOW)
        part_index.put("0a", NOW)
        part_index.put("0b", NOW)
        assert part_index.use("0a", NOW + 10)
        assert part_index.take_unused(NOW + 5) == ("0b",)
        assert part_index.take_unused(NOW + 5) == ()
        assert not part_index.use("0b", NOW + 10)
        assert part_index.use("0a", NOW + 11)


def owned(owner: str | None, at: float = NOW, **controls: object) -> JobRecord:
    request = msgspec.structs.replace(REQUEST, **controls)
    return msgspec.structs.replace(fresh(at), owner=owner, request=request)


def put(store: JobStore, owner: str | None, *, limits: OpenJobLimits, at: float = NOW) -> str:
    return store.records.create(owned(owner, at), SOURCE, limits=limits).id


def test_an_owner_has_room_again_when_a_job_ends_however_it_ends(store: JobStore) -> None:
    limits = OpenJobLimits(of_owner=2)
    first, second = (put(store, "a", limits=limits) for _ in range(2))

    def full() -> None:
        with pytest.raises(LimitReached) as caught:
            put(store, "a", limits=limits)
        assert caught.value.code == "too_many_open_jobs"

    full()
    put(store, "b", limits=limits)
    put(store, None, limits=OpenJobLimits())
    store.records.finish(first, "cancelled", NOW)
    third = put(store, "a", limits=limits)
    full()
    store.records.finish(third, "succeeded", NOW)
    store.records.finish(third, "failed", NOW)  # too late, and no second room
    put(store, "a", limits=limits)
    full()
    store.records.forget(second)
    put(store, "a", limits=limits)
    full()


def test_a_retried_job_takes_room(store: JobStore) -> None:
    limits = OpenJobLimits(of_owner=1)
    job = put(store, "a", limits=limits)
    store.records.finish(job, "failed", NOW)
    store.records.retry(job, NOW, limits)
    with pytest.raises(LimitReached):
        put(store, "a", limits=limits)
    store.records.finish(job, "failed", NOW)
    put(store, "a", limits=limits)
    with pytest.raises(LimitReached):
        store.records.retry(job, NOW, limits)
    assert store.records.get(job).state == "failed"
    with pytest.raises(Unavailable):
        store.records.retry(job, NOW, OpenJobLimits(of_all=1))


def test_there_is_room_for_so_many_jobs_of_all(store: JobStore) -> None:
    limits = OpenJobLimits(of_all=2)
    first = put(store, "a", limits=limits)
    put(store, None, limits=limits)
    with pytest.raises(Unavailable) as caught:
        put(store, "b", limits=limits)
    assert caught.value.code == "overloaded"
    store.records.finish(first, "succeeded", NOW)
    put(store, "b", limits=limits)


def test_a_known_request_needs_no_room_and_a_refused_one_leaves_nothing(store: JobStore) -> None:
    room, key = OpenJobLimits(of_all=1, of_owner=1), Idempotency("k", "p")
    job = store.records.create(owned("a"), SOURCE, key, room).id
    assert store.records.create(owned("a"), SOURCE, key, room).id == job
    with pytest.raises(Unavailable):
        store.records.create(owned("a"), SOURCE, Idempotency("other", "p"), room)
    store.records.finish(job, "succeeded", NOW)
    assert [r.id for r in store.records.page(cursor=None, limit=9).jobs] == [job]
    assert store.records.create(owned("a"), SOURCE, Idempotency("other", "q"), room).id != job


def test_owners_may_use_the_same_idempotency_key(store: JobStore) -> None:
    ids = {
        store.records.create(owned(owner), SOURCE, Idempotency("k", payload)).id
        for owner, payload in (("a", "p"), ("b", "p"), (None, "q"))
    }
    assert len(ids) == 3
    assert {store.records.get(i).owner for i in ids} == {"a", "b", None}


def test_lists_are_filtered(store: JobStore) -> None:
    one, two, three, four = (
        store.records.create(owned(owner, NOW + at, lane=lane, voice=voice), SOURCE).id
        for at, owner, lane, voice in (
            (0, "a", "bulk", "tiny"),
            (1, "b", "bulk", "other"),
            (2, "a", "interactive", "tiny"),
            (3, None, "interactive", "other"),
        )
    )
    store.records.finish(one, "succeeded", NOW)

    def ids(**wanted: object) -> list[str]:
        meant = msgspec.convert(wanted, JobFilter)
        return [r.id for r in store.records.page(wanted=meant, cursor=None, limit=9).jobs]

    assert ids(owner="a") == [three, one]
    assert ids(owner="a", state="queued") == [three]
    assert ids(lane="bulk") == [two, one]
    assert ids(voice="other") == [four, two]
    assert ids(since=NOW + 1) == [four, three, two]
    assert ids(until=NOW + 1) == [one]
    assert ids(since=NOW + 1, until=NOW + 3, lane="bulk") == [two]
    assert ids(owner="c") == []
    store.records.forget(three)
    assert ids(owner="a") == [one]


def test_pages_of_a_filter_are_complete(store: JobStore) -> None:
    """More jobs than are read at once, few of which are meant."""
    ids = [
        store.records.create(
            owned(None, NOW + i, lane="bulk" if i % 50 else "interactive"), SOURCE
        ).id
        for i in range(250)
    ]
    wanted, cursor, seen = JobFilter(lane="interactive", until=NOW + 240), None, []
    while True:
        page = store.records.page(wanted=wanted, cursor=cursor, limit=2)
        assert len(page.jobs) <= 2
        seen += [record.id for record in page.jobs]
        if (cursor := page.cursor) is None:
            break
    assert seen == [ids[i] for i in (200, 150, 100, 50, 0)]


def test_a_list_that_admits_few_goes_on_where_it_stopped(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.redis_backend.records.MOST_LOOKED", 100)
    store = redis_job_store(open_redis(redis_url))
    first = store.records.create(owned(None, lane="bulk"), SOURCE).id
    for i in range(1, 150):
        store.records.create(owned(None, NOW + i), SOURCE)
    wanted = JobFilter(lane="bulk")
    page = store.records.page(wanted=wanted, cursor=None, limit=5)
    assert page.jobs == ()
    assert page.cursor is not None
    page = store.records.page(wanted=wanted, cursor=page.cursor, limit=5)
    assert ([record.id for record in page.jobs], page.cursor) == ([first], None)


CHUNK = SampleChunk(utterance=0, start=0, total=4, sample_rate=22050, data=b"\0" * 16)


def test_samples_come_in_order_until_their_part_has_ended(store: JobStore) -> None:
    job = store.records.create(fresh(), SOURCE)
    place, chunks = store.samples.after(job.id, 0)
    assert chunks == ()
    assert store.samples.add(job.id, 0, CHUNK)
    later = msgspec.structs.replace(CHUNK, start=2)
    assert store.samples.add(job.id, 0, later)
    assert store.samples.add(job.id, 1, CHUNK)
    place, chunks = store.samples.after(job.id, 0, place)
    assert chunks == (CHUNK, later)
    assert store.samples.after(job.id, 0, place) == (place, ())
    store.samples.end(job.id, 0)
    assert store.samples.after(job.id, 0)[1] == ()
    assert store.samples.after(job.id, 1)[1] == (CHUNK,)


def test_samples_of_an_ended_job_are_wanted_by_nobody(store: JobStore) -> None:
    job = store.records.create(fresh(), SOURCE)
    store.records.finish(job.id, "cancelled", NOW)
    assert not store.samples.add(job.id, 0, CHUNK)


def test_a_streamed_job_that_succeeded_keeps_its_parts(store: JobStore) -> None:
    for streamed in (True, False):
        job = store.records.create(fresh(), SOURCE)
        assert not job.streamed
        if streamed:
            assert store.records.mark_streamed(job.id).streamed
        plan = JobPlan(parts=1, utterances=1, lead_seconds=0.0, text_seconds=0.0)
        store.plans.put(job.id, plan, [Part(0, 0, (UTTERANCE,))])
        assert store.results.get(job.id, 0) is None
        store.results.add(job.id, PartResult(index=0, digest="0a"), "w", NOW)
        store.records.finish(job.id, "succeeded", NOW, report=REPORT)
        assert store.records.mark_streamed(job.id).streamed == streamed
        assert len(list(store.plans.parts(job.id))) == streamed
        result = store.results.get(job.id, 0)
        assert (result is not None and result.digest == "0a") == streamed


def test_a_streamed_job_that_is_cancelled_keeps_nothing(store: JobStore) -> None:
    record = msgspec.structs.replace(fresh(), streamed=True)
    job = store.records.create(record, SOURCE)
    assert store.records.get(job.id).streamed
    plan = JobPlan(parts=1, utterances=1, lead_seconds=0.0, text_seconds=0.0)
    store.plans.put(job.id, plan, [Part(0, 0, (UTTERANCE,))])
    store.records.finish(job.id, "cancelled", NOW)
    assert list(store.plans.parts(job.id)) == []
