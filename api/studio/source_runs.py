"""The source of a job as a page shows it: words with their times, and what lies between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import msgspec

from core.text import Notice, Silence, Span
from core.transcript import TranscriptLine

SEEN_AS_WORDS = 100
"""A notice about more characters than these concerns a sentence and marks no word."""
INAUDIBLE = ("markup", "symbol", "emoji", "control", "script")
"""Reasons of silence that are worth showing: white space and punctuation are silent anyway."""


class SourceRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run of source characters."""

    text: str
    start: float | None = None
    """When its word begins in the audio [s]; None = it is no word, or has no audio."""
    end: float | None = None
    notes: tuple[str, ...] = ()
    """Codes of warnings about it."""
    silent: str = ""
    """Why it is not spoken, where that is worth showing."""


def source_runs(
    text: str,
    within: Span,
    lines: Iterable[TranscriptLine],
    silences: Sequence[Silence],
    notices: Sequence[Notice],
) -> Iterator[SourceRun]:
    """Yields the runs of a part of a source, in order and without gaps.

    Args:
        text: the whole source.
        within: the part of it that is shown.
        lines: of the transcript; those outside are passed over.
        silences: of the source.
        notices: warnings with their places.
    """
    position = within.start
    quiet = [s for s in silences if s.reason in INAUDIBLE and _overlap(s.span, within)]
    for word, start, end in _words(lines, within):
        if word.start > position:
            yield from _between(text, Span(position, word.start), quiet)
        notes = (n.code for n in notices if n.span is not None and _about(n.span, word))
        yield SourceRun(
            text=text[word.start : word.end],
            start=start,
            end=end,
            notes=tuple(dict.fromkeys(notes)),
        )
        position = word.end
    yield from _between(text, Span(position, within.end), quiet)


def _words(lines: Iterable[TranscriptLine], within: Span) -> Iterator[tuple[Span, float, float]]:
    """Yields places and times of words; what is written as one and said as several is one."""
    last: tuple[Span, float, float] | None = None
    words = chain.from_iterable(line.words for line in lines if _overlap(line.span, within))
    for word in words:
        if not within.start <= word.span.start < word.span.end <= within.end:
            continue
        if last is not None and word.span.start < last[0].end:
            last = (Span(last[0].start, max(last[0].end, word.span.end)), last[1], word.end)
            continue
        if last is not None:
            yield last
        last = (word.span, word.start, word.end)
    if last is not None:
        yield last


def _between(text: str, gap: Span, quiet: Sequence[Silence]) -> Iterator[SourceRun]:
    """Yields a gap between words, what is silent for a reason worth showing apart."""
    position = gap.start
    for silence in quiet:
        start, end = max(silence.span.start, position), min(silence.span.end, gap.end)
        if start >= end:
            continue
        if start > position:
            yield SourceRun(text=text[position:start])
        yield SourceRun(text=text[start:end], silent=silence.reason)
        position = end
    if gap.end > position:
        yield SourceRun(text=text[position : gap.end])


def _about(notice: Span, word: Span) -> bool:
    return notice.end - notice.start <= SEEN_AS_WORDS and _overlap(notice, word)


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end
