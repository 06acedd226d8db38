"""The task ``synthesize``: one part's utterances to samples in the audio store."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import structlog

from core.errors import Conflict, DeviceError, NotFound, RhapsodeError, Unavailable
from core.job import JobRecord, Part, PartResult, StageSeconds
from core.text import Notice
from jobs.keys import part_key
from jobs.logs import told
from workers.collector import Collector
from workers.context import Context, gave_up, job_error
from workers.metrics import QUEUE_SECONDS, see_part
from workers.parts import speeches
from workers.spoken import Spoken

log = structlog.get_logger(__name__)


def synthesize(context: Context, collector: Collector, job_id: str, index: int) -> None:
    """Speaks a part, once. A bad utterance fails its part, never another one.

    Raises:
        Unavailable: the store does not answer; the work is not lost.
    """
    work, started = str(index), context.clock.now()
    claim = context.store.claim(job_id, work, context.worker, started)
    if claim.verdict != "run":
        return
    try:
        record, part = context.store.get(job_id), context.store.part(job_id, index)
    except NotFound:
        return  # cancelled since
    if record.started_at == started:
        QUEUE_SECONDS.labels(record.request.lane).observe(started - record.created_at)
    if claim.attempt > context.attempts:
        _done(context, record, PartResult(index=index, error=gave_up(context.attempts, index)))
        return
    try:
        result = _speak(context, collector, record, part)
    except Exception as error:
        if isinstance(error, (DeviceError, Unavailable)) and claim.attempt < context.attempts:
            context.store.release(job_id, work, context.worker)
            context.queue.synthesize(job_id, index, record.request.lane)
            log.warning("part_again", job=job_id, part=index, code=error.code)
            return
        code = error.code if isinstance(error, RhapsodeError) else "internal"
        log.error("part_failed", job=job_id, part=index, code=code, **told(error))
        result = PartResult(index=index, error=job_error(error, index))
    _done(context, record, result)


def _speak(context: Context, collector: Collector, record: JobRecord, part: Part) -> PartResult:
    items = list(speeches(part, record.request, context.catalogue))
    spoken: list[Spoken] = []
    for outcome in collector.submit(items, record.request.lane):
        if isinstance(outcome, RhapsodeError):
            raise outcome
        spoken.append(outcome)
    samples = np.concatenate([one.waveform.samples for one in spoken]).astype("<f4", copy=False)
    context.audio.put(part_key(record.id, part.index), samples.tobytes())
    return _result(part, spoken)


def _result(part: Part, spoken: Sequence[Spoken]) -> PartResult:
    artifacts: dict[str, str] = {}
    warnings: list[Notice] = []
    for one in spoken:
        artifacts.update(one.artifacts)
        warnings.extend(one.notices)
    return PartResult(
        index=part.index,
        samples=tuple(len(one.waveform.samples) for one in spoken),
        pauses_seconds=tuple(utterance.pause_after_seconds for utterance in part.utterances),
        durations=tuple(one.durations for one in spoken),
        batch_sizes=tuple(one.batch_size for one in spoken),
        sample_rate=spoken[0].waveform.sample_rate,
        stage_seconds=StageSeconds(
            acoustic=sum(one.stage_seconds.acoustic for one in spoken),
            vocoder=sum(one.stage_seconds.vocoder for one in spoken),
        ),
        artifacts=artifacts,
        warnings=tuple(warnings),
    )


def _done(context: Context, record: JobRecord, result: PartResult) -> None:
    try:
        last = context.store.part_done(record.id, result, context.worker, context.clock.now())
    except Conflict:  # cancelled while it was spoken
        context.audio.delete(part_key(record.id, result.index))
        return
    see_part(record.request, result)
    if last:
        context.queue.assemble(record.id)
