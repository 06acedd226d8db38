"""Plain text to paragraphs: hard-wrapped lines joined, the shape of verse kept."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

WRAPPED_AT_LEAST = 50
"""Lines of prose that editors wrap are 60 to 80 wide; below this they are verse or lists."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines between blank lines.

    Attributes:
        lines: without surrounding blanks, none empty.
        indented: per line, blanks before it.
    """

    lines: tuple[str, ...]
    indented: tuple[int, ...]


def split_paragraphs(text: str) -> list[Paragraph]:
    """Cuts at blank lines.

    >>> [p.lines for p in split_paragraphs("One\\ntwo.\\n\\n  Three.\\n")]
    [('One', 'two.'), ('Three.',)]
    """
    found = []
    for block in re.split(r"\n[^\S\n]*(?:\n[^\S\n]*)+", text):
        lines = [line.rstrip() for line in block.split("\n") if line.strip()]
        if lines:
            stripped = [line.lstrip() for line in lines]
            indents = [len(line) - len(bare) for line, bare in zip(lines, stripped, strict=True)]
            found.append(Paragraph(tuple(stripped), tuple(indents)))
    return found


def wrap_width(paragraphs: Sequence[Paragraph]) -> int:
    """The width at which a text was wrapped, 0 = every paragraph is one line.

    The upper quartile of all lines that another one follows in their paragraph.
    """
    widths = [len(line) for p in paragraphs for line in p.lines[:-1]]
    if len(widths) < 2:
        return 0
    return round(statistics.quantiles(widths, n=4)[2])


def joined(paragraph: Paragraph, width: int) -> str:
    """A paragraph as text: prose on one line, verse and lists line by line.

    Prose has lines about as wide as the text's; a word cut by a hyphen at a line's end keeps the
    hyphen (whether it belongs to the word cannot be known), without a blank.

    Args:
        paragraph: lines.
        width: of the whole text (``wrap_width``).

    >>> joined(split_paragraphs("a well-\\nknown " + "x" * 60 + "\\nend")[0], 60)[:14]
    'a well-known x'
    """
    lines = paragraph.lines
    if not _is_prose(paragraph, width):
        return "\n".join(lines)
    text = lines[0]
    for line in lines[1:]:
        hyphenated = re.search(r"[^\W\d_]-$", text) and line[:1].isalpha()
        text += line if hyphenated else " " + line
    return re.sub(r"[^\S\n]{2,}", " ", text)


def _is_prose(paragraph: Paragraph, width: int) -> bool:
    """Most lines but the last are full: one more word would have passed the width."""
    lines = paragraph.lines[:-1]
    if not lines or width < WRAPPED_AT_LEAST:
        return not lines or width >= WRAPPED_AT_LEAST
    full = sum(len(line) >= 0.75 * width for line in lines)
    return 2 * full >= len(lines)
