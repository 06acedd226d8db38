"""Wire types of the transcript that every finished job has: which text sounds when.

A transcript is a file of JSON lines: first the ``TranscriptHead``, then one ``TranscriptLine`` for
every utterance, in order. Times are seconds in the job's audio.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from core.recognition import FindingCode
from core.report import FlaggedPlace
from core.text import Notice, Silence, Span


class TimedChapter(msgspec.Struct, frozen=True):
    """A chapter; its time ends where the next one's begins."""

    title: str
    span: Span
    start: float
    end: float


class TimedWord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A word with its time."""

    text: str
    span: Span
    start: float
    end: float
    confidence: float | None = None
    """How sure a recognizer is of it, 0 to 1; None where nothing was checked."""
    finding: FindingCode | None = None
    """Why it should be listened to."""
    expected: str = ""
    """Of a word with a finding: its phonemes in IPA."""
    recognized: str = ""
    """Of a word with a finding: the phonemes that were found in its place, without stress."""


class TranscriptHead(msgspec.Struct, frozen=True, kw_only=True):
    """The first line: what holds for the whole."""

    schema: int = 1
    """Of the file; raised when its fields mean something else than before."""
    characters: int
    """Length of the source in code points."""
    seconds: float
    """Length of the audio."""
    chapters: tuple[TimedChapter, ...]
    silences: tuple[Silence, ...]
    """What is not spoken: all between the lines' spans, and runs inside them."""
    notices: tuple[Notice, ...] = ()
    """Notices of the text front end."""


class TranscriptLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An utterance, with its times where it has audio."""

    span: Span
    text: str
    """Normalized, as it is spoken."""
    status: Literal["spoken", "failed", "pending", "cancelled"]
    part: int
    chapter: int = 0
    voice: str | None = None
    """Another voice than the request's (SSML ``<voice>``)."""
    start: float | None = None
    """None where it has no audio."""
    end: float | None = None
    words: tuple[TimedWord, ...] = ()
    phonemes: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()
    """Where each phoneme starts, and where the last one ends."""
    error: str | None = None
    """Code of what went wrong."""
    notices: tuple[Notice, ...] = ()
    """Notices of the engine; their span is the line's."""

    @property
    def flagged(self) -> Iterator[FlaggedPlace]:
        """The words that should be listened to."""
        for word in self.words:
            if word.finding is not None:
                yield FlaggedPlace(
                    text=word.text,
                    code=word.finding,
                    span=word.span,
                    chapter=self.chapter,
                    start=word.start,
                    end=word.end,
                    expected=word.expected,
                    recognized=word.recognized,
                )
