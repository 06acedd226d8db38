"""Where everything of a job stands in its programme, known before a sample is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate

from core.errors import Conflict
from core.part import JobPlan, Part, PartAudio, PartResult
from core.record import JobError
from core.request import Controls, Source
from core.text import Notice, Span
from core.transcript import TimedChapter
from synthesis.parts import pause_samples
from synthesis.report import ReportBuilder
from synthesis.transcript import DIGITS


@dataclass(frozen=True, slots=True)
class Placed:
    """A part that was spoken, and where.

    Attributes:
        part: its utterances.
        result: of the part; has a sound.
        sound: lengths and durations.
        pauses: samples after each utterance.
        start: its first sample in the programme.
    """

    part: Part
    result: PartResult
    sound: PartAudio
    pauses: tuple[int, ...]
    start: int

    @property
    def starts(self) -> list[int]:
        """First sample of each utterance."""
        lengths = (n + pause for n, pause in zip(self.sound.samples, self.pauses, strict=True))
        return [*accumulate(lengths, initial=self.start)][:-1]

    @property
    def stop(self) -> int:
        """One past its last sample, pauses included."""
        return self.start + sum(self.sound.samples) + sum(self.pauses)


@dataclass(frozen=True, slots=True)
class Missing:
    """A part that was not spoken, and why."""

    part: Part
    error: JobError

    @property
    def notice(self) -> Notice:
        """Which text is missing."""
        first, last = self.part.utterances[0], self.part.utterances[-1]
        span = Span(first.span.start, last.span.end)
        return Notice("part_failed", f"not spoken: {self.error.message}", span)


def placed(
    parts: Iterable[Part], results: Iterable[PartResult], request: Controls, plan: JobPlan
) -> Iterator[Placed | Missing]:
    """Every part with its place, or with why it has none.

    Raises:
        Conflict: they are no longer there: the job has ended (code ``job_over``).
    """
    start, count = None, 0
    for count, (part, result) in enumerate(zip(parts, results, strict=True), 1):  # noqa: B007
        if result.sound is None:
            yield Missing(part, result.error or JobError("internal", "a part without a result"))
            continue
        rate = result.sound.sample_rate
        pauses = tuple(
            pause_samples(utterance.pause_after_seconds, request.speed, rate)
            for utterance in part.utterances
        )
        if start is None:
            start = pause_samples(plan.lead_seconds, request.speed, rate)
        here = Placed(part, result, result.sound, pauses, start)
        start = here.stop
        yield here
    if count != plan.parts:
        raise Conflict(f"{count} of {plan.parts} parts are there", code="job_over")


@dataclass(slots=True)
class Timeline:
    """A programme at the acoustic model's sample rate.

    Attributes:
        lead: silence before everything [samples].
        samples: of the whole.
        chapters: first sample of each chapter that was spoken, by its index.
        tally: what the parts add up to.
        failed: why parts are missing.
    """

    lead: int = 0
    samples: int = 0
    chapters: dict[int, int] = field(default_factory=dict)
    tally: ReportBuilder = field(default_factory=ReportBuilder)
    failed: list[JobError] = field(default_factory=list)

    def add(self, one: Placed | Missing) -> None:
        """Counts a part; a missing one becomes a warning.

        Raises:
            ArtifactError: the parts of one job differ in sample rate.
        """
        if isinstance(one, Missing):
            self.failed.append(one.error)
            self.tally.notices.append(one.notice)
            return
        if not self.samples:
            self.lead = one.start
        self.tally.add(one.sound, one.part.utterances, reused=one.result.reused)
        self.chapters.setdefault(one.part.chapter, one.start)
        self.samples = one.stop

    def starts(self, source: Source) -> list[int]:
        """First sample of every chapter; one that says nothing begins with the next one.

        The first begins with the programme. A source without chapters has one.
        """
        starts, following = [], self.samples
        for index in reversed(range(max(1, len(source.chapters)))):
            following = self.chapters.get(index, following)
            starts.append(following)
        return [0, *reversed(starts[:-1])]

    def timed_chapters(self, source: Source) -> tuple[TimedChapter, ...]:
        """The chapters of the source with their times."""
        rate = self.tally.sample_rate
        edges = [round(at / rate, DIGITS) for at in (*self.starts(source), self.samples)]
        return tuple(
            TimedChapter(chapter.title, chapter.span, start, end)
            for chapter, start, end in zip(source.chapters, edges, edges[1:], strict=False)
        )
