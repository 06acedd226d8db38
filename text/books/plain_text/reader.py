"""Plain text to a book: encodings, paragraphs, chapters by their headings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from core.book import Book, BookChapter
from core.errors import FieldError
from text.books.blocks import FRONT_MATTER
from text.books.characters import clean
from text.books.encodings import decode_text
from text.books.omissions import Omissions
from text.books.plain_text.gutenberg import without_frame
from text.books.plain_text.headings import (
    Heading,
    bare_number,
    heading_at,
    is_heading,
    without_page,
)
from text.books.plain_text.paragraphs import Paragraph, joined, split_paragraphs, wrap_width

ENTRIES_OF_CONTENTS = 3
"""So many headings of chapters with nothing between them are a table of contents."""
_CONTENTS = re.compile(r"(?:table of )?contents[.:]?", re.IGNORECASE)
_ILLUSTRATION = re.compile(r"\[\s*illustration\b[^\]]*\]", re.IGNORECASE)
_FOOTNOTE = re.compile(
    r"^[ \t]*\[footnote\b(?:[^\[\]]|\[[^\[\]]*\])*\]", re.IGNORECASE | re.MULTILINE
)
_REFERENCE = re.compile(r"(?<=\S)\[(?:\d{1,3}|[A-Z*†])\]")
_EMPHASIS = re.compile(r"(?<![\w_])_([^_\n]+(?:\n[^_\n]+)*)_(?![\w_])")


def read_plain(data: bytes, name: str) -> Book:
    """Reads a plain text; chapters begin at their headings (``text.books.plain_text.headings``).

    Args:
        data: the file.
        name: title where the text tells none.

    Raises:
        FieldError: not a text, or an empty one.
    """
    omissions = Omissions()
    text, told = without_frame(clean(decode_text(data), omissions), omissions)
    paragraphs = split_paragraphs(_without_marks(text, omissions))
    if not paragraphs:
        raise FieldError("file", "the file holds no text to speak", code="unspeakable_text")
    title = told.get("title", "")
    paragraphs = _without_contents(paragraphs, omissions)
    return Book(
        title=title or name,
        authors=(told["author"],) if "author" in told else (),
        language="en" if told.get("language") == "English" else "",
        chapters=_chapters(paragraphs, title or name, omissions),
        notices=omissions.notices(),
    )


def _without_marks(text: str, omissions: Omissions) -> str:
    """Illustrations, footnotes and marks of emphasis as Project Gutenberg writes them."""
    for image in _ILLUSTRATION.findall(text):
        omissions.leave_out("image", image)
    text = _ILLUSTRATION.sub("", text)
    notes = _FOOTNOTE.findall(text)
    if notes:
        for note in notes:
            omissions.leave_out("note", note)
        for reference in _REFERENCE.findall(text := _FOOTNOTE.sub("", text)):
            omissions.leave_out("note_reference", reference)
        text = _REFERENCE.sub("", text)
    if _EMPHASIS.search(text):
        omissions.remark("emphasis_marks", "underscores around emphasized words were taken away")
        text = _EMPHASIS.sub(r"\1", text)
    return text


def _without_contents(paragraphs: list[Paragraph], omissions: Omissions) -> list[Paragraph]:
    """Lists of headings: several in one paragraph, or one after the other without text."""
    numbers = _numbers_count(paragraphs)
    drop = {i for i, p in enumerate(paragraphs) if _lists_headings(p)}
    run: list[int] = []
    at = 0
    while at <= len(paragraphs):
        heading = heading_at(paragraphs, at, numbers=numbers) if at < len(paragraphs) else None
        if heading:
            run.append(at)
            at += heading.paragraphs
            continue
        drop |= _contents_of(run, paragraphs, numbers)
        run, at = [], at + 1
    drop |= {i - 1 for i in drop if i and _is_title_of_contents(paragraphs[i - 1])}
    for i in sorted(drop):
        omissions.leave_out("contents", " ".join(paragraphs[i].lines))
    return [p for i, p in enumerate(paragraphs) if i not in drop]


def _lists_headings(paragraph: Paragraph) -> bool:
    headings = sum(is_heading(without_page(line)) for line in paragraph.lines)
    return headings >= ENTRIES_OF_CONTENTS and 2 * headings >= len(paragraph.lines)


def _contents_of(run: list[int], paragraphs: Sequence[Paragraph], numbers: bool) -> set[int]:
    """Of headings without text between them those that a table of contents lists.

    The last one is followed by text: it is a chapter unless the same heading comes again.
    """
    found = [(i, heading_at(paragraphs, i, numbers=numbers)) for i in run]
    chapters = [i for i, heading in found if heading and not heading.is_part]
    if len(chapters) <= ENTRIES_OF_CONTENTS:
        return set()
    last = paragraphs[run[-1]].lines[0].casefold()
    again = any(p.lines[0].casefold() == last for p in paragraphs[run[-1] + 1 :])
    listed = found if again else found[: _beginning(found)]
    return {i + k for i, heading in listed if heading for k in range(heading.paragraphs)}


def _beginning(found: Sequence[tuple[int, Heading | None]]) -> int:
    """Index of the last heading of a run, with the parts right before it."""
    at = len(found) - 1
    while at and (before := found[at - 1][1]) and before.is_part:
        at -= 1
    return at


def _is_title_of_contents(paragraph: Paragraph) -> bool:
    return bool(_CONTENTS.fullmatch(" ".join(paragraph.lines)))


def _numbers_count(paragraphs: Sequence[Paragraph]) -> bool:
    """Whether numbers alone on their lines are the chapters: no other ones, and they count up."""
    found = [bare_number(p.lines[0]) for p in paragraphs if len(p.lines) == 1]
    values = [value for value in found if value]
    if any(_is_chapter(p) for p in paragraphs) or len(values) < ENTRIES_OF_CONTENTS:
        return False
    return values[0] == 1 and all(b in (a + 1, 1) for a, b in pairwise(values))


def _is_chapter(paragraph: Paragraph) -> bool:
    return paragraph.lines[0].casefold().startswith("chapter") and is_heading(paragraph.lines[0])


def _chapters(
    paragraphs: Sequence[Paragraph], title: str, omissions: Omissions
) -> tuple[BookChapter, ...]:
    """A heading without text below goes with the next chapter."""
    width, numbers = wrap_width(paragraphs), _numbers_count(paragraphs)
    chapters: list[BookChapter] = []
    titles: list[str] = []
    texts: list[str] = []
    told = at = 0
    while at < len(paragraphs):
        heading = heading_at(paragraphs, at, numbers=numbers)
        taken = heading.paragraphs if heading else 1
        if heading and (told or not titles):
            _close(chapters, titles, texts, title)
            titles, texts, told = [], [], 0
        if heading:
            titles.append(heading.title)
        told += heading is None
        kept = paragraphs[at : at + taken]
        texts += ["\n".join(p.lines) if heading else joined(p, width) for p in kept]
        at += taken
    _close(chapters, titles, texts, title)
    if len(chapters) == 1:
        omissions.remark("no_chapters", "no headings of chapters were found: it is one chapter")
    return tuple(chapters)


def _close(
    chapters: list[BookChapter], titles: Sequence[str], texts: Sequence[str], title: str
) -> None:
    if texts:
        name = ": ".join(titles) or title or FRONT_MATTER
        chapters.append(BookChapter(name, "\n\n".join(texts)))
