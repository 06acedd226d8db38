"""Senses of homographs in labelled sentences.

Sentences: Project Gutenberg's editions of A Tale of Two Cities (98), Great Expectations (1400),
Middlemarch (145), Moby-Dick (2701), Pride and Prejudice (1342), The Adventures of Sherlock Holmes
(1661) and The Adventures of Tom Sawyer (74), all in the public domain; labelled by hand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from text.g2p.homographs import Neighbours, choose

WORDS = ("used", "lead", "read", "live", "close")


@dataclass(frozen=True, slots=True)
class LabelledSentence:
    """A sentence that holds a homograph once.

    Attributes:
        word: the homograph.
        sense: the right one of those that ``text.g2p.homographs`` tells apart.
        source: the book.
        sentence: its text.
    """

    word: str
    sense: str
    source: str
    sentence: str


def read_labelled(path: Path) -> list[LabelledSentence]:
    """Returns the labelled sentences of a file."""
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    return [LabelledSentence(*line.split("\t")) for line in lines]


def score(row: LabelledSentence) -> bool:
    """Returns whether the chosen sense is the right one."""
    words = re.findall(r"[A-Za-z']+", row.sentence)
    lowered = [word.lower() for word in words]
    at = lowered.index(row.word)
    chosen = choose(Neighbours(lowered, at, words[at][0].isupper()))
    return chosen is not None and chosen[0] == row.sense
