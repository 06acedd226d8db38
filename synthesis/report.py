"""What a report adds up, whoever makes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from core.acx import AcxReport
from core.errors import ArtifactError
from core.part import PartAudio
from core.report import StageSeconds, SynthesisReport
from core.text import Notice, Utterance
from core.units import rtf

TOLD_OF_EACH = 50
"""Notices of one code that a report holds: it is read at every poll, and a book may have thousands.
The transcript has them all."""


@dataclass(slots=True)
class ReportBuilder:
    """Sums over the parts of one job."""

    text: float = 0.0
    acoustic: float = 0.0
    vocoder: float = 0.0
    encode: float = 0.0
    sample_rate: int = 0
    """Of the parts' samples [Hz]."""
    utterances: int = 0
    batch_sizes: int = 0
    reused_seconds: float = 0.0
    gain_db: float = 0.0
    acx: AcxReport | None = None
    artifacts: dict[str, str] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)

    def add(
        self, sound: PartAudio, utterances: Iterable[Utterance], *, reused: bool = False
    ) -> None:
        """Counts a part; what it tells of an utterance gets the place where that stands.

        Raises:
            ArtifactError: the parts of one job differ in sample rate.
        """
        if self.sample_rate not in (0, sound.sample_rate):
            raise ArtifactError("parts of one job differ in sample rate")
        self.sample_rate = sound.sample_rate
        self.utterances += len(sound.samples)
        self.batch_sizes += sum(sound.batch_sizes)
        self.artifacts.update(sound.artifacts)
        for notices, utterance in zip(sound.notices, utterances, strict=True):
            self.notices += (msgspec.structs.replace(n, span=utterance.span) for n in notices)
        if reused:
            self.reused_seconds += sound.audio_seconds
            return
        self.acoustic += sound.stage_seconds.acoustic
        self.vocoder += sound.stage_seconds.vocoder

    def report(
        self, samples: int, sample_rate: int, *, queue_seconds: float = 0.0
    ) -> SynthesisReport:
        """The report of a file of so many samples at that rate [Hz]."""
        stages = StageSeconds(self.text, self.acoustic, self.vocoder, self.encode)
        return SynthesisReport(
            audio_seconds=samples / sample_rate,
            compute_seconds=stages.total,
            rtf=rtf(stages.total, samples / sample_rate),
            stage_seconds=stages,
            queue_seconds=queue_seconds,
            batch_fill=self.batch_sizes / self.utterances,
            utterances=self.utterances,
            sample_rate=sample_rate,
            samples=samples,
            artifacts=self.artifacts,
            reused_seconds=self.reused_seconds,
            gain_db=self.gain_db,
            acx=self.acx,
            warnings=bounded(self.notices),
            warning_counts=dict(Counter(notice.code for notice in self.notices)),
        )


def bounded(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    """The first notices of each code, in order.

    >>> len(bounded([Notice("word_guessed", "")] * 60 + [Notice("clipped", "")]))
    51
    """
    seen: Counter[str] = Counter()
    kept = []
    for notice in notices:
        seen[notice.code] += 1
        if seen[notice.code] <= TOLD_OF_EACH:
            kept.append(notice)
    return tuple(kept)
