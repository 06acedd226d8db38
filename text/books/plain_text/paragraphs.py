"""Plain text to paragraphs: hard-wrapped lines joined, the shape of verse kept."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

NARROWEST_WRAP = 50
"""Characters. Lines of prose that editors wrap are 60 to 80 wide; narrower ones are verse or
lists."""
_HYPHENATED = re.compile(r"[^\W\d_]-$")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines between blank lines.

    Attributes:
        lines: without surrounding blanks, none empty.
        indented: number of blanks before each line.
    """

    lines: tuple[str, ...]
    indented: tuple[int, ...]


def split_paragraphs(text: str, speakers: Sequence[str] = ()) -> list[Paragraph]:
    """Cuts a text at blank lines, and before lines that another voice begins.

    Args:
        text: lines.
        speakers: names before the speeches of a script.

    >>> [p.lines for p in split_paragraphs("One\\ntwo.\\n\\n  Three.\\n")]
    [('One', 'two.'), ('Three.',)]
    """
    paragraphs = []
    lines: list[str] = []
    names = "|".join(re.escape(name) for name in speakers)
    voice = re.compile(rf"\s*(?:\[/?voice[:\]]|(?:{names or '(?!)'})(?::|\.?\s*$))", re.IGNORECASE)
    for line in (*text.split("\n"), ""):
        if lines and voice.match(line):
            paragraphs.append(_paragraph(lines))
            lines = []
        if line.strip():
            lines.append(line.rstrip())
        elif lines:
            paragraphs.append(_paragraph(lines))
            lines = []
    return paragraphs


def _paragraph(lines: Sequence[str]) -> Paragraph:
    stripped = [line.lstrip() for line in lines]
    indents = [len(line) - len(bare) for line, bare in zip(lines, stripped, strict=True)]
    return Paragraph(tuple(stripped), tuple(indents))


def wrap_width(paragraphs: Sequence[Paragraph]) -> int:
    """Returns the width at which a text was wrapped [characters]; 0 = it was not.

    The upper quartile of all lines that another one follows in their paragraph.
    """
    widths = [len(line) for p in paragraphs for line in p.lines[:-1]]
    if len(widths) < 2:
        return 0
    return round(statistics.quantiles(widths, n=4)[2])


def joined(paragraph: Paragraph, width: int) -> str:
    """Returns a paragraph as text: prose on one line, verse and lists line by line.

    Prose has lines about as wide as the text's; a word cut by a hyphen at a line's end keeps the
    hyphen (whether it belongs to the word cannot be known), without a blank.

    Args:
        paragraph: its lines.
        width: of the whole text (``wrap_width``).

    >>> joined(split_paragraphs("a well-\\nknown " + "x" * 60 + "\\nend")[0], 60)[:14]
    'a well-known x'
    """
    lines = paragraph.lines
    if not _is_prose(paragraph, width):
        return "\n".join(lines)
    pieces = [lines[0]]
    for before, line in pairwise(lines):
        if not (_HYPHENATED.search(before[-2:]) and line[:1].isalpha()):
            pieces.append(" ")
        pieces.append(line)
    return re.sub(r"[^\S\n]{2,}", " ", "".join(pieces))


def _is_prose(paragraph: Paragraph, width: int) -> bool:
    """Most lines but the last are full: one more word would have passed the width."""
    lines = paragraph.lines[:-1]
    if not lines or width < NARROWEST_WRAP:
        return not lines or width >= NARROWEST_WRAP
    full = sum(len(line) >= 0.75 * width for line in lines)
    return 2 * full >= len(lines)
