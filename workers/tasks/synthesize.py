"""The task ``synthesize``: one part's utterances to samples in the audio store."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from core.errors import Conflict, DeviceError, NotFound, RhapsodeError, Unavailable
from core.part import Part, PartAudio, PartResult, SampleChunk
from core.record import JobRecord
from jobs.protocols import FIRST, MessageOrigin, WorkId
from jobs.storage.part_audio import read_part_audio, write_part_audio
from synthesis.part_audio import part_audio_of, part_digest, part_samples
from synthesis.parts import synthesis_items
from synthesis.results import StreamedSamples, SynthesizedUtterance, TakeSamples
from telemetry.logs import log_fields
from telemetry.metrics import exemplar_of
from telemetry.tracing import NOT_TRACED, ChildSpan, WorkSpan
from workers.context import Context, gave_up, job_error
from workers.device.collector import BatchStats
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
        span: of the try.
    """

    context: Context
    job_id: str
    work: WorkId
    attempt: int
    streamed: bool = False
    span: WorkSpan = NOT_TRACED

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

    def record_batch(self, batch: BatchStats, submitted_at: float) -> None:
        """Records what the device did for the part, and which other parts it did it for."""
        if self.span.traceparent is None:
            return
        self.span.add(ChildSpan("collect", submitted_at, batch.started_at))
        others = (turn.span.traceparent for turn in batch.turns if isinstance(turn, LeasedPart))
        calls = (
            ChildSpan(
                call.stage,
                ended_at - call.seconds,
                ended_at,
                {
                    "rhapsode.component": call.component,
                    "rhapsode.runtime": call.runtime,
                    "rhapsode.utterances": call.size,
                    "rhapsode.audio_seconds": call.audio_seconds,
                },
            )
            for ended_at, call in batch.calls
        )
        figures = {
            "rhapsode.parts": batch.parts,
            "rhapsode.utterances": batch.utterances,
            "rhapsode.flush_reason": batch.reason,
        }
        self.span.add(
            ChildSpan(
                "batch",
                batch.started_at,
                batch.started_at + batch.seconds,
                figures,
                links=tuple(one for one in others if one not in (None, self.span.traceparent)),
                children=tuple(calls),
            )
        )


def synthesize(
    context: Context, submit: SubmitPart, job_id: str, index: int, origin: MessageOrigin = FIRST
) -> None:
    """Synthesizes a part, once. A bad utterance fails its part, never another one.

    Args:
        context: of the worker.
        submit: has the device synthesize it.
        job_id, index: of the part.
        origin: of the message.

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
        waited = started - record.created_at
        QUEUE_SECONDS.labels(record.request.lane).observe(waited, exemplar_of(record))
    with context.work_span(record, work, claim.attempt, origin) as span:
        if claim.attempt > context.attempts:
            span.fail("gave_up")
            _done(context, record, PartResult(index=index, error=gave_up(context.attempts, index)))
            return
        turn = LeasedPart(context, job_id, work, claim.attempt, record.streamed, span)
        result = _try_part(context, submit, record, part, turn)
        if result is not None:
            _done(context, record, result)


def _try_part(
    context: Context, submit: SubmitPart, record: JobRecord, part: Part, turn: LeasedPart
) -> PartResult | None:
    """Returns the part's result; None where there is none now: it was cancelled, or sent again."""
    index = part.index
    try:
        return _synthesize(context, submit, record, part, turn)
    except Unavailable:
        raise
    except Conflict:  # cancelled while it waited
        turn.span.fail("job_over")
        return None
    except Exception as error:
        code = error.code if isinstance(error, RhapsodeError) else "internal"
        turn.span.fail(code)
        if isinstance(error, DeviceError) and turn.attempt < context.attempts:
            context.store.leases.release(record.id, turn.work, context.worker)
            lane = record.request.lane
            context.queue.synthesize(record.id, index, lane, reason="device_failed")
            log.warning("part_again", job=record.id, part=index, code=error.code)
            return None
        log.error("part_failed", job=record.id, part=index, code=code, **log_fields(error))
        return PartResult(index=index, error=job_error(error, index))


def _synthesize(
    context: Context, submit: SubmitPart, record: JobRecord, part: Part, turn: LeasedPart
) -> PartResult:
    items = list(synthesis_items(part, record.request, context.catalogue))
    digest = part_digest(items, owner=None if context.share_parts else record.owner)
    stored = _stored(context, digest)
    PART_LOOKUPS.labels("hit" if stored else "miss").inc()
    if stored:
        turn.span.note(reused=True)
        return PartResult(index=part.index, digest=digest, audio=stored, reused=True)
    results: list[SynthesizedUtterance] = []
    for result in submit(items, record.request.lane, turn):
        if isinstance(result, RhapsodeError):
            raise result
        results.append(result)
    audio = part_audio_of(results)
    # The index first: audio that it does not know would never be deleted.
    with turn.span.child("store"):
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
    record_part(record, result)
    if last:
        context.queue.assemble(record.id, long=record.source.is_long)
    if record.streamed:
        context.store.samples.end(record.id, result.index)
