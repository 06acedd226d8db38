"""Paragraphs as every reader of marked-up books hands them on, and chapters cut at headings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.book import BookChapter
from text.books.omissions import Omissions

FRONT_MATTER = "Front matter"
"""Title of what stands before the first chapter, where the book has no title."""
LONGEST_TITLE = 300
"""Characters of a chapter's title."""
SCENE_BREAK = "* * *"
"""Paragraph that stands for a scene break, a rule or an ornament between paragraphs."""


def chapter_text(paragraphs: Iterable[str]) -> str:
    """Returns the text of a chapter; scene breaks stand between paragraphs, one at a time.

    >>> chapter_text(["* * *", "One.", "* * *", "* * *", "Two.", "* * *"])
    'One.\\n\\n* * *\\n\\nTwo.'
    """
    kept: list[str] = []
    for paragraph in paragraphs:
        if paragraph != SCENE_BREAK or (kept and kept[-1] != SCENE_BREAK):
            kept.append(paragraph)
    if kept and kept[-1] == SCENE_BREAK:
        kept.pop()
    return "\n\n".join(kept)


def with_titles(chapters: Iterable[BookChapter]) -> tuple[BookChapter, ...]:
    """Returns chapters of which each begins with its title, as heading or as first paragraph.

    >>> with_titles([BookChapter("One", "ONE.\\n\\nText."), BookChapter("Two", "Text.")])[1].text
    'Two\\n\\nText.'
    """
    return tuple(
        chapter if _begins_with(chapter.text, chapter.title) else _titled(chapter)
        for chapter in chapters
    )


def _titled(chapter: BookChapter) -> BookChapter:
    return BookChapter(chapter.title, f"{chapter.title}\n\n{chapter.text}")


def _begins_with(text: str, title: str) -> bool:
    """Whether a text begins with a title, letters and digits compared alone."""
    letters = _letters(title)
    return _letters(text[: 4 * len(title) + 100]).startswith(letters)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


@dataclass(slots=True)
class TextBlock:
    """A paragraph or heading.

    Attributes:
        text: without blank lines; line breaks of the author are kept.
        level: of a heading, 1 to 6; 0 = a paragraph.
        linked: number of its letters and digits that stand inside of links into the book.
        targets: of these links: path and fragment.
    """

    text: str
    level: int = 0
    linked: int = 0
    targets: tuple[tuple[str, str], ...] = ()


def title_in(blocks: Iterable[TextBlock]) -> str:
    """Returns the only heading of the first level; empty = there are none or several."""
    first = [block.text for block in blocks if block.level == 1]
    return " ".join(first[0].split()) if len(first) == 1 else ""


def chapters_at_headings(
    blocks: Sequence[TextBlock], title: str, omissions: Omissions
) -> tuple[BookChapter, ...]:
    """Cuts a text at its headings: of the highest level that has several, and of those above it.

    Args:
        blocks: in reading order.
        title: name of what stands before the first heading.
        omissions: is told when no chapter was found.
    """
    counts = Counter(block.level for block in blocks if block.level)
    level = min((level for level, count in counts.items() if count > 1), default=2)
    chapters: list[BookChapter] = []
    name, texts = title or FRONT_MATTER, list[str]()
    for block in (*blocks, None):
        starts = block is None or (0 < block.level <= level)
        if starts and (text := chapter_text(texts)):
            chapters.append(BookChapter(name, text))
        if starts:
            texts = []
        if block is not None:
            name = " ".join(block.text.split())[:LONGEST_TITLE] if starts else name
            texts.append(block.text)
    if len(chapters) == 1:
        omissions.remark("no_chapters", "no headings of chapters were found: it is one chapter")
    return tuple(chapters)
