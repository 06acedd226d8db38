"""A book as read from a file: chapters of plain text, or of SSML, and what it says of itself."""

from __future__ import annotations

from typing import Literal

import msgspec

from core.lexicon import PronunciationLexicon
from core.text import Notice

Optional = Literal["notes", "asides", "code", "tables", "captions"]
"""What is read by choice: footnotes and endnotes, boxes beside the text, blocks of code, tables,
captions of pictures and tables."""


class ReadingOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What of a book is read."""

    include: tuple[Optional, ...] = ("asides", "tables", "captions")
    """What is read that could be left out."""
    say_titles: bool = False
    """Whether a chapter begins with its title where only the table of contents has it."""
    speakers: tuple[str, ...] = ()
    """Of a script in plain text: their speeches begin paragraphs."""


class BookChapter(msgspec.Struct, frozen=True):
    """A part of a book under one title."""

    title: str
    """As the table of contents or the heading has it, on one line; never empty."""
    text: str
    """Text to speak, its own heading included; a blank line separates paragraphs."""


class Cover(msgspec.Struct, frozen=True):
    """The picture of a book."""

    media_type: str
    """image/jpeg or image/png: what tags of sound files can carry."""
    data: bytes
    """The picture's file."""


class BookMetadata(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a book says of itself besides title, authors and language; empty = it does not say."""

    subtitle: str = ""
    translators: tuple[str, ...] = ()
    narrators: tuple[str, ...] = ()
    """People who read the book, as the file has them; whoever synthesizes it adds the voice."""
    series: str = ""
    series_number: str = ""
    """Place in the series, as written: 2, 2.5, IV."""
    published: str = ""
    """Date of publication: YYYY, YYYY-MM or YYYY-MM-DD."""
    publisher: str = ""
    description: str = ""
    """Plain text."""
    isbn: str = ""
    """Digits alone, 10 or 13."""
    subjects: tuple[str, ...] = ()

    @property
    def year(self) -> str:
        """The year of publication; empty = none."""
        return self.published[:4]


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """A book; ``notices`` count what of the file is not in its chapters."""

    title: str
    """From the metadata, else from the text, else the file's name; never empty."""
    authors: tuple[str, ...] = ()
    """In the file's order."""
    language: str = ""
    """BCP 47 tag as the file has it; empty = none."""
    metadata: BookMetadata = BookMetadata()
    chapters: tuple[BookChapter, ...]
    """In reading order; at least one, none of them blank."""
    markup: bool = False
    """Whether the chapters are SSML documents."""
    cover: Cover | None = None
    lexicons: tuple[PronunciationLexicon, ...] = ()
    """How the book has its words pronounced, in order of priority."""
    unreadable: tuple[str, ...] = ()
    """Names of pages that cannot be read: the book is not whole without them."""
    notices: tuple[Notice, ...] = ()
    """What was left out and how often, what was guessed, what was mended."""
