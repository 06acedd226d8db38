"""Wire types of the service: the request, the job record, its report."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from core.text import Notice, Utterance

AudioFormat = Literal["wav", "flac", "ogg", "opus", "mp3"]
"""ogg = Vorbis in Ogg, opus = Opus in Ogg."""
Lane = Literal["interactive", "bulk"]
RuntimeName = Literal["eager", "torchscript", "onnx"]
JobState = Literal["queued", "running", "succeeded", "partial", "failed", "cancelled"]
TERMINAL: frozenset[JobState] = frozenset({"succeeded", "partial", "failed", "cancelled"})

MAX_TEXT_CHARS = 1_000_000
SAMPLE_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)

Speed = Annotated[float, Meta(ge=0.25, le=4.0, description="2.0 = twice as fast")]
Pitch = Annotated[float, Meta(ge=0.5, le=2.0, description="factor on F0")]
Energy = Annotated[float, Meta(ge=0.25, le=4.0, description="factor on the energy")]
Seed = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class SynthesisRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a client asks for. Exactly one of ``text`` and ``ssml``."""

    text: Annotated[str, Meta(min_length=1, max_length=MAX_TEXT_CHARS)] | None = None
    """Plain text; blank lines are paragraph pauses."""
    ssml: Annotated[str, Meta(min_length=1, max_length=MAX_TEXT_CHARS)] | None = None
    """SSML 1.1 subset, root ``<speak>``."""
    voice: Name | None = None
    """A voice of the catalogue; None = the catalogue's default (the record says which)."""
    acoustic: Name | None = None
    """An acoustic model of the voice; None = the voice's default."""
    vocoder: Name | None = None
    """A vocoder of the voice; None = the voice's default."""
    runtime: RuntimeName = "onnx"
    """Which export speaks."""
    speed: Speed = 1.0
    pitch: Pitch = 1.0
    energy: Energy = 1.0
    sample_rate: int | None = None
    """Samples per second of the file [Hz]; None = the voice's own."""
    format: AudioFormat = "wav"
    seed: Seed = 0
    """Same request, seed and artifacts: same samples."""
    lane: Lane = "interactive"
    """Interactive parts are batched before bulk parts."""


class JobError(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a job or a part failed."""

    code: str
    message: str
    retryable: bool = False
    part: int | None = None


class StageSeconds(msgspec.Struct, frozen=True):
    """Compute seconds of each stage, summed over parts; waiting is not compute.

    Acoustic and vocoder: wall seconds of the network's calls, each shared among its utterances by
    frames. Text and encode: CPU seconds of the task's thread. Batches that run side by side all
    count, so on n busy threads a job may end in an n-th of its compute seconds.
    """

    text: float = 0.0
    acoustic: float = 0.0
    vocoder: float = 0.0
    encode: float = 0.0

    @property
    def total(self) -> float:
        """Σ of the stages [s]."""
        return self.text + self.acoustic + self.vocoder + self.encode


class SynthesisReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the audio is and what it cost."""

    audio_seconds: float
    """Length of the file [s], pauses included."""
    compute_seconds: float
    """Σ of the stages [s]."""
    rtf: float
    """compute_seconds / audio_seconds, the cost on one thread or device; below 1 is faster than
    real time. What a client waits for is less with several threads, more in a queue."""
    stage_seconds: StageSeconds
    queue_seconds: float
    """From acceptance to the first part's start [s]."""
    batch_fill: float
    """Mean number of utterances, of any jobs, that shared this job's batches."""
    utterances: int
    sample_rate: int
    samples: int
    """Length of the audio in samples, at ``sample_rate``."""
    artifacts: dict[str, str]
    """Component → sha256 of the artifact that spoke."""
    warnings: tuple[Notice, ...] = ()


class JobProgress(msgspec.Struct, frozen=True):
    """How far a job is."""

    parts_total: int = 0
    parts_done: int = 0
    parts_failed: int = 0


class JobRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The truth about a job. Times are Unix seconds."""

    id: str
    state: JobState
    request: SynthesisRequest
    """As resolved: no field that has a default is left open."""
    created_at: float
    started_at: float | None = None
    finished_at: float | None = None
    progress: JobProgress = JobProgress()
    report: SynthesisReport | None = None
    error: JobError | None = None


class Part(msgspec.Struct, frozen=True):
    """A bounded run of consecutive utterances: the unit of queueing, checkpoint and retry."""

    index: int
    """Position within the job, from 0."""
    first: int
    """Index of its first utterance within the job."""
    utterances: tuple[Utterance, ...]


class JobPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What the text front end made of a job; the utterances themselves lie in its parts."""

    parts: int
    utterances: int
    lead_seconds: float
    """Silence before the first utterance [s], before the request's speed is applied."""
    text_seconds: float
    """Compute seconds of the text stage [s]."""
    notices: tuple[Notice, ...] = ()


class PartResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a part. Tuples hold one entry per utterance; a failed part has none.

    The samples lie in the audio store: its utterances one after the other, float32, at the
    acoustic model's sample rate, neither pauses nor gain applied.
    """

    index: int
    samples: tuple[int, ...] = ()
    """Length of each utterance in samples."""
    pauses_seconds: tuple[float, ...] = ()
    """Silence after each utterance [s], before the request's speed is applied."""
    durations: tuple[tuple[int, ...], ...] = ()
    """Frames per phoneme."""
    batch_sizes: tuple[int, ...] = ()
    """Utterances, of any jobs, that went through the model together."""
    sample_rate: int = 0
    """Of the stored samples [Hz]."""
    stage_seconds: StageSeconds = StageSeconds()
    artifacts: dict[str, str] = {}
    """Component → sha256."""
    warnings: tuple[Notice, ...] = ()
    error: JobError | None = None
