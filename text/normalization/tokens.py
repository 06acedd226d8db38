"""What reading a text yields: words to say and points to observe, in order."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from text.normalization.numbers import digits

LETTER = re.compile(r"[A-Z]")

Reading = Sequence[str]
"""How a stretch is said: words, letters (a single capital: its name) and the marks , and ;"""


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a point, or a break, and the stretch of content it reads.

    Attributes:
        kind: a break carries ``seconds``; a sentence or paragraph break has its own kind.
        text: as spoken.
        start, end: half open, characters of the content; several words may share a stretch.
        letter: say the letter's name.
        phonemes: given by the author, in IPA.
        ends: a point that ends a sentence.
        seconds: silence asked for.
    """

    kind: Literal["word", "point", "break", "sentence", "paragraph"]
    text: str
    start: int
    end: int
    letter: bool = False
    phonemes: tuple[str, ...] | None = None
    ends: bool = False
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule looks.

    Attributes:
        text: the whole content.
        end: rules must not look beyond.
        before: the words said so far in this sentence, as spoken.
        knows: whether the lexicon has a lower-case word.
    """

    text: str
    end: int
    before: Sequence[str]
    knows: Callable[[str], bool]

    @property
    def last(self) -> str:
        """The word before, or nothing."""
        return self.before[-1] if self.before else ""


Rule = tuple[re.Pattern[str], Callable[[re.Match[str], Place], "Reading | None"]]
"""A pattern tried at the start of a word, and its reading; None declines."""


def letters(text: str) -> list[str]:
    """Letter names and digits of an abbreviation.

    >>> letters("B2b")
    ['B', 'two', 'B']
    """
    return [digits(c)[0] if c.isdigit() else c.upper() for c in text if c.isalnum()]


def say(reading: Reading, start: int, end: int) -> list[Token]:
    """Tokens of a reading; all share its stretch."""
    return [
        Token("point", word, start, end)
        if word in ",;"
        else Token("word", word, start, end, letter=len(word) == 1 and bool(LETTER.match(word)))
        for word in reading
    ]
