"""The task ``plan``: text to utterances to parts."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache, partial

import structlog

from core.errors import Conflict, InputError, Unavailable
from core.part import JobPlan, Part
from core.protocols import TextFrontend
from core.record import JobError, JobRecord
from core.report import StageSeconds
from core.request import Controls, Source
from core.voice import Selection
from jobs.protocols import FIRST, PLAN, MessageOrigin, SendReason
from synthesis.planning import plan_source
from telemetry.logs import log_fields
from telemetry.tracing import WorkSpan
from text.frontend import open_frontend
from workers.context import Context, gave_up, job_error
from workers.metrics import record_stages
from workers.tasks.plan_process import PlanRequest, plan_in_process

log = structlog.get_logger(__name__)


def plan(context: Context, job_id: str, origin: MessageOrigin = FIRST) -> None:
    """Plans a job once, and sends every part that has no result.

    Args:
        context: of the worker.
        job_id: of the job.
        origin: of the message.

    Raises:
        Unavailable: the store or the queue does not answer; the work is not lost.
    """
    claim = context.store.leases.claim(job_id, PLAN, context.worker, context.clock.now())
    if claim.verdict != "run":
        return
    record = context.store.records.get(job_id)
    if claim.attempt > context.attempts:
        context.finish(record, "failed", error=gave_up(context.attempts))
        return
    if not context.begin(job_id, PLAN):
        return
    with context.work_span(record, PLAN, claim.attempt, origin) as span:
        if context.store.plans.get(job_id) is None and not _make_plan(context, record, span):
            return
        _send_parts(context, record, span, origin.reason)


def _send_parts(context: Context, record: JobRecord, span: WorkSpan, reason: SendReason) -> None:
    missing, lane = context.store.results.missing(record.id), record.request.lane
    with span.child("send"):
        context.queue.synthesize_all(record.id, missing, lane, reason=reason)
        if not missing:
            context.queue.assemble(record.id, long=record.source.is_long, reason=reason)
    span.note(parts=len(missing))
    context.store.leases.release(record.id, PLAN, context.worker)
    log.info("planned", job=record.id, parts=len(missing))


def _make_plan(context: Context, record: JobRecord, span: WorkSpan) -> bool:
    """Stores the job's plan; returns False where there is none, and the job has ended."""
    try:
        source = context.store.records.source(record.id)
        with span.child("text"):
            planned = _planned(context, record, source)
    except InputError as error:
        _fail(context, record, span, job_error(error))
        return False
    except Unavailable:
        raise
    except Conflict:  # cancelled meanwhile
        span.fail("job_over")
        return False
    except Exception as error:
        log.error("plan_failed", job=record.id, **log_fields(error))
        _fail(context, record, span, job_error(error))
        return False
    if isinstance(planned, JobError):
        _fail(context, record, span, planned)
        return False
    made, parts = planned
    context.store.plans.put(record.id, made, parts)
    record_stages(record, StageSeconds(text=made.text_seconds))
    return True


def _fail(context: Context, record: JobRecord, span: WorkSpan, error: JobError) -> None:
    span.fail(error.code)
    context.finish(record, "failed", error=error)


def _planned(
    context: Context, record: JobRecord, source: Source
) -> tuple[JobPlan, Iterable[Part]] | JobError:
    """Plans a short source here, and a long one in a process that a cancelled job ends."""
    request = record.request
    any_language = request.language == "any"
    selection = context.catalogue.resolve(request.voice, request.acoustic, request.vocoder)
    if not record.source.is_long:
        planned = plan_source(
            source,
            _frontend(selection),
            pauses=request.pauses,
            speed=request.speed,
            limits=context.limits,
            any_language=any_language,
        )
        return planned.plan, planned.parts
    asked = PlanRequest(
        source,
        selection.acoustic_component.symbols,
        selection.voice.language,
        request.pauses,
        request.speed,
        context.limits,
        any_language,
    )
    answer = plan_in_process(asked, partial(context.renew_lease, record.id, PLAN))
    if answer.plan is None:
        return JobError(answer.code, answer.message)
    return answer.plan, answer.decoded_parts()


def warm(context: Context) -> None:
    """Opens the default voice's front end, so that no first request waits for it."""
    request = Controls()
    selection = context.catalogue.resolve(request.voice, request.acoustic, request.vocoder)
    _frontend(selection).analyze("Ready.", ssml=False)


def _frontend(selection: Selection) -> TextFrontend:
    return _opened(selection.acoustic_component.symbols, selection.voice.language)


@lru_cache(maxsize=8)
def _opened(symbols: str, language: str) -> TextFrontend:
    return open_frontend(symbols, language)
