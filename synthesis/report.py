"""The one builder of a job's report, for the service and for ``rhapsode say``."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from core.acx import AcxReport
from core.errors import ArtifactError
from core.part import PartAudio
from core.recognition import FindingCode, UtteranceCheck
from core.report import FlaggedPlace, StageSeconds, SynthesisReport
from core.text import Notice, Utterance
from core.units import rtf

NOTICES_OF_A_CODE = 50
"""Notices of one code that a report holds: it is read at every poll, and a book may have thousands.
The transcript has them all."""

FINDING_MESSAGES: Final[dict[FindingCode, str]] = {
    "misheard": "something else than {0!r} was recognized",
    "dropped_word": "{0!r} was not recognized in the audio",
    "repeated_word": "{0!r} was recognized twice",
}


@dataclass(slots=True)
class ReportBuilder:
    """A report in the making: the sums over the parts of one job.

    Attributes:
        runtime: which export spoke.
        precision: of that export.
        seconds: compute of each stage [s]; who measures one adds it.
        sample_rate: of the parts' samples [Hz]; 0 before the first part.
        utterances: how many there are.
        batch_sizes: Σ of the sizes of the batches in which each utterance was.
        reused_seconds: speech that was there already [s].
        gain_db: the one gain of the whole audio [dB].
        file_sha256: of the finished file, hex.
        acx: levels of a book against ACX's rules.
        check_seconds: compute of the check [s].
        checked_words: words that a recognizer compared with the audio.
        flagged_words: those that do not sound as meant.
        places: where to listen, at most ``NOTICES_OF_A_CODE``.
        artifacts: component → sha256 of what spoke.
        notices: everything to tell, in order.
    """

    runtime: str = ""
    precision: str = ""
    seconds: StageSeconds = field(default_factory=StageSeconds)
    sample_rate: int = 0
    utterances: int = 0
    batch_sizes: int = 0
    reused_seconds: float = 0.0
    gain_db: float = 0.0
    file_sha256: str = ""
    acx: AcxReport | None = None
    check_seconds: float = 0.0
    checked_words: int = 0
    flagged_words: int = 0
    places: list[FlaggedPlace] = field(default_factory=list)
    artifacts: dict[str, str] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)

    def add_part(
        self, audio: PartAudio, utterances: Sequence[Utterance], *, reused: bool = False
    ) -> None:
        """Adds a part; its notices get the spans of its utterances.

        Args:
            audio: of the part.
            utterances: of the part, one for each entry of ``audio``.
            reused: the audio was there already, and cost this job nothing.

        Raises:
            ArtifactError: the parts of one job differ in sample rate.
        """
        if self.sample_rate not in (0, audio.sample_rate):
            raise ArtifactError("parts of one job differ in sample rate")
        self.sample_rate = audio.sample_rate
        self.utterances += len(audio.samples)
        self.batch_sizes += sum(audio.batch_sizes)
        self.artifacts.update(audio.artifacts)
        for notices, utterance in zip(audio.notices, utterances, strict=True):
            self.notices += (msgspec.structs.replace(n, span=utterance.span) for n in notices)
        for check, utterance in zip(audio.checks, utterances, strict=bool(audio.checks)):
            self._add_check(check, utterance)
            if not reused:
                self.check_seconds += check.seconds
        if reused:
            self.reused_seconds += audio.audio_seconds
        else:
            self.seconds += audio.stage_seconds

    def _add_check(self, check: UtteranceCheck, utterance: Utterance) -> None:
        """Adds the findings of an utterance as notices, each with the span of its word."""
        self.checked_words += len(check.confidences)
        self.flagged_words += len(check.findings)
        for finding in check.findings:
            word = utterance.words[finding.word]
            message = FINDING_MESSAGES[finding.code].format(word.text)
            self.notices.append(Notice(finding.code, message, word.span))

    def build(
        self, samples: int, sample_rate: int, *, queue_seconds: float = 0.0
    ) -> SynthesisReport:
        """Returns the report of a file of so many samples at that rate [Hz]."""
        return SynthesisReport(
            audio_seconds=samples / sample_rate,
            compute_seconds=self.seconds.total + self.check_seconds,
            rtf=rtf(self.seconds.total + self.check_seconds, samples / sample_rate),
            stage_seconds=self.seconds,
            queue_seconds=queue_seconds,
            batch_fill=self.batch_sizes / self.utterances,
            utterances=self.utterances,
            sample_rate=sample_rate,
            samples=samples,
            artifacts=self.artifacts,
            runtime=self.runtime,
            precision=self.precision,
            file_sha256=self.file_sha256,
            reused_seconds=self.reused_seconds,
            gain_db=self.gain_db,
            acx=self.acx,
            check_seconds=self.check_seconds,
            checked_words=self.checked_words,
            flagged_words=self.flagged_words,
            places=tuple(self.places[:NOTICES_OF_A_CODE]),
            warnings=first_of_each_code(self.notices),
            warning_counts=dict(Counter(notice.code for notice in self.notices)),
        )


def sha256_of(path: Path) -> str:
    """Returns the SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def first_of_each_code(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    """Returns the first ``NOTICES_OF_A_CODE`` notices of each code, in order.

    >>> len(first_of_each_code([Notice("word_guessed", "")] * 60 + [Notice("clipped", "")]))
    51
    """
    seen: Counter[str] = Counter()
    kept = []
    for notice in notices:
        seen[notice.code] += 1
        if seen[notice.code] <= NOTICES_OF_A_CODE:
            kept.append(notice)
    return tuple(kept)
