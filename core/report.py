"""The report: what the audio of a job is and what it cost. Wire types."""

from __future__ import annotations

import msgspec

from core.acx import AcxReport
from core.recognition import FindingCode
from core.text import Notice, Span


class StageSeconds(msgspec.Struct, frozen=True):
    """The compute seconds of each stage, summed over parts; waiting is not compute.

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

    def __add__(self, other: StageSeconds) -> StageSeconds:
        """Returns the sums, stage by stage."""
        return StageSeconds(
            self.text + other.text,
            self.acoustic + other.acoustic,
            self.vocoder + other.vocoder,
            self.encode + other.encode,
        )


class FlaggedPlace(msgspec.Struct, frozen=True):
    """A word that should be listened to: it does not sound as meant."""

    text: str
    """The word."""
    code: FindingCode
    span: Span
    """Where it stands in the source."""
    chapter: int
    """Index of its chapter."""
    start: float
    """In the audio [s]."""
    end: float
    expected: str = ""
    """Phonemes of the word in IPA."""
    recognized: str = ""
    """Phonemes that were found in its place, without stress; empty = none."""


class SynthesisReport(msgspec.Struct, frozen=True, kw_only=True):
    """The facts about a job's audio and what it cost."""

    audio_seconds: float
    """Length of the file [s], pauses included."""
    compute_seconds: float
    """Σ of the stages and of the check [s]."""
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
    runtime: str = ""
    """Which export spoke."""
    precision: str = ""
    """Of that export."""
    file_sha256: str = ""
    """SHA-256 of the file, hex; compared whenever the service hands it out."""
    reused_seconds: float = 0.0
    """Speech that was there already, spoken for an earlier job: it cost this one nothing [s]."""
    gain_db: float = 0.0
    """The one gain of the whole file [dB]."""
    acx: AcxReport | None = None
    """Levels against ACX's rules, of a book."""
    check_seconds: float = 0.0
    """Compute of the check [s], part of ``compute_seconds``."""
    checked_words: int = 0
    """Words that a recognizer compared with the audio."""
    flagged_words: int = 0
    """Those of them that do not sound as meant."""
    places: tuple[FlaggedPlace, ...] = ()
    """Where to listen: the first of the flagged words; the timings have all."""
    warnings: tuple[Notice, ...] = ()
    """Of many only the first of each code, see ``warning_counts``."""
    warning_counts: dict[str, int] = {}
    """How many there are of each code."""
