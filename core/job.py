"""Wire types of the service: the request, the job record, its report."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from core.acx import AcxReport
from core.text import Notice, Pauses, Span

AudioFormat = Literal["wav", "flac", "ogg", "opus", "mp3", "m4b"]
"""ogg = Vorbis in Ogg, opus = Opus in Ogg, m4b = AAC in MP4 with chapter marks."""
Package = Literal["file", "chapters"]
"""file: one file; chapters: a zip with a file per chapter and a manifest."""
Lane = Literal["interactive", "bulk"]
RuntimeName = Literal["eager", "torchscript", "onnx"]
JobState = Literal["queued", "running", "succeeded", "partial", "failed", "cancelled"]
TERMINAL: frozenset[JobState] = frozenset({"succeeded", "partial", "failed", "cancelled"})

MAX_TEXT_CHARS = 1_000_000
SAMPLE_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)

Speed = Annotated[float, Meta(ge=0.25, le=4.0, description="2.0 = twice as fast")]
Pitch = Annotated[float, Meta(ge=0.5, le=2.0, description="factor on F0")]
Energy = Annotated[float, Meta(ge=0.25, le=4.0, description="factor on the energy")]
Loudness = Annotated[float, Meta(ge=-36.0, le=-8.0, description="integrated, EBU R 128")]
Seed = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class Controls(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How something is to be spoken and delivered."""

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
    pauses: Pauses = Pauses()
    """Silences that the text does not ask for."""
    loudness_lufs: Loudness | None = None
    """Integrated loudness of the whole programme [LUFS], reached by one gain; None = as spoken."""
    package: Package = "file"
    """One file, or a zip of one file per chapter."""


class SynthesisRequest(Controls, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a client asks for. Exactly one of ``text`` and ``ssml``."""

    text: Annotated[str, Meta(min_length=1, max_length=MAX_TEXT_CHARS)] | None = None
    """Plain text; blank lines are paragraph pauses."""
    ssml: Annotated[str, Meta(min_length=1, max_length=MAX_TEXT_CHARS)] | None = None
    """SSML 1.1 subset, root ``<speak>``."""

    @property
    def source(self) -> Source:
        """What is to be spoken."""
        return Source(text=self.ssml or self.text or "", markup=self.ssml is not None)

    @property
    def controls(self) -> Controls:
        """All but the text."""
        return Controls(**{name: getattr(self, name) for name in Controls.__struct_fields__})


class Chapter(msgspec.Struct, frozen=True):
    """A run of a source under a title."""

    title: str
    span: Span


class BookFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the tags of a book's file tell."""

    title: str
    authors: tuple[str, ...] = ()
    language: str = ""
    cover: str | None = None
    """Media type of its picture, which lies in the audio store; None = it has none."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What a job speaks: kept apart from its record, which is read at every poll."""

    text: str
    markup: bool = False
    """SSML."""
    chapters: tuple[Chapter, ...] = ()
    """In order, disjoint, without gaps but whitespace; empty = one without a title."""
    book: BookFacts | None = None
    notices: tuple[Notice, ...] = ()
    """What a reader of files left out."""

    @property
    def facts(self) -> SourceFacts:
        """What the record tells of it."""
        title = self.book.title if self.book else None
        return SourceFacts(len(self.text), self.markup, len(self.chapters), title)


class SourceFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a record tells of its source."""

    characters: int
    """Length in code points."""
    markup: bool = False
    """Whether it is SSML."""
    chapters: int = 0
    title: str | None = None
    """Of the book."""


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
    reused_seconds: float = 0.0
    """Speech that was there already, spoken for an earlier job: it cost this one nothing [s]."""
    gain_db: float = 0.0
    """The one gain of the programme [dB]."""
    acx: AcxReport | None = None
    """Levels against ACX's rules, of a book."""
    warnings: tuple[Notice, ...] = ()
    """Of many only the first of each code, see ``warning_counts``."""
    warning_counts: dict[str, int] = {}
    """How many there are of each code."""


class JobProgress(msgspec.Struct, frozen=True):
    """How far a job is."""

    parts_total: int = 0
    parts_done: int = 0
    parts_failed: int = 0
    share: float = 0.0
    """Of its estimated speech that is done with, 0 to 1: parts differ in length."""


class JobRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The truth about a job. Times are Unix seconds."""

    id: str
    state: JobState
    request: Controls
    """As resolved: no field that has a default is left open."""
    source: SourceFacts
    created_at: float
    owner: str | None = None
    """Id of the API key that made it; None = made without keys."""
    started_at: float | None = None
    finished_at: float | None = None
    progress: JobProgress = JobProgress()
    report: SynthesisReport | None = None
    error: JobError | None = None


JobEventName = Literal[
    "created", "planned", "started", "part_done", "part_failed", "undone", "finished", "retried"
]
"""undone: stored sounds were missing, their parts are spoken again. A retried job goes on after its
``finished``."""


class JobEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A move of a job, with how the job was after it."""

    id: str
    """Its place among the events of the job; send it as ``Last-Event-ID`` to go on after it."""
    job: str
    event: JobEventName
    at: float
    """Unix seconds, by the clock of Redis."""
    state: JobState
    part: int | None
    """Of ``part_done`` and ``part_failed``: which one."""
    progress: JobProgress
