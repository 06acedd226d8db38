"""Tokens that normalization yields, and what a verbalization rule sees and returns."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from text.normalization.numbers import digits

LETTER = re.compile(r"[A-Z]")

Verbalization = Sequence[str]
"""How a run of text is read: words, letters (a single capital: its name) and the marks , and ;"""


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a punctuation mark or a break, and the run of content it reads.

    Attributes:
        kind: a break carries ``seconds``; a sentence or paragraph break has its own kind.
        text: the word as it is pronounced, or the mark.
        start, end: half open, characters of the content; several words may share a run.
        letter: the letter's name is read.
        phonemes: in IPA, where the author gives them.
        ends: the mark ends a sentence.
        seconds: silence a break asks for.
    """

    kind: Literal["word", "punctuation", "break", "sentence", "paragraph"]
    text: str
    start: int
    end: int
    letter: bool = False
    phonemes: tuple[str, ...] | None = None
    ends: bool = False
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class RuleContext:
    """What a rule sees besides its match.

    Attributes:
        text: the whole content.
        end: rules must not look beyond.
        before: the words of this sentence so far, as they are read.
        in_lexicon: whether the lexicon has a lower-case word.
    """

    text: str
    end: int
    before: Sequence[str]
    in_lexicon: Callable[[str], bool]

    @property
    def last(self) -> str:
        """The word before, or an empty string."""
        return self.before[-1] if self.before else ""


Rule = tuple[re.Pattern[str], Callable[[re.Match[str], RuleContext], "Verbalization | None"]]
"""A pattern tried at the start of a word and the verbalizer of its match; None declines."""


def letters(text: str) -> list[str]:
    """Returns the letters and digits of an abbreviation one by one.

    >>> letters("B2b")
    ['B', 'two', 'B']
    """
    return [digits(c)[0] if c.isdigit() else c.upper() for c in text if c.isalnum()]


def to_tokens(words: Verbalization, start: int, end: int) -> list[Token]:
    """Returns the tokens of a verbalization; all share its run of content."""
    return [
        Token("punctuation", word, start, end)
        if word in ",;"
        else Token("word", word, start, end, letter=len(word) == 1 and bool(LETTER.match(word)))
        for word in words
    ]
