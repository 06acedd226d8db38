"""Parts of a job, the units of queueing, checkpoint and retry; and what became of them."""

from __future__ import annotations

import msgspec

from core.recognition import UtteranceCheck
from core.record import JobError
from core.report import StageSeconds
from core.text import Notice, Silence, Utterance


class Part(msgspec.Struct, frozen=True):
    """A bounded run of consecutive utterances: the unit of queueing, checkpoint and retry."""

    index: int
    """Position within the job, from 0."""
    first: int
    """Index of its first utterance within the job."""
    utterances: tuple[Utterance, ...]
    chapter: int = 0
    """Index of the chapter it belongs to; no part belongs to two."""
    seconds: float = 0.0
    """Estimated length with its pauses, at the request's speed [s]."""


class JobPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What the text front end made of a job; the utterances themselves lie in its parts."""

    parts: int
    utterances: int
    lead_seconds: float
    """Silence before the first utterance [s], before the request's speed is applied."""
    text_seconds: float
    """Compute seconds of the text stage [s]."""
    seconds: float = 0.0
    """Estimated length of all parts [s]."""
    chapter_leads: tuple[float, ...] = ()
    """Of a batch: silence at the start of each of its inputs [s], before the request's speed is
    applied."""
    silences: tuple[Silence, ...] = ()
    """With the utterances they cover every source character once."""
    notices: tuple[Notice, ...] = ()


class PartAudio(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a part's stored samples. Tuples hold one entry per utterance.

    The samples are those of its utterances one after the other, float32, at the acoustic model's
    sample rate, without pauses and before any gain.
    """

    samples: tuple[int, ...] = ()
    """Length of each utterance in samples."""
    durations: tuple[tuple[int, ...], ...] = ()
    """Frames per phoneme."""
    batch_sizes: tuple[int, ...] = ()
    """Utterances, of any jobs, that went through the acoustic model together."""
    sample_rate: int = 0
    """Of the stored samples [Hz]."""
    stage_seconds: StageSeconds = StageSeconds()
    artifacts: dict[str, str] = {}
    """Component → sha256."""
    notices: tuple[tuple[Notice, ...], ...] = ()
    """Without spans: the same audio may stand at several places."""
    checks: tuple[UtteranceCheck, ...] = ()
    """Empty where nothing was checked."""

    @property
    def audio_seconds(self) -> float:
        """Length of the speech alone [s]."""
        return sum(self.samples) / self.sample_rate if self.sample_rate else 0.0


class SampleChunk(msgspec.Struct, frozen=True):
    """Samples of a part on their way to a listener, before the part is done."""

    utterance: int
    """Index of the utterance within the part."""
    start: int
    """Where in the utterance they begin [samples]."""
    total: int
    """Length of the utterance [samples]."""
    sample_rate: int
    """[Hz]"""
    data: bytes
    """float32, little endian: as they stand in the part's stored audio."""


class PartResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a part: its audio, or why there is none."""

    index: int
    digest: str = ""
    """Digest of all that the samples depend on; the audio store has them under it."""
    audio: PartAudio | None = None
    reused: bool = False
    """The audio was there already; it cost this job nothing."""
    error: JobError | None = None
