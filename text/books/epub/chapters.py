"""Pages and a table of contents to chapters.

A chapter reaches from the place its entry leads to until the place the next entry leads to,
whatever files lie between. Entries that lead to the same place are one chapter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from text.books.blocks import (
    FRONT_MATTER,
    LONGEST_TITLE,
    SCENE_BREAK,
    TextBlock,
    chapter_text,
)
from text.books.epub.contents import TocEntry
from text.books.omissions import Omissions
from text.books.pages.page_text import PageText

MERGED_TITLES = 4
"""So many titles of entries that lead to one place are told; further ones are passed over."""


class Position(NamedTuple):
    """A place in the text of a book."""

    page: int
    """Index into the pages of the reading order."""
    block: int
    """Index into the page's blocks."""
    offset: int
    """Index into the block's text."""


class ChapterStart(NamedTuple):
    """Where a chapter begins, and its title."""

    position: Position
    title: str


class PlacedParagraph(NamedTuple):
    """A paragraph of a chapter, or a piece of one, and where it was read."""

    start: int
    """Its first character in the chapter's text."""
    text: str
    path: str
    """Of its page."""
    block: TextBlock
    offset: int
    """Of its first character in the block's text."""


class PlacedChapter(NamedTuple):
    """A chapter, and where its paragraphs were read."""

    title: str
    text: str
    paragraphs: tuple[PlacedParagraph, ...]
    """In order; scene breaks have no place."""


def cut_chapters(
    pages: Mapping[str, PageText], entries: Sequence[TocEntry], title: str, omissions: Omissions
) -> tuple[PlacedChapter, ...]:
    """Cuts a book's pages at the entries of its table of contents.

    Args:
        pages: by path, in reading order.
        entries: of the table of contents; empty = every page with a heading is a chapter.
        title: of the book, for what stands before the first chapter.
        omissions: learns of entries that lead nowhere and chapters without text.

    Returns:
        chapters with text, in reading order.
    """
    texts = list(pages.values())
    starts = _starts(pages, entries, omissions) or _starts_at_headings(texts)
    front = not starts or starts[0].position > (0, 0, 0)
    if front:
        starts.insert(0, ChapterStart(Position(0, 0, 0), title or FRONT_MATTER))
    ends = [*(start.position for start in starts[1:]), Position(len(texts), 0, 0)]
    chapters = []
    for index, (start, end) in enumerate(zip(starts, ends, strict=True)):
        pieces = list(_between(pages, start.position, end))
        text = chapter_text(piece.text for piece in pieces)
        if text:
            chapters.append(PlacedChapter(start.title, text, tuple(_placed(text, pieces))))
        elif index or not front:
            message = f"no text to speak under {start.title!r} of the contents"
            omissions.remark("chapter_empty", message)
    return tuple(chapters)


def _starts(
    pages: Mapping[str, PageText], entries: Sequence[TocEntry], omissions: Omissions
) -> list[ChapterStart]:
    numbers = {path: number for number, path in enumerate(pages)}
    found: list[ChapterStart] = []
    parents: list[str] = []
    for entry in entries:
        if not entry.path:
            parents.append(entry.title)
            continue
        position = _position(pages, numbers, entry, omissions)
        if position is not None:
            name = ": ".join(filter(None, (*parents, entry.title)))
            found.append(ChapterStart(position, name or f"Chapter {len(found) + 1}"))
            parents = []
    if any(later.position < earlier.position for earlier, later in pairwise(found)):
        omissions.remark("contents_order", "the table of contents is not in the reading order")
        found.sort(key=lambda start: start.position)
    return _merged(found, omissions)


def _position(
    pages: Mapping[str, PageText], numbers: Mapping[str, int], entry: TocEntry, omissions: Omissions
) -> Position | None:
    number = numbers.get(entry.path)
    if number is None:
        message = f"{entry.title!r} of the contents leads to no page of the reading order"
        omissions.remark("contents_target", message)
        return None
    page = pages[entry.path]
    block, offset = 0, 0
    if entry.fragment in page.anchors:
        block, offset = page.anchors[entry.fragment]
    elif entry.fragment:
        missing = f"{entry.title!r} of the contents leads to a missing place"
        omissions.remark("contents_target", f"{missing}; its page's start taken")
    if block < len(page.blocks) and offset >= len(page.blocks[block].text):
        block, offset = block + 1, 0
    return Position(number, block, offset)


def _merged(starts: Sequence[ChapterStart], omissions: Omissions) -> list[ChapterStart]:
    """A part and its first chapter often lead to the same place."""
    merged: list[ChapterStart] = []
    for position, same in groupby(starts, lambda start: start.position):
        titles = list(dict.fromkeys(start.title for start in same))
        if len(titles) > 1:
            message = "entries of the contents that lead to one place are one chapter: "
            omissions.remark("contents_merged", message + ", ".join(titles[:MERGED_TITLES]))
        title = ": ".join(titles[:MERGED_TITLES])
        merged.append(ChapterStart(position, title[:LONGEST_TITLE]))
    return merged


def _starts_at_headings(pages: Sequence[PageText]) -> list[ChapterStart]:
    """Where a book has no contents: every page with a heading, named by it.

    Where one page holds several of the highest headings that repeat, each of them begins a chapter.
    """
    counts = Counter(block.level for page in pages for block in page.blocks if block.level)
    level = min((level for level, count in counts.items() if count > 1), default=0)
    starts = []
    for number, page in enumerate(pages):
        headings = [(i, block) for i, block in enumerate(page.blocks) if block.level]
        tops = [index for index, block in headings if block.level <= level]
        for index, block in headings:
            if block is headings[0][1] or (index in tops[1:] and index - 1 not in tops):
                position = Position(number, 0 if block is headings[0][1] else index, 0)
                starts.append(ChapterStart(position, " ".join(block.text.split())[:LONGEST_TITLE]))
    return starts


def _between(
    pages: Mapping[str, PageText], start: Position, end: Position
) -> Iterator[PlacedParagraph]:
    """Yields the paragraphs between two positions; the first and the last may be pieces.

    Where they stand in the chapter is not known yet.
    """
    paths = list(pages)
    for number in range(start.page, min(end.page + 1, len(paths))):
        blocks = pages[paths[number]].blocks
        first = start.block if number == start.page else 0
        last = end.block + 1 if number == end.page else len(blocks)
        for index in range(first, min(last, len(blocks))):
            block = blocks[index]
            upper = end.offset if (number, index) == end[:2] else len(block.text)
            lower = start.offset if (number, index) == start[:2] else 0
            piece = block.text[lower:upper]
            offset = lower + len(piece) - len(piece.lstrip())
            if text := piece.strip():
                yield PlacedParagraph(0, text, paths[number], block, offset)


def _placed(chapter: str, pieces: Iterable[PlacedParagraph]) -> Iterator[PlacedParagraph]:
    """Yields paragraphs with their places; between two of them are blank lines and scene breaks."""
    at = 0
    for piece in pieces:
        if piece.text != SCENE_BREAK:
            at = chapter.index(piece.text, at)
            yield piece._replace(start=at)
            at += len(piece.text)
