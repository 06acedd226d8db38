"""The thread of a worker's periodic duties, and the duties: recover lost work, delete old data."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator

import structlog

from core.errors import NotFound, RhapsodeError, Unavailable, UnreadableRow
from core.request import Lane
from jobs.protocols import (
    ASSEMBLE,
    PLAN,
    JobFilter,
    SendReason,
    WorkerBeat,
    WorkerRole,
    WorkId,
)
from jobs.storage.keys import job_folder, part_audio_key
from telemetry.logs import log_fields
from workers.context import Context
from workers.metrics import RECOVERED

log = structlog.get_logger(__name__)


def recover_lost(context: Context, stale_seconds: float) -> int:
    """Sends again what dead workers held, and what nobody holds and no waiting message can name:
    the job was not touched since before the oldest one was sent.

    Returns:
        How many messages were sent.
    """
    now = context.clock.now()
    oldest = max(context.queue.ages(now).values(), default=0.0)
    stale_before = now - oldest - stale_seconds  # a job is touched some time before it is sent on
    lost = context.store.leases.expire(now, stale_before=stale_before)
    taken = {(m.job_id, m.work): m for m in context.queue.taken(now)} if lost else {}
    for job_id, work in lost:
        message = taken.get((job_id, work))
        if message is None or not context.queue.give_back(message):
            send_again(context, job_id, work, "worker_died")
        log.warning("recovered", job=job_id, work=work)
        record_loss(context, job_id, work, "worker_died")
    return len(lost)


def return_unclaimed(context: Context, seconds: float) -> int:
    """Puts back messages that were taken from a queue and never claimed: who took one has died.

    Redis itself would give them out again only after VISIBILITY_SECONDS. A live worker claims at
    once; should one not have, the work is done by who claims first.

    Args:
        context: of this worker.
        seconds: after which a worker is considered dead [s].

    Returns:
        How many messages were put back.
    """
    given = 0
    for message in context.queue.taken(context.clock.now() - seconds):
        if context.store.leases.is_unclaimed(message.job_id, message.work):
            given += context.queue.give_back(message)
            log.warning("given_back", job=message.job_id, work=message.work)
            record_loss(context, message.job_id, message.work, "worker_died")
    return given


def record_loss(context: Context, job_id: str, work: WorkId, reason: SendReason) -> None:
    """Counts work that was sent again, and shows the loss in the job's trace: whoever held the work
    has left no span."""
    name = work if work in (PLAN, ASSEMBLE) else "part"
    RECOVERED.labels(name).inc()
    if not context.tracing.on:
        return
    try:
        record = context.store.records.get(job_id)
    except (NotFound, UnreadableRow):
        return
    attributes = {"rhapsode.job_id": job_id, "rhapsode.reason": reason, "rhapsode.work": work}
    now = context.clock.now()
    with context.tracing.work(f"{name} lost", now, record.traceparent, attributes) as span:
        span.fail(reason)


def send_again(context: Context, job_id: str, work: WorkId, reason: SendReason) -> None:
    """Sends a new message for work whose old one is lost."""
    long = True
    lane: Lane = "bulk"
    try:
        record = context.store.records.get(job_id)
        long, lane = record.source.is_long, record.request.lane
    except NotFound:
        return
    except UnreadableRow:  # who gets the message postpones it, or ends the job
        log.warning("sent_unread", job=job_id, work=work)
    if work == PLAN:
        context.queue.plan(job_id, long=long, reason=reason)
    elif work == ASSEMBLE:
        context.queue.assemble(job_id, long=long, reason=reason)
    else:
        context.queue.synthesize(job_id, int(work), lane, reason=reason)


def delete_old_jobs(context: Context, retention_seconds: float) -> int:
    """Deletes ended jobs and their audio after their time; returns how many."""
    old = context.store.records.ended_before(context.clock.now() - retention_seconds)
    for job_id in old:
        context.audio.delete(job_folder(job_id))
        context.store.records.forget(job_id)
    return len(old)


def delete_unused_audio(context: Context, unused_seconds: float) -> int:
    """Deletes audio of parts that no job used for so long [s]; returns how many.

    Parts of a job that still runs are in use: some books take longer than that.
    """
    before = context.clock.now() - unused_seconds
    old = set(context.part_index.take_unused(before))
    try:
        in_use = set(_in_use(context, before)) if old else set[str]()
    except Unavailable:  # of one job at least nobody knows what it uses
        _put_back(context, old)
        raise
    for digest in in_use:
        context.part_index.put(digest, context.clock.now())
    _delete(context, sorted(old - in_use))
    return len(old - in_use)


def _delete(context: Context, digests: list[str]) -> None:
    """Deletes audio. Raises Unavailable where the store refuses; the index has the rest again."""
    for at, digest in enumerate(digests):
        try:
            context.audio.delete(part_audio_key(digest))
        except Unavailable:
            _put_back(context, digests[at:])
            raise


def _put_back(context: Context, digests: Iterable[str]) -> None:
    for digest in digests:
        context.part_index.put(digest, context.clock.now())


def _in_use(context: Context, before: float) -> Iterator[str]:
    """Yields the digests of parts of jobs that run and were made before that time [Unix s]."""
    wanted, cursor = JobFilter(state="running", until=before), None
    while True:
        page = context.store.records.page(cursor=cursor, limit=100, wanted=wanted)
        for record in page.jobs:
            yield from (
                r.digest for r in context.store.results.all(record.id) if r.audio is not None
            )
        cursor = page.cursor
        if cursor is None:
            return


class Janitor:
    """A thread that runs duties at an interval until it is stopped.

    Args:
        duties: each is called once an interval; what one raises is logged and costs no other.
        seconds: the interval [s].
        monotonic: clock of ``idle_seconds`` [s].
    """

    def __init__(
        self,
        duties: list[Callable[[], object]],
        seconds: float,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._duties, self._seconds, self._monotonic = duties, seconds, monotonic
        self._last_round = monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="janitor", daemon=True)

    def start(self) -> None:
        """Runs the duties for the first time at once."""
        self._thread.start()

    def stop(self) -> None:
        """Returns when the thread has ended."""
        self._stop.set()
        self._thread.join()

    def idle_seconds(self) -> float:
        """Returns the time since the last round of duties ended [s]."""
        return self._monotonic() - self._last_round

    def _run(self) -> None:
        while True:
            for duty in self._duties:
                try:
                    duty()
                except RhapsodeError as error:
                    log.warning("janitor", code=error.code)
                except Exception as error:
                    log.error("janitor", **log_fields(error))
            self._last_round = self._monotonic()
            if self._stop.wait(self._seconds):
                return


def beat_of(
    context: Context,
    role: WorkerRole,
    loaded: tuple[str, ...],
    failure: str | None = None,
    *,
    stalled: bool = False,
) -> WorkerBeat:
    """Returns this worker's heartbeat.

    A synthesizer is ready as soon as a voice is loaded, a planner unless every thread of it waits
    for a store.
    """
    ready = bool(loaded) if role == "synthesizer" else not stalled
    return WorkerBeat(context.worker, role, context.clock.now(), ready, loaded, failure)
