"""The task ``synthesize``: one part's utterances to samples in the audio store."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from core.errors import Conflict, DeviceError, NotFound, RhapsodeError, Unavailable
from core.part import Part, PartAudio, PartResult
from core.record import JobRecord
from jobs.protocols import WorkId, WorkLeases
from synthesis.part_audio import part_audio_of, part_digest, read_part_audio, write_part_audio
from synthesis.parts import synthesis_items
from synthesis.results import SynthesizedUtterance
from telemetry.logs import log_fields
from workers.context import Context, gave_up, job_error
from workers.device.device_thread import Speak
from workers.metrics import QUEUE_SECONDS, SOUNDS, record_part

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PartTurn:
    """See ``workers.device.collector.Turn``.

    Attributes:
        leases: has the work.
        job_id: of the job.
        work: the part.
        worker: this process.
        attempt: which try it is.
    """

    leases: WorkLeases
    job_id: str
    work: WorkId
    worker: str
    attempt: int

    @property
    def suspect(self) -> bool:
        """A try before this one did not end."""
        return self.attempt > 1

    def begin(self) -> None:
        """Counts the try. Raises Conflict: the job was cancelled since. Unavailable."""
        if not self.leases.begin(self.job_id, self.work, self.worker):
            raise Conflict(f"job {self.job_id} has ended", code="job_over")


def synthesize(context: Context, speak: Speak, job_id: str, index: int) -> None:
    """Speaks a part, once. A bad utterance fails its part, never another one.

    Raises:
        Unavailable: a store does not answer or is full; the work stays with this worker.
    """
    work, started = str(index), context.clock.now()
    claim = context.store.leases.claim(job_id, work, context.worker, started)
    if claim.verdict == "promised":
        context.queue.assemble(job_id)
    if claim.verdict != "run":
        return
    try:
        record, part = context.store.records.get(job_id), context.store.plans.part(job_id, index)
    except NotFound:
        return  # cancelled since
    if record.started_at == started:
        QUEUE_SECONDS.labels(record.request.lane).observe(started - record.created_at)
    if claim.attempt > context.attempts:
        _done(context, record, PartResult(index=index, error=gave_up(context.attempts, index)))
        return
    try:
        turn = PartTurn(context.store.leases, job_id, work, context.worker, claim.attempt)
        result = _speak(context, speak, record, part, turn)
    except Unavailable:
        raise
    except Conflict:
        return  # cancelled while it waited
    except Exception as error:
        if isinstance(error, DeviceError) and claim.attempt < context.attempts:
            context.store.leases.release(job_id, work, context.worker)
            context.queue.synthesize(job_id, index, record.request.lane)
            log.warning("part_again", job=job_id, part=index, code=error.code)
            return
        code = error.code if isinstance(error, RhapsodeError) else "internal"
        log.error("part_failed", job=job_id, part=index, code=code, **log_fields(error))
        result = PartResult(index=index, error=job_error(error, index))
    _done(context, record, result)


def _speak(
    context: Context, speak: Speak, record: JobRecord, part: Part, turn: PartTurn
) -> PartResult:
    items = list(synthesis_items(part, record.request, context.catalogue))
    digest = part_digest(items)
    known = _known(context, digest)
    SOUNDS.labels("hit" if known else "miss").inc()
    if known:
        return PartResult(index=part.index, digest=digest, sound=known, reused=True)
    spoken: list[SynthesizedUtterance] = []
    for outcome in speak(items, record.request.lane, turn):
        if isinstance(outcome, RhapsodeError):
            raise outcome
        spoken.append(outcome)
    sound = part_audio_of(spoken)
    context.part_index.put(digest, context.clock.now())  # first: what is stored is cleared one day
    write_part_audio(context.audio, digest, sound, spoken)
    return PartResult(index=part.index, digest=digest, sound=sound)


def _known(context: Context, digest: str) -> PartAudio | None:
    """The sound, if it was made before."""
    if not context.part_index.use(digest, context.clock.now()):
        return None
    try:
        return read_part_audio(context.audio, digest)
    except NotFound as error:
        log.warning("sound_gone", digest=digest, code=error.code)
        return None


def _done(context: Context, record: JobRecord, result: PartResult) -> None:
    try:
        last = context.store.results.add(record.id, result, context.worker, context.clock.now())
    except Conflict:
        return  # cancelled while it was spoken
    record_part(record.request, result)
    if last:
        context.queue.assemble(record.id)
