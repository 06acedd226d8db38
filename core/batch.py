"""What became of each input of a batch. Wire types.

The summary of a finished batch is kept beside its zip, as JSON: a tuple of ``InputResult``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from core.record import JobError
from core.text import Notice, Span

InputState = Literal["pending", "succeeded", "partial", "failed", "cancelled"]
"""partial: there is a file, but parts of the input are missing."""


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file within a zip that is stored as it is, so that its bytes can be read alone."""

    name: str
    offset: int
    """Where in the zip its bytes begin."""
    bytes: int
    sha256: str
    """Hex."""
    samples: int
    """Length of its audio."""


class InputResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of an input."""

    id: str
    characters: int
    state: InputState
    seconds: float | None = None
    """Length of its file [s]."""
    file: StoredFile | None = None
    error: JobError | None = None
    """Why it failed, or the first failure of one that is partial."""
    warnings: tuple[Notice, ...] = ()
    """With places in its own text; of each code at most fifty."""


NOTHING_TO_SPEAK: Final = JobError("unspeakable_text", "there is nothing to speak")
"""The error of an input without words."""


@dataclass(slots=True)
class InputProgress:
    """How far an input of a planned batch is.

    Attributes:
        parts: of the input; 0 = it has nothing to speak.
        done: parts with audio.
        failed: parts that will have none.
        error: the first failure.
    """

    parts: int = 0
    done: int = 0
    failed: int = 0
    error: JobError | None = None

    def add(self, *, error: JobError | None = None, pending: bool = False) -> None:
        """Counts a part."""
        self.parts += 1
        if error is not None:
            self.failed += 1
            self.error = self.error or error
        elif not pending:
            self.done += 1

    @property
    def state(self) -> InputState:
        """What became of the input so far."""
        if self.done + self.failed < self.parts:
            return "pending"
        if not self.done:
            return "failed"
        return "partial" if self.failed else "succeeded"

    @property
    def failure(self) -> JobError | None:
        """Why the input has no audio, or not all of it."""
        return NOTHING_TO_SPEAK if not self.parts else self.error


def notices_within(notices: Iterable[Notice], span: Span) -> tuple[Notice, ...]:
    """Returns the notices about a run of the source, with places in that run.

    >>> notices_within([Notice("a", "", Span(1, 2)), Notice("b", "", Span(7, 8))], Span(6, 9))
    (Notice(code='b', message='', span=Span(start=1, end=2)),)
    """
    return tuple(
        Notice(one.code, one.message, Span(one.span.start - span.start, one.span.end - span.start))
        for one in notices
        if one.span is not None and span.start <= one.span.start < span.end
    )
