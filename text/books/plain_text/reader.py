"""Plain text to a book: paragraphs, and chapters by their headings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from core.book import Book, BookChapter, ReadingOptions
from core.errors import FieldError
from text.books.blocks import FRONT_MATTER
from text.books.brackets import bracket_pairs
from text.books.characters import clean
from text.books.encodings import decode_text
from text.books.omissions import Omissions
from text.books.plain_text.gutenberg import split_frame
from text.books.plain_text.headings import (
    Heading,
    bare_number,
    heading_at,
    is_heading,
    numbered_title,
    without_page,
)
from text.books.plain_text.paragraphs import Paragraph, joined, split_paragraphs, wrap_width

CONTENTS_RUN = 3
"""So many headings of chapters with nothing between them are a table of contents."""
_CONTENTS = re.compile(r"(?:table of )?contents[.:]?", re.IGNORECASE)
_ILLUSTRATION = re.compile(r"\[\s{0,8}illustration\b", re.IGNORECASE)
_FOOTNOTE = re.compile(r"\[footnote\b", re.IGNORECASE)
_REFERENCE = re.compile(r"(?<=\S)\[(?:\d{1,3}|[A-Z*†])\]")
_EMPHASIS = re.compile(r"(?<![\w_])_([^_\n]+(?:\n[^_\n]+)*)_(?![\w_])")


def read_plain(data: bytes, name: str, options: ReadingOptions) -> Book:
    """Reads a plain text; chapters begin at their headings (``text.books.plain_text.headings``).

    Args:
        data: the file.
        name: title where the text has none.
        options: what is read.

    Raises:
        FieldError: the file is no text, or an empty one.
    """
    omissions = Omissions()
    text, fields = split_frame(clean(decode_text(data, omissions), omissions), omissions)
    paragraphs = split_paragraphs(_without_marks(text, omissions, options), options.speakers)
    if not paragraphs:
        raise FieldError("file", "the file holds no text to speak", code="unspeakable_text")
    title = fields.get("title", "")
    paragraphs = _without_contents(paragraphs, omissions)
    return Book(
        title=title or name,
        authors=(fields["author"],) if "author" in fields else (),
        language="en" if fields.get("language") == "English" else "",
        chapters=_chapters(paragraphs, title or name, omissions),
        notices=omissions.notices(),
    )


def _without_marks(text: str, omissions: Omissions, options: ReadingOptions) -> str:
    """Takes away illustrations, footnotes and emphasis as Project Gutenberg marks them."""
    text = _without_brackets(text, "image", _ILLUSTRATION, omissions)
    read_notes = "notes" in options.include
    rest = text if read_notes else _without_brackets(text, "note", _FOOTNOTE, omissions)
    if len(rest) < len(text):
        for reference in _REFERENCE.findall(rest):
            omissions.leave_out("note_reference", reference)
        text = _REFERENCE.sub("", rest)
    if _EMPHASIS.search(text):
        omissions.remark("emphasis_marks", "underscores around emphasized words were removed")
        text = _EMPHASIS.sub(r"\1", text)
    return text


def _without_brackets(text: str, kind: str, opening: re.Pattern[str], omissions: Omissions) -> str:
    """Takes away pieces in brackets that begin in a certain way, from bracket to bracket."""
    if not opening.search(text):
        return text
    ends = dict(bracket_pairs(text))
    kept, at = [], 0
    for found in opening.finditer(text):
        end = ends.get(found.start())
        if end is None or found.start() < at:
            continue
        kept.append(text[at : found.start()])
        omissions.leave_out(kind, text[found.start() : end])
        at = end
    return "".join([*kept, text[at:]])


def _without_contents(paragraphs: list[Paragraph], omissions: Omissions) -> list[Paragraph]:
    """Takes lists of headings away: several in one paragraph, or in a row without text between."""
    numbers = _numbers_are_chapters(paragraphs)
    drop = {i for i, p in enumerate(paragraphs) if _lists_headings(p, numbers=numbers)}
    last_of = {p.lines[0].casefold(): i for i, p in enumerate(paragraphs)}
    run: list[tuple[int, Heading]] = []
    at = 0
    while at <= len(paragraphs):
        heading = heading_at(paragraphs, at, numbers=numbers) if at < len(paragraphs) else None
        if heading:
            run.append((at, heading))
            at += heading.paragraphs
            continue
        if run:
            last = run[-1][0]
            repeated = last_of[paragraphs[last].lines[0].casefold()] > last
            drop |= _contents_in(run, repeated=repeated)
        run, at = [], at + 1
    drop |= {i - 1 for i in drop if i and _is_title_of_contents(paragraphs[i - 1])}
    for i in sorted(drop):
        omissions.leave_out("contents", " ".join(paragraphs[i].lines))
    return [p for i, p in enumerate(paragraphs) if i not in drop]


def _lists_headings(paragraph: Paragraph, *, numbers: bool) -> bool:
    lines = map(without_page, paragraph.lines)
    headings = sum(is_heading(line) or (numbers and numbered_title(line) > 0) for line in lines)
    return headings >= CONTENTS_RUN and 2 * headings >= len(paragraph.lines)


def _contents_in(run: Sequence[tuple[int, Heading]], *, repeated: bool) -> set[int]:
    """Of headings without text between them the paragraphs that a table of contents lists.

    Args:
        run: indices of paragraphs and their headings.
        repeated: whether the last heading comes again later. If not, text follows it: it is a
            chapter, not an entry.
    """
    if sum(not heading.is_part for _, heading in run) <= CONTENTS_RUN:
        return set()
    listed = run if repeated else run[: _first_of_last(run)]
    return {i + k for i, heading in listed for k in range(heading.paragraphs)}


def _first_of_last(run: Sequence[tuple[int, Heading]]) -> int:
    """Index of the last heading of a run, with the parts right before it."""
    at = len(run) - 1
    while at and run[at - 1][1].is_part:
        at -= 1
    return at


def _is_title_of_contents(paragraph: Paragraph) -> bool:
    return len(paragraph.lines) == 1 and bool(_CONTENTS.fullmatch(paragraph.lines[0]))


def _numbers_are_chapters(paragraphs: Sequence[Paragraph]) -> bool:
    """Whether numbers, alone or before titles, are chapters: no other ones, and they count up."""
    lines = [p.lines[0] for p in paragraphs if len(p.lines) == 1]
    found = [bare_number(line) or numbered_title(line) for line in lines]
    values = [value for value in found if value]
    if any(_is_chapter(p) for p in paragraphs) or len(values) < CONTENTS_RUN:
        return False
    return values[0] == 1 and all(b in (a + 1, 1) for a, b in pairwise(values))


def _is_chapter(paragraph: Paragraph) -> bool:
    line = paragraph.lines[0]
    return line[:7].casefold() == "chapter" and is_heading(line)


def _chapters(
    paragraphs: Sequence[Paragraph], title: str, omissions: Omissions
) -> tuple[BookChapter, ...]:
    """Cuts at headings; one without text below goes with the next chapter."""
    width, numbers = wrap_width(paragraphs), _numbers_are_chapters(paragraphs)
    chapters: list[BookChapter] = []
    titles: list[str] = []
    texts: list[str] = []
    text_follows = False
    at = 0
    while at < len(paragraphs):
        heading = heading_at(paragraphs, at, numbers=numbers)
        length = heading.paragraphs if heading else 1
        if heading and (text_follows or not titles):
            _close(chapters, titles, texts, title)
            titles, texts, text_follows = [], [], False
        if heading:
            titles.append(heading.title)
        text_follows |= heading is None
        chosen = paragraphs[at : at + length]
        texts += ["\n".join(p.lines) if heading else joined(p, width) for p in chosen]
        at += length
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
