"""The task ``synthesize``: one part's utterances to samples in the audio store."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from core.errors import Conflict, DeviceError, NotFound, RhapsodeError, Unavailable
from core.part import Part, PartAudio, PartResult, SampleChunk
from core.record import JobRecord
from jobs.protocols import WorkId
from jobs.storage.part_audio import read_part_audio, write_part_audio
from synthesis.part_audio import part_audio_of, part_digest, part_samples
from synthesis.parts import synthesis_items
from synthesis.results import StreamedSamples, SynthesizedUtterance, TakeSamples
from telemetry.logs import log_fields
from workers.context import Context, gave_up, job_error
from workers.device.device_thread import SubmitPart
from workers.metrics import PART_LOOKUPS, QUEUE_SECONDS, record_part

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LeasedPart:
    """A part that this worker holds and that waits for the device: ``collector.PartTurn``.

    Attributes:
        context: of the worker.
        job_id: of the job.
        work: the part.
        attempt: which try it is.
        streamed: whether somebody hears the job while it is made.
    """

    context: Context
    job_id: str
    work: WorkId
    attempt: int
    streamed: bool = False

    @property
    def suspect(self) -> bool:
        """Whether a try before this one did not end."""
        return self.attempt > 1

    @property
    def take_samples(self) -> TakeSamples | None:
        """Hands samples on to who hears the job; None: nobody does."""
        return self._hand_on if self.streamed else None

    def _hand_on(self, samples: StreamedSamples) -> None:
        """Sends samples to the job's listeners; they do without while the store is away.

        Raises:
            Conflict: the job has ended (code ``job_over``).
        """
        chunk = SampleChunk(
            utterance=samples.utterance,
            start=samples.start,
            total=samples.total,
            sample_rate=samples.waveform.sample_rate,
            data=samples.waveform.samples.astype("<f4", copy=False).tobytes(),
        )
        try:
            is_open = self.context.store.samples.add(self.job_id, int(self.work), chunk)
        except Unavailable as error:
            log.warning("samples_lost", job=self.job_id, part=self.work, code=error.code)
            return
        if not is_open:
            raise Conflict(f"job {self.job_id} has ended", code="job_over")

    def begin(self) -> None:
        """Counts the try, the moment it is really done.

        Raises:
            Conflict: the job has ended, or another worker has the part (code ``job_over``).
            Unavailable: the store does not answer.
        """
        if not self.context.begin(self.job_id, self.work):
            raise Conflict(f"job {self.job_id} has ended", code="job_over")


def synthesize(context: Context, submit: SubmitPart, job_id: str, index: int) -> None:
    """Synthesizes a part, once. A bad utterance fails its part, never another one.

    Raises:
        Unavailable: a store does not answer or is full; the work stays with this worker.
    """
    work, started = str(index), context.clock.now()
    claim = context.store.leases.claim(job_id, work, context.worker, started)
    if claim.verdict == "promised":
        record = context.store.records.get(job_id)
        context.queue.assemble(job_id, long=record.source.is_long)
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
        turn = LeasedPart(context, job_id, work, claim.attempt, record.streamed)
        result = _synthesize(context, submit, record, part, turn)
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


def _synthesize(
    context: Context, submit: SubmitPart, record: JobRecord, part: Part, turn: LeasedPart
) -> PartResult:
    items = list(synthesis_items(part, record.request, context.catalogue))
    digest = part_digest(items, owner=None if context.share_parts else record.owner)
    stored = _stored(context, digest)
    PART_LOOKUPS.labels("hit" if stored else "miss").inc()
    if stored:
        return PartResult(index=part.index, digest=digest, audio=stored, reused=True)
    results: list[SynthesizedUtterance] = []
    for result in submit(items, record.request.lane, turn):
        if isinstance(result, RhapsodeError):
            raise result
        results.append(result)
    audio = part_audio_of(results)
    # The index first: audio that it does not know would never be deleted.
    context.part_index.put(digest, context.clock.now())
    write_part_audio(context.audio, digest, audio, part_samples(results))
    return PartResult(index=part.index, digest=digest, audio=audio)


def _stored(context: Context, digest: str) -> PartAudio | None:
    """Returns the part's audio if an earlier job made it."""
    if not context.part_index.use(digest, context.clock.now()):
        return None
    try:
        return read_part_audio(context.audio, digest)
    except NotFound as error:
        log.warning("part_audio_missing", digest=digest, code=error.code)
        return None


def _done(context: Context, record: JobRecord, result: PartResult) -> None:
    try:
        last = context.store.results.add(record.id, result, context.worker, context.clock.now())
    except Conflict:
        return  # cancelled meanwhile
    record_part(record.request, result)
    if last:
        context.queue.assemble(record.id, long=record.source.is_long)
    if record.streamed:
        context.store.samples.end(record.id, result.index)
