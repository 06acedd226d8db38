"""The task ``plan``: text to utterances to parts."""

from __future__ import annotations

import time
from functools import lru_cache
from itertools import chain

import structlog

from core.errors import InputError, Unavailable
from core.part import JobPlan
from core.protocols import TextFrontend
from core.record import JobRecord
from core.report import StageSeconds
from core.request import Controls, Source
from core.voice import Catalogue
from jobs.protocols import PLAN
from synthesis.chapter_frontend import analyze_source
from synthesis.parts import cut_parts
from telemetry.logs import log_fields
from text.duration import planned_duration
from text.frontend import open_frontend
from workers.context import Context, gave_up, job_error
from workers.metrics import record_stages

log = structlog.get_logger(__name__)


def plan(context: Context, job_id: str) -> None:
    """Plans a job once, and sends every part that has no result.

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
    if context.store.plans.get(job_id) is None and not _make_plan(context, record):
        return
    missing = context.store.results.missing(job_id)
    for index in missing:
        context.queue.synthesize(job_id, index, record.request.lane)
    if not missing:
        context.queue.assemble(job_id)
    context.store.leases.release(job_id, PLAN, context.worker)
    log.info("planned", job=job_id, parts=len(missing))


def _make_plan(context: Context, record: JobRecord) -> bool:
    """Stores the job's plan; returns False where the job has failed instead."""
    request, start = record.request, time.thread_time()
    try:
        source = context.store.records.source(record.id)
        analysis = analyze_source(
            source,
            _frontend(context.catalogue, request),
            request.pauses,
            any_language=request.language == "any",
        )
        parts = cut_parts(analysis.chapters, speed=request.speed)
        duration = planned_duration(
            chain.from_iterable(analysis.chapters),
            analysis.lead_seconds,
            sum(part.seconds for part in parts),
            request.speed,
        )
        duration.require(context.limits, speed=request.speed, field=_field_of(source))
    except InputError as error:
        context.finish(record, "failed", error=job_error(error))
        return False
    except Unavailable:
        raise
    except Exception as error:
        log.error("plan_failed", job=record.id, **log_fields(error))
        context.finish(record, "failed", error=job_error(error))
        return False
    seconds = time.thread_time() - start
    planned = JobPlan(
        parts=len(parts),
        utterances=analysis.utterances,
        lead_seconds=analysis.lead_seconds,
        text_seconds=seconds,
        seconds=sum(part.seconds for part in parts),
        silences=analysis.silences,
        notices=analysis.notices,
    )
    context.store.plans.put(record.id, planned, parts)
    record_stages(request, StageSeconds(text=seconds))
    return True


def _field_of(source: Source) -> str:
    """Returns the request's field that held the text."""
    if source.chapters:
        return "file"
    return "ssml" if source.markup else "text"


def warm(context: Context) -> None:
    """Opens the default voice's front end, so that no first request waits for it."""
    _frontend(context.catalogue, Controls()).analyze("Ready.", ssml=False)


def _frontend(catalogue: Catalogue, request: Controls) -> TextFrontend:
    selection = catalogue.resolve(request.voice, request.acoustic, request.vocoder)
    return _opened(selection.acoustic_component.symbols, selection.voice.language)


@lru_cache(maxsize=8)
def _opened(symbols: str, language: str) -> TextFrontend:
    return open_frontend(symbols, language)
