"""Tokens that normalization yields, and what a verbalization rule sees and returns."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from text.normalization.numbers import digits
from text.normalization.tables.names import WORD_ACRONYMS

LETTER = re.compile(r"[A-Z]")

_DETERMINERS = frozenset(
    "a an the this that each every another his her my your our their its one".split()  # noqa: SIM905
)
_NOUN = re.compile(r"[\s-]([a-z]{2,}|[a-z]-[a-z]+)")
_NO_NOUNS = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "in",
        "on",
        "at",
        "to",
        "for",
        "from",
        "with",
        "by",
        "as",
        "and",
        "or",
        "but",
        "nor",
        "than",
        "that",
        "which",
        "who",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "has",
        "have",
        "had",
        "do",
        "does",
        "did",
        "will",
        "would",
        "can",
        "could",
        "may",
        "might",
        "must",
        "shall",
        "should",
        "not",
        "more",
        "less",
        "per",
        "above",
        "below",
        "over",
        "under",
        "after",
        "before",
        "long",
        "wide",
        "tall",
        "high",
        "deep",
        "thick",
        "away",
        "apart",
        "ago",
        "old",
        "while",
        "when",
        "if",
        "so",
        "because",
        "until",
        "since",
        "into",
        "onto",
        "through",
        "during",
        "between",
        "about",
        "around",
        "each",
        "every",
        "he",
        "she",
        "it",
        "they",
        "we",
        "you",
        "up",
        "down",
        "off",
        "out",
    ]
)

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
        is_shouted: whether a word in capitals at a position is in a run of such words.
    """

    text: str
    end: int
    before: Sequence[str]
    in_lexicon: Callable[[str], bool]
    is_shouted: Callable[[int], bool]

    def is_adjective(self, at: int) -> bool:
        """Returns whether a quantity that ends here qualifies a noun: a 12" ruler, the $5 bill."""
        if self.last.lower() not in _DETERMINERS:
            return False
        noun = _NOUN.match(self.text, at, self.end)
        return noun is not None and noun[1] not in _NO_NOUNS

    @property
    def last(self) -> str:
        """The word before, or an empty string."""
        return self.before[-1] if self.before else ""


Verbalizer = Callable[[re.Match[str], RuleContext], "Verbalization | None"]
Rule = tuple[re.Pattern[str], Verbalizer]
"""A pattern tried at the start of a word and the verbalizer of its match; None declines."""


def letters(text: str) -> list[str]:
    """Returns the letters and digits of an abbreviation one by one.

    >>> letters("B2b")
    ['B', 'two', 'B']
    """
    return [digits(c)[0] if c.isdigit() else c.upper() for c in text if c.isalnum()]


LONGEST_WORD = 50
"""Letters. A longer run is not a word; it is read in pieces, so that an utterance stays bounded.

The longest word of English dictionaries has 45 letters."""


def to_tokens(words: Verbalization, start: int, end: int) -> list[Token]:
    """Returns the tokens of a verbalization; all share its run of content."""
    tokens: list[Token] = []
    for word in words:
        if word in ",;":
            tokens.append(Token("punctuation", word, start, end))
        elif len(word) == 1:
            tokens.append(Token("word", word, start, end, letter=bool(LETTER.match(word))))
        else:
            for at in range(0, len(word), LONGEST_WORD):
                piece = word[at : at + LONGEST_WORD].strip("'")
                if piece:
                    tokens.append(Token("word", piece, start, end))
    return tokens


_SPELLED = frozenset(("PhD", "BSc", "MSc"))


def mixed_case(text: str) -> list[str]:
    """Returns the parts of a word of mixed case; those that cannot be pronounced letter by letter.

    >>> mixed_case("GitHub"), mixed_case("IoT"), mixed_case("IPv")
    (['Git', 'Hub'], ['I', 'O', 'T'], ['I', 'P', 'V'])
    """
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", text)
    if text in _SPELLED or (all(len(part) < 3 for part in parts) and len(text) < 4):
        return letters(text)
    words: list[str] = []
    for part in parts:
        spelled = len(part) == 1 or (part.isupper() and part not in WORD_ACRONYMS)
        if spelled or (len(part) < 4 and not re.search(r"[aeiouyAEIOUY]", part)):
            words += letters(part)
        else:
            words.append(part)
    return words
