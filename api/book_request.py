"""The request for a book, and the source that it makes of the chosen chapters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from xml.sax.saxutils import escape

import msgspec
from msgspec import Meta

from core.book import Book, BookChapter, BookMetadata, Optional, ReadingOptions
from core.errors import FieldError
from core.request import (
    BookFacts,
    Chapter,
    Controls,
    FileFormat,
    KeptBook,
    Lane,
    LoudnessTarget,
    RequestedPauses,
    Source,
)
from core.text import Notice, Span
from core.webhook import RequestedCallback

GAP = "\n\n"
"""Between chapters."""
BOOK_LOUDNESS = -20.0
"""Usual programme loudness of a book [LUFS]: speech of it has an RMS within the ACX limits."""
MAX_BOOK_CHARS = 10_000_000
"""Three times War and Peace."""
WORDS_PER_MINUTE = 157
"""Pace of a reader. Source: LJ Speech: 225 715 words in 23:55:17."""

ChapterNumber = Annotated[int, Meta(ge=1, le=2**31 - 1)]


class BookRequest(Controls, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The controls of a book: how it is to be spoken."""

    chapters: tuple[ChapterNumber, ...] | None = None
    """Numbers of the chapters to be spoken, as ``POST /audiobooks/chapters`` lists them, from 1;
    None = all. They are spoken in the book's order."""
    title: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    """For the file's tags; None = the book's own."""
    author: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    """For the file's tags; None = the book's own."""
    include: tuple[Optional, ...] = ReadingOptions().include
    """What is read that could be left out: notes, asides, code, tables, captions."""
    say_titles: bool = False
    """Whether a chapter begins with its title where only the table of contents has it."""
    pauses: RequestedPauses = RequestedPauses()
    format: FileFormat = "m4b"
    lane: Lane = "bulk"
    """A sentence in the interactive lane overtakes a book."""
    loudness_lufs: LoudnessTarget | None = BOOK_LOUDNESS
    """Integrated loudness of the whole book [LUFS], reached by one gain; None = as spoken."""
    callback: RequestedCallback | None = None
    """Who is told when the job ends, where the operator allows it."""

    @property
    def reading(self) -> ReadingOptions:
        """What of the book is read."""
        return ReadingOptions(
            include=self.include, say_titles=self.say_titles, speakers=tuple(self.speakers)
        )


class ChapterView(msgspec.Struct, frozen=True):
    """A chapter of a book that was sent."""

    number: int
    """For ``chapters`` of a request."""
    title: str
    characters: int
    words: int
    seconds: float
    """Of speech at speed 1, estimated [s]."""


class BookView(msgspec.Struct, frozen=True):
    """The contents of a book that was sent."""

    title: str
    authors: tuple[str, ...]
    language: str
    metadata: BookMetadata
    cover: bool
    chapters: tuple[ChapterView, ...]
    unreadable: tuple[str, ...]
    """Pages that cannot be read; with them the job would end partial."""
    notices: tuple[Notice, ...]
    """What was left out."""


def view_of_book(book: Book) -> BookView:
    """Returns what a client can choose from."""
    chapters = tuple(
        _chapter_view(number, chapter) for number, chapter in enumerate(book.chapters, 1)
    )
    return BookView(
        title=book.title,
        authors=book.authors,
        language=book.language,
        metadata=book.metadata,
        cover=book.cover is not None,
        chapters=chapters,
        unreadable=book.unreadable,
        notices=book.notices,
    )


def _chapter_view(number: int, chapter: BookChapter) -> ChapterView:
    words = len(chapter.text.split())
    seconds = round(words * 60 / WORDS_PER_MINUTE, 1)
    return ChapterView(number, chapter.title, len(chapter.text), words, seconds)


def source_of(
    book: Book, request: BookRequest, narrator: str | None = None, *, keep: bool = False
) -> Source:
    """Returns the chosen chapters as one source.

    Args:
        book: as it was read.
        request: which chapters, and what the tags say.
        narrator: names the voice in credits before and behind the chapters; None = no credits.
        keep: whether the book is an EPUB that is kept with the job.

    Raises:
        FieldError: there is no such chapter, or too much text.
    """
    indices = _chosen_indices(len(book.chapters), request.chapters)
    chosen = [book.chapters[i] for i in indices]
    facts = _book_facts(book, request)
    if narrator is not None:
        opening, closing = credits_of(facts, narrator, markup=book.markup)
        chosen = [opening, *chosen, closing]
    chapters: list[Chapter] = []
    texts: list[str] = []
    start = 0
    for chapter in chosen:
        text = chapter.text
        chapters.append(Chapter(chapter.title, Span(start, start + len(text))))
        texts.append(text)
        start += len(text) + len(GAP)
    if start > MAX_BOOK_CHARS:
        allowed = f"1 to {MAX_BOOK_CHARS} characters"
        raise FieldError("file", f"the chapters have {start} characters", allowed=allowed)
    return Source(
        text=GAP.join(texts),
        markup=book.markup,
        chapters=tuple(chapters),
        book=facts,
        notices=book.notices,
        lexicons=book.lexicons,
        voices=request.voices,
        unreadable=book.unreadable,
        kept=KeptBook(request.reading, tuple(indices)) if keep else None,
    )


def credits_of(facts: BookFacts, narrator: str, *, markup: bool) -> tuple[BookChapter, BookChapter]:
    """Returns what ACX wants to hear first and last, each a file of its own.

    Source: ACX, "Audio Submission Requirements": title, author and narrator in the opening credits,
    at least "the end" in the closing ones.

    Args:
        facts: of the book.
        narrator: name of the voice.
        markup: whether the book's chapters are SSML documents.
    """
    subtitle = f" {facts.metadata.subtitle}." if facts.metadata.subtitle else ""
    authors = f" Written by {' and '.join(facts.authors)}." if facts.authors else ""
    narration = f"Narrated by {narrator}, a synthetic voice."
    texts = (
        f"{facts.title}.{subtitle}{authors} {narration}",
        f"This has been {facts.title}.{authors} {narration} The end.",
    )
    if markup:
        texts = (f"<speak>{escape(texts[0])}</speak>", f"<speak>{escape(texts[1])}</speak>")
    return BookChapter("Opening Credits", texts[0]), BookChapter("Closing Credits", texts[1])


def _chosen_indices(count: int, numbers: Sequence[int] | None) -> list[int]:
    if numbers is None:
        return list(range(count))
    unknown = sorted({number for number in numbers if number > count})
    if unknown or not numbers:
        message = (
            f"no chapter {', '.join(map(str, unknown))}" if unknown else "no chapter is chosen"
        )
        raise FieldError("chapters", message, allowed=f"1 to {count}")
    return sorted({number - 1 for number in numbers})


def _book_facts(book: Book, request: BookRequest) -> BookFacts:
    return BookFacts(
        title=request.title or book.title,
        authors=(request.author,) if request.author else book.authors,
        language=book.language,
        metadata=book.metadata,
        cover=book.cover.media_type if book.cover else None,
    )
