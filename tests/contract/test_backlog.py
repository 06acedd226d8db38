"""Whatever moves jobs make: the backlog is what open jobs owe, to the millisecond."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.errors import RhapsodeError
from core.part import JobPlan, Part, PartAudio, PartResult
from core.record import TERMINAL, JobError, JobRecord, JobState
from core.request import Controls, Lane, Source
from core.text import Span, Utterance
from jobs.ids import new_job_id
from jobs.redis_backend.backlog import RedisBacklog
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.events import RedisEvents
from jobs.redis_backend.server import EmbeddedRedis
from jobs.redis_backend.store import redis_job_store

NOW = 1_700_000_000.0
SOURCE = Source(text="Hello.")
UTTERANCE = Utterance(
    text="a", span=Span(0, 1), phonemes=("a",), phoneme_ids=(3,), pause_after_seconds=0.0
)
SOUND = PartAudio(samples=(100,), durations=((1,),), batch_sizes=(1,), sample_rate=22050)
JOBS, PARTS = 3, 3

START = [("create", 0, 0, 0.0), ("create", 1, 0, 1.0), ("create", 2, 0, 1.0)]
START += [("plan", 0, 0, 2.5), ("plan", 1, 0, 1.2), ("claim", 0, 0, 1.0), ("claim", 1, 0, 1.0)]
START += [("speak", 0, 0, 1.0), ("fail", 1, 1, 1.0)]
moves = st.tuples(
    st.sampled_from(["create", "plan", "claim", "speak", "reuse", "fail", "undo", "retry"])
    | st.sampled_from(["succeeded", "partial", "failed", "cancelled", "forget"]),
    st.integers(0, JOBS - 1),
    st.integers(0, PARTS - 1),
    st.floats(0, 100),
)


class JobsModel:
    """Jobs on a real Redis, moved at will; what a job refuses changes nothing."""

    def __init__(self, url: str) -> None:
        self.store, self.backlog = redis_job_store(open_redis(url)), RedisBacklog(open_redis(url))
        self.events = RedisEvents(open_redis(url))
        self.ids = [new_job_id(NOW + i) for i in range(JOBS)]
        self.made: set[str] = set()
        self.at = NOW

    def move(self, what: str, job: int, part: int, seconds: float) -> None:
        self.at += seconds
        job_id = self.ids[job]
        if what == "create":
            self._create(job_id, job)
        elif job_id in self.made:
            try:
                self._move(what, job_id, part, seconds)
            except RhapsodeError:
                return

    def _create(self, job_id: str, job: int) -> None:
        if job_id not in self.made:
            lane: Lane = "bulk" if job else "interactive"
            request = Controls(voice="v", acoustic="a", vocoder="w", sample_rate=22050, lane=lane)
            self.store.records.create(
                JobRecord(
                    id=job_id,
                    state="queued",
                    request=request,
                    source=SOURCE.facts,
                    created_at=self.at,
                ),
                SOURCE,
            )
            self.made.add(job_id)

    def _move(self, what: str, job_id: str, part: int, seconds: float) -> None:
        store = self.store
        if what == "plan":
            plan = JobPlan(parts=PARTS, utterances=PARTS, lead_seconds=0.0, text_seconds=0.0)
            parts = [Part(i, i, (UTTERANCE,), seconds=seconds + i) for i in range(PARTS)]
            store.plans.put(job_id, plan, parts)
        elif what == "claim":
            store.leases.claim(job_id, str(part), "w", self.at)
        elif what in ("speak", "reuse", "fail"):
            if store.plans.get(job_id) is None:
                return
            error = JobError("x", "x") if what == "fail" else None
            sound = None if error else SOUND
            result = PartResult(index=part, audio=sound, error=error, reused=what == "reuse")
            store.results.add(job_id, result, "w", self.at)
        elif what == "undo":
            store.records.discard_results(job_id, [part], self.at)
        elif what == "retry":
            store.records.retry(job_id, self.at)
        elif what == "forget":
            store.records.forget(job_id)
            self.made.discard(job_id)
        else:
            state: JobState = what  # type: ignore[assignment]
            store.records.finish(job_id, state, self.at)

    def require_sound(self) -> None:
        owed = {"interactive": 0, "bulk": 0}
        waiting = {"interactive": 0, "bulk": 0}
        records = [self.store.records.get(job_id) for job_id in sorted(self.made)]
        for record, outlook in zip(records, self.backlog.forecast(records), strict=True):
            lane = record.request.lane
            queued = record.state == "queued"
            assert outlook.queue_position == (waiting[lane] if queued else None)
            waiting[lane] += queued
            assert outlook.eta_seconds is None or outlook.eta_seconds >= 0
            assert 0 <= record.progress.share <= 1
            last = self.events.after(record.id)[-1]
            assert (last.state, last.progress) == (record.state, record.progress)
            if record.state not in TERMINAL:
                parts = {part.index: round(part.seconds * 1000) for part in self.parts(record)}
                done = [result.index for result in self.store.results.all(record.id)]
                owed[lane] += sum(parts.values()) - sum(parts[index] for index in done)
        backlog = self.backlog.backlog()
        assert {"interactive": backlog.interactive, "bulk": backlog.bulk} == {
            lane: ms / 1000 for lane, ms in owed.items()
        }
        assert backlog.pace is None or backlog.pace >= 0

    def parts(self, record: JobRecord) -> Iterator[Part]:
        return self.store.plans.parts(record.id)


@settings(
    max_examples=100,
    phases=(Phase.reuse, Phase.generate),  # shrinking takes minutes on a real Redis
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(st.lists(moves, min_size=10, max_size=40))
def test_the_backlog_never_drifts(
    redis_server: EmbeddedRedis, asked: list[tuple[str, int, int, float]]
) -> None:
    client = open_redis(redis_server.url)
    client.flushall()
    client.close()
    world = JobsModel(redis_server.url)
    for what, job, part, seconds in [*START, *asked]:
        world.move(what, job, part, seconds)
        world.require_sound()
