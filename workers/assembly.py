"""The task ``assemble``: parts in order to one file, and the report. Memory of one part."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import structlog

from audio.encode import Encoder
from audio.join import Piece, stream
from audio.resample import Resampler, resampled_length
from core.errors import ArtifactError, Unavailable
from core.job import (
    JobError,
    JobPlan,
    JobRecord,
    JobState,
    PartResult,
    StageSeconds,
    SynthesisReport,
    SynthesisRequest,
)
from core.text import Notice, Span
from core.units import rtf
from jobs.keys import audio_key, part_key, parts_folder
from jobs.logs import told
from jobs.protocols import ASSEMBLE
from workers.context import Context, gave_up, job_error
from workers.metrics import see_stages
from workers.parts import pause_samples

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Totals:
    """What the parts add up to, at the acoustic model's sample rate."""

    samples: int = 0
    """Speech and pauses, the lead included."""
    sample_rate: int = 0
    utterances: int = 0
    batch_sizes: int = 0
    acoustic: float = 0.0
    vocoder: float = 0.0
    artifacts: dict[str, str] = field(default_factory=dict)
    warnings: list[Notice] = field(default_factory=list)
    failed: list[JobError] = field(default_factory=list)


def assemble(context: Context, job_id: str) -> None:
    """Writes the job's file and ends the job.

    Raises:
        Unavailable: the store does not answer; the work is not lost.
    """
    claim = context.store.claim(job_id, ASSEMBLE, context.worker, context.clock.now())
    if claim.verdict != "run":
        return
    record, plan = context.store.get(job_id), context.store.plan(job_id)
    if plan is None or claim.attempt > context.attempts:
        context.finish(record, "failed", error=gave_up(context.attempts))
        return
    try:
        _assemble(context, record, plan)
    except Exception as error:
        if isinstance(error, Unavailable) and claim.attempt < context.attempts:
            context.store.release(job_id, ASSEMBLE, context.worker)
            context.queue.assemble(job_id)
            log.warning("assemble_again", job=job_id, code=error.code)
            return
        log.error("assemble_failed", job=job_id, **told(error))
        context.finish(record, "failed", error=job_error(error))


def _assemble(context: Context, record: JobRecord, plan: JobPlan) -> None:
    totals = add_up(context, record, plan)
    if not totals.utterances:
        context.finish(record, "failed", error=totals.failed[0])
        context.audio.delete(parts_folder(record.id))
        return
    start = time.thread_time()
    length, clipped = _write(context, record, plan, totals)
    encode = time.thread_time() - start
    if clipped:
        totals.warnings.append(Notice("clipped", f"{clipped} samples beyond full scale"))
    report = _report(record, plan, totals, length, encode)
    state: JobState = "partial" if totals.failed else "succeeded"
    error = totals.failed[0] if totals.failed else None
    if context.finish(record, state, report=report, error=error):
        see_stages(record.request, StageSeconds(encode=encode))
        log.info("finished", job=record.id, state=state, rtf=round(report.rtf, 4))
    elif context.store.get(record.id).state == "cancelled":
        context.audio.delete(audio_key(record.id, record.request.format))
    context.audio.delete(parts_folder(record.id))


def add_up(context: Context, record: JobRecord, plan: JobPlan) -> Totals:
    """Sums over all results; failed parts become warnings that say which text is missing."""
    totals = Totals(warnings=list(plan.notices))
    for result in context.store.results(record.id):
        if result.error is not None:
            totals.failed.append(result.error)
            totals.warnings.append(_missing(context, record, result.index, result.error))
            continue
        if totals.sample_rate not in (0, result.sample_rate):
            raise ArtifactError("parts of one job differ in sample rate")
        totals.sample_rate = result.sample_rate
        totals.samples += sum(result.samples) + sum(_pauses(result, record.request))
        totals.utterances += len(result.samples)
        totals.batch_sizes += sum(result.batch_sizes)
        totals.acoustic += result.stage_seconds.acoustic
        totals.vocoder += result.stage_seconds.vocoder
        totals.artifacts.update(result.artifacts)
        totals.warnings.extend(result.warnings)
    totals.samples += _lead(record, plan, totals.sample_rate)
    return totals


def _lead(record: JobRecord, plan: JobPlan, sample_rate: int) -> int:
    return pause_samples(plan.lead_seconds, record.request.speed, sample_rate)


def _pauses(result: PartResult, request: SynthesisRequest) -> list[int]:
    return [
        pause_samples(seconds, request.speed, result.sample_rate)
        for seconds in result.pauses_seconds
    ]


def _missing(context: Context, record: JobRecord, index: int, error: JobError) -> Notice:
    utterances = context.store.part(record.id, index).utterances
    span = Span(utterances[0].span.start, utterances[-1].span.end)
    return Notice("part_failed", f"not spoken: {error.message}", span)


def _pieces(context: Context, record: JobRecord) -> Iterator[Piece]:
    for result in context.store.results(record.id):
        if result.error is not None:
            continue
        data = np.frombuffer(context.audio.get(part_key(record.id, result.index)), "<f4")
        start = 0
        for count, pause in zip(result.samples, _pauses(result, record.request), strict=True):
            yield data[start : start + count], pause
            start += count


def _write(context: Context, record: JobRecord, plan: JobPlan, totals: Totals) -> tuple[int, int]:
    request = record.request
    rate = request.sample_rate or totals.sample_rate
    length = resampled_length(totals.samples, totals.sample_rate, rate)
    resampler = Resampler(totals.sample_rate, rate)
    lead = _lead(record, plan, totals.sample_rate)
    with (
        context.audio.writing(audio_key(record.id, request.format)) as path,
        Encoder(path, request.format, rate, length) as encoder,
    ):
        for block in stream(_pieces(context, record), totals.sample_rate, lead=lead):
            encoder.write(resampler.push(block))
        encoder.write(resampler.finish())
    return length, encoder.clipped


def _report(
    record: JobRecord, plan: JobPlan, totals: Totals, length: int, encode: float
) -> SynthesisReport:
    stages = StageSeconds(plan.text_seconds, totals.acoustic, totals.vocoder, encode)
    rate = record.request.sample_rate or totals.sample_rate
    return SynthesisReport(
        audio_seconds=length / rate,
        compute_seconds=stages.total,
        rtf=rtf(stages.total, length / rate),
        stage_seconds=stages,
        queue_seconds=(record.started_at or record.created_at) - record.created_at,
        batch_fill=totals.batch_sizes / totals.utterances,
        utterances=totals.utterances,
        sample_rate=rate,
        samples=length,
        artifacts=totals.artifacts,
        warnings=tuple(totals.warnings),
    )
