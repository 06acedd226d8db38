"""Where everything of a job stands in its audio, known before a sample is read."""

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
from core.units import pause_samples
from synthesis.transcript import DIGITS


@dataclass(frozen=True, slots=True)
class PlacedPart:
    """A part with audio, and its place.

    Attributes:
        part: its utterances.
        result: of the part; has audio.
        audio: lengths and durations.
        pauses: samples after each utterance.
        start: its first sample in the whole audio.
        lead: silence before it that belongs to it, where it begins an input of a batch [samples].
    """

    part: Part
    result: PartResult
    audio: PartAudio
    pauses: tuple[int, ...]
    start: int
    lead: int = 0

    @property
    def starts(self) -> list[int]:
        """First sample of each utterance."""
        lengths = (n + pause for n, pause in zip(self.audio.samples, self.pauses, strict=True))
        return [*accumulate(lengths, initial=self.start)][:-1]

    @property
    def stop(self) -> int:
        """One past its last sample, pauses included."""
        return self.start + sum(self.audio.samples) + sum(self.pauses)


@dataclass(frozen=True, slots=True)
class FailedPart:
    """A part without audio, and the reason."""

    part: Part
    error: JobError

    @property
    def notice(self) -> Notice:
        """Which text is missing."""
        first, last = self.part.utterances[0], self.part.utterances[-1]
        span = Span(first.span.start, last.span.end)
        return Notice("part_failed", f"not spoken: {self.error.message}", span)


def place_parts(
    parts: Iterable[Part], results: Iterable[PartResult], request: Controls, plan: JobPlan
) -> Iterator[PlacedPart | FailedPart]:
    """Yields every part with its place, or with why it has none.

    Raises:
        Conflict: they are no longer there: the job has ended (code ``job_over``).
    """
    start, count, chapter = None, 0, -1
    for count, (part, result) in enumerate(zip(parts, results, strict=True), 1):  # noqa: B007
        if result.audio is None:
            yield FailedPart(part, result.error or JobError("internal", "a part without a result"))
            continue
        rate = result.audio.sample_rate
        pauses = tuple(
            pause_samples(utterance.pause_after_seconds, request.speed, rate)
            for utterance in part.utterances
        )
        seconds = plan.lead_seconds if start is None else 0.0
        if plan.chapter_leads and part.chapter != chapter:
            seconds = plan.chapter_leads[part.chapter]
        lead, chapter = pause_samples(seconds, request.speed, rate), part.chapter
        placed = PlacedPart(part, result, result.audio, pauses, (start or 0) + lead, lead)
        start = placed.stop
        yield placed
    if count != plan.parts:
        raise Conflict(f"{count} of {plan.parts} parts are there", code="job_over")


@dataclass(slots=True)
class Timeline:
    """The audio of a job at the acoustic model's sample rate, with the places of its chapters.

    Attributes:
        sample_rate: [Hz]; 0 before the first part.
        lead: silence before everything [samples].
        samples: of the whole.
        chapters: first sample of each chapter that has audio, by its index.
        edges: room tone before and behind each chapter that has audio, in a file of its own
            [samples]; the figures above are without it.
    """

    sample_rate: int = 0
    lead: int = 0
    samples: int = 0
    chapters: dict[int, int] = field(default_factory=dict)
    edges: tuple[int, int] = (0, 0)

    def add(self, placed: PlacedPart) -> None:
        """Adds the next part."""
        if not self.sample_rate:
            self.sample_rate, self.lead = placed.audio.sample_rate, placed.start
        self.chapters.setdefault(placed.part.chapter, placed.start - placed.lead)
        self.samples = placed.stop

    def chapter_starts(self, source: Source) -> list[int]:
        """Returns the first sample of every chapter; one without audio begins with the next one.

        The first begins with the audio. A source without chapters has one.
        """
        starts, following = [], self.samples
        for index in reversed(range(max(1, len(source.chapters)))):
            following = self.chapters.get(index, following)
            starts.append(following)
        return [0, *reversed(starts[:-1])]

    @property
    def samples_with_edges(self) -> int:
        """Length of the files of all chapters, one after the other."""
        return self.samples + len(self.chapters) * sum(self.edges)

    def offset_of(self, chapter: int) -> int:
        """Returns how much room tone there is before the speech of a chapter, all in all."""
        return self._edges_before(chapter) + self.edges[0]

    def _edges_before(self, chapter: int) -> int:
        return sum(1 for index in self.chapters if index < chapter) * sum(self.edges)

    def timed_chapters(self, source: Source) -> tuple[TimedChapter, ...]:
        """Returns the chapters of the source with their times."""
        starts = (*self.chapter_starts(source), self.samples)
        edges = [
            round((at + self._edges_before(index)) / self.sample_rate, DIGITS)
            for index, at in enumerate(starts)
        ]
        return tuple(
            TimedChapter(chapter.title, chapter.span, start, end)
            for chapter, start, end in zip(source.chapters, edges, edges[1:], strict=False)
        )
