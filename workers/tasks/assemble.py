"""The task ``assemble``: a job's parts to a file, with transcript and report."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from core.errors import Conflict, Unavailable
from core.part import JobPlan
from core.record import JobError, JobRecord, JobState
from core.report import StageSeconds
from jobs.protocols import ASSEMBLE, FIRST, MessageOrigin
from jobs.storage.keys import job_folder
from telemetry.logs import log_fields
from telemetry.tracing import WorkSpan
from workers.context import Context, gave_up, job_error
from workers.metrics import record_stages
from workers.tasks.assembler import Assembler, PartAudioMissing

log = structlog.get_logger(__name__)


def assemble(context: Context, job_id: str, origin: MessageOrigin = FIRST) -> None:
    """Writes the job's file and ends the job.

    Args:
        context: of the worker.
        job_id: of the job.
        origin: of the message.

    Raises:
        Unavailable: a store does not answer or is full; the work stays with this worker.
    """
    claim = context.store.leases.claim(job_id, ASSEMBLE, context.worker, context.clock.now())
    if claim.verdict != "run":
        return
    record, plan = context.store.records.get(job_id), context.store.plans.get(job_id)
    if plan is None or claim.attempt > context.attempts:
        context.finish(record, "failed", error=gave_up(context.attempts))
        return
    if not context.begin(job_id, ASSEMBLE):
        return
    with context.work_span(record, ASSEMBLE, claim.attempt, origin) as span:
        if missing := context.store.results.missing(job_id):
            span.fail("parts_missing")
            _synthesize_first(context, record, missing)
            return
        _try_to_assemble(context, record, plan, span)


def _try_to_assemble(context: Context, record: JobRecord, plan: JobPlan, span: WorkSpan) -> None:
    try:
        _assemble(context, record, plan, span)
    except Unavailable:
        raise
    except Conflict:  # it has ended, or another worker writes it
        span.fail("job_over")
        _delete_if_cancelled(context, record.id)
    except Exception as error:
        log.error("assemble_failed", job=record.id, **log_fields(error))
        failure = job_error(error)
        span.fail(failure.code)
        context.finish(record, "failed", error=failure)


def _synthesize_first(context: Context, record: JobRecord, parts: Sequence[int]) -> None:
    """Sends parts that have no result; the last of them sends ``assemble`` again.

    The lease is held until all are sent: should this worker die before, another one does it.
    """
    for index in parts:
        lane = record.request.lane
        context.queue.synthesize(record.id, index, lane, reason="audio_damaged")
    if not parts:  # another job has made them in the meantime
        context.queue.assemble(record.id, long=record.source.is_long, reason="audio_damaged")
    context.store.leases.release(record.id, ASSEMBLE, context.worker)
    log.warning("synthesized_again", job=record.id, parts=len(parts))


def _assemble(context: Context, record: JobRecord, plan: JobPlan, span: WorkSpan) -> None:
    assembler = Assembler(context, record, plan)
    error = assembler.failures[0] if assembler.failures else None
    if assembler.is_empty:
        span.fail(error.code if error else "empty")
        context.finish(record, "failed", error=error)
        return
    try:
        with span.child("encode"):
            report = assembler.write()
    except PartAudioMissing:
        span.fail("part_audio_damaged")
        missing = assembler.drop_damaged_parts()
        count = context.store.records.discard_results(record.id, missing, context.clock.now())
        if count < context.attempts:
            _synthesize_first(context, record, missing)
        else:
            context.finish(record, "failed", error=_not_kept(missing, count))
        return
    state: JobState = "partial" if error else "succeeded"
    if context.finish(record, state, report=report, error=error):
        record_stages(record, StageSeconds(encode=assembler.encode_seconds))
        log.info("finished", job=record.id, state=state, rtf=round(report.rtf, 4))
    else:
        _delete_if_cancelled(context, record.id)


def _not_kept(parts: Sequence[int], count: int) -> JobError:
    """Returns the error of a job whose parts are damaged whenever they are read."""
    message = f"stored audio of the job was damaged or gone {count} times when it was read"
    return JobError("part_audio_damaged", message, True, next(iter(parts), None))


def _delete_if_cancelled(context: Context, job_id: str) -> None:
    """Deletes what was written after a job's cancellation had deleted everything."""
    if context.store.records.get(job_id).state == "cancelled":
        context.audio.delete(job_folder(job_id))
