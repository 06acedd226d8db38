"""A book as read from a file: chapters of plain text, or one of SSML, before it is spoken."""

from __future__ import annotations

import msgspec

from core.text import Notice


class BookChapter(msgspec.Struct, frozen=True):
    """A run of a book under one title."""

    title: str
    """As the table of contents or the heading has it, on one line; never empty."""
    text: str
    """What is spoken, its own heading included; paragraphs are separated by a blank line."""


class Cover(msgspec.Struct, frozen=True):
    """The picture of a book."""

    media_type: str
    """image/jpeg or image/png: what tags of sound files can carry."""
    data: bytes
    """The picture's file."""


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """What a file holds for a listener; what it leaves out is told in ``notices``."""

    title: str
    """Never empty: of the metadata, else of the text, else the file's name."""
    authors: tuple[str, ...] = ()
    """In the file's order."""
    language: str = ""
    """BCP 47 tag as the file has it; empty = it does not tell."""
    chapters: tuple[BookChapter, ...]
    """In reading order; at least one, none of them blank."""
    markup: bool = False
    """The chapters are SSML documents."""
    cover: Cover | None = None
    notices: tuple[Notice, ...] = ()
    """What was left out and how often, what was guessed, what was mended."""
