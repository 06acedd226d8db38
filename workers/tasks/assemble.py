"""The task ``assemble``: what was spoken to a file, with transcript and report."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from core.errors import Conflict, Unavailable
from core.part import JobPlan
from core.record import JobRecord, JobState
from core.report import StageSeconds
from jobs.protocols import ASSEMBLE
from jobs.storage.keys import job_folder
from telemetry.logs import log_fields
from workers.context import Context, gave_up, job_error
from workers.metrics import record_stages
from workers.tasks.assembler import Programme, SoundsGone

log = structlog.get_logger(__name__)


def assemble(context: Context, job_id: str) -> None:
    """Writes the job's file and ends the job.

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
    if not context.store.leases.begin(job_id, ASSEMBLE, context.worker):
        return
    if pending := context.store.results.missing(job_id):
        _speak_first(context, record, pending)
        return
    try:
        _assemble(context, record, plan)
    except Unavailable:
        raise
    except Conflict:  # it has ended, or another worker writes it
        _tidy(context, job_id)
    except Exception as error:
        log.error("assemble_failed", job=job_id, **log_fields(error))
        context.finish(record, "failed", error=job_error(error))


def _speak_first(context: Context, record: JobRecord, indices: Sequence[int]) -> None:
    """Sends parts that have no result; the last of them sends ``assemble`` again.

    The work is held until all are sent: should this worker die before, another one does it.
    """
    for index in indices:
        context.queue.synthesize(record.id, index, record.request.lane)
    context.store.leases.release(record.id, ASSEMBLE, context.worker)
    log.warning("spoken_again", job=record.id, parts=len(indices))


def _assemble(context: Context, record: JobRecord, plan: JobPlan) -> None:
    programme = Programme(context, record, plan)
    layout = programme.layout
    if not layout.tally.utterances:
        context.finish(record, "failed", error=layout.failed[0])
        return
    try:
        length, rate = programme.write()
    except SoundsGone:
        gone = programme.gone()
        context.store.records.discard_results(record.id, gone, context.clock.now())
        _speak_first(context, record, gone)
        return
    waited = (record.started_at or record.created_at) - record.created_at
    report = layout.tally.report(length, rate, queue_seconds=waited)
    state: JobState = "partial" if layout.failed else "succeeded"
    error = layout.failed[0] if layout.failed else None
    if context.finish(record, state, report=report, error=error):
        record_stages(record.request, StageSeconds(encode=layout.tally.encode))
        log.info("finished", job=record.id, state=state, rtf=round(report.rtf, 4))
    else:
        _tidy(context, record.id)


def _tidy(context: Context, job_id: str) -> None:
    """What was written after a job's cancellation had deleted all."""
    if context.store.records.get(job_id).state == "cancelled":
        context.audio.delete(job_folder(job_id))
