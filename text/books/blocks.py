"""Paragraphs as every reader of marked-up books hands them on, and chapters cut at headings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from core.book import BookChapter
from text.books.omissions import Omissions
from text.books.pages.origins import TextOrigin
from text.books.plain_text.headings import is_heading

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
        origins: where its characters stand in the page, in order; kept on request.
    """

    text: str
    level: int = 0
    linked: int = 0
    targets: tuple[tuple[str, str], ...] = ()
    origins: Sequence[TextOrigin] = ()


def title_in(blocks: Iterable[TextBlock]) -> str:
    """Returns the only heading of the first level; empty = there are none or several."""
    first = [block.text for block in blocks if block.level == 1]
    return " ".join(first[0].split()) if len(first) == 1 else ""


def chapters_at_headings(
    blocks: Sequence[TextBlock], title: str, omissions: Omissions
) -> tuple[BookChapter, ...]:
    """Cuts a text at its headings: of the highest level that has several, and of those above it.

    Headings of one level with nothing between them are one: a number and a name.

    Args:
        blocks: in reading order.
        title: name of what stands before the first heading.
        omissions: is told when no chapter was found.
    """
    level = _chapter_level(blocks)
    chapters: list[BookChapter] = []
    name, texts, open_level = title or FRONT_MATTER, list[str](), 0
    for block in (*blocks, None):
        starts = block is None or (0 < block.level <= level)
        goes_on = block is not None and 0 < block.level == open_level
        if starts and not goes_on:
            if text := chapter_text(texts):
                chapters.append(BookChapter(name[:LONGEST_TITLE], text))
            texts = []
        if block is not None:
            if starts:
                line = " ".join(block.text.split())
                name = f"{name}: {line}" if goes_on else line
            open_level = block.level if starts else 0
            texts.append(block.text)
    if len(chapters) == 1:
        omissions.remark("no_chapters", "no headings of chapters were found: it is one chapter")
    return tuple(chapters)


def _chapter_level(blocks: Sequence[TextBlock]) -> int:
    """The level of the headings that begin chapters.

    The highest that has text below several headings, or a lower one whose headings say "Chapter":
    the parts of a novel are no chapters.
    """
    with_text = Counter(
        block.level
        for block, following in pairwise((*blocks, TextBlock("", 1)))
        if block.level and following.level != block.level
    )
    chapters = Counter(block.level for block in blocks if block.level and _is_chapter(block.text))
    level = min((level for level, count in with_text.items() if count > 1), default=2)
    named = [level for level, count in chapters.items() if count > 1]
    return max([level, *named])


def _is_chapter(heading: str) -> bool:
    return heading[:7].casefold() == "chapter" and is_heading(" ".join(heading.split()))
