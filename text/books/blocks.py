"""Paragraphs as every reader of marked-up books hands them on, and chapters cut at headings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.book import BookChapter
from text.books.omissions import Omissions

FRONT_MATTER = "Front matter"
"""Title of what stands before the first chapter, where the book has no title."""


@dataclass(slots=True)
class TextBlock:
    """A paragraph or heading.

    Attributes:
        text: without blank lines; line breaks of the author are kept.
        level: of a heading, 1 to 6; 0 = a paragraph.
        linked: number of its letters and digits that stand inside of links into the book.
    """

    text: str
    level: int = 0
    linked: int = 0


def chapters_at_headings(
    blocks: Sequence[TextBlock], level: int, title: str, omissions: Omissions
) -> tuple[BookChapter, ...]:
    """Cuts a text at its headings.

    Args:
        blocks: in reading order.
        level: headings of this level and of higher ones (smaller numbers) begin chapters.
        title: name of what stands before the first heading.
        omissions: is told when no chapter was found.
    """
    chapters: list[BookChapter] = []
    name, texts = title or FRONT_MATTER, list[str]()
    for block in (*blocks, None):
        starts = block is None or (0 < block.level <= level)
        if starts and texts:
            chapters.append(BookChapter(name, "\n\n".join(texts)))
            texts = []
        if block is not None:
            name = " ".join(block.text.split()) if starts else name
            texts.append(block.text)
    if len(chapters) == 1:
        omissions.remark("no_chapters", "no headings of chapters were found: it is one chapter")
    return tuple(chapters)
