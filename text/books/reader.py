"""A file to a book, whatever kind it is of."""

from __future__ import annotations

import re
from pathlib import PurePath

from core.book import Book, BookChapter
from core.errors import FieldError, SsmlError
from text.books.encodings import decode_text
from text.books.epub.reader import read_epub
from text.books.markdown import read_markdown
from text.books.plain_text.reader import read_plain
from text.ssml.parser import parse_ssml

EXTENSIONS = {
    ".epub": "epub",
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "plain",
    ".text": "plain",
    ".ssml": "ssml",
    ".xml": "ssml",
}
"""Kinds by the end of the file's name."""
_ZIP = b"PK\x03\x04"


def read_book(data: bytes, filename: str) -> Book:
    """Reads an EPUB, Markdown, plain text or SSML.

    The name tells the kind; an EPUB is known by its bytes too, whatever it is called.

    Args:
        data: the file.
        filename: as the client calls it; without its end it is the title where nothing else is.

    Returns:
        chapters in reading order, none blank; what was left out is in ``notices``.

    Raises:
        FieldError: field ``file``: of no such kind, broken, unsafe, protected, without text, or
            SSML outside of the subset.

    >>> read_book(b"CHAPTER I\\n\\nHello.\\n\\nCHAPTER II\\n\\nBye.", "a.txt").chapters[1].text
    'CHAPTER II\\n\\nBye.'
    """
    path = PurePath(filename.replace("\\", "/"))
    kind = "epub" if data.startswith(_ZIP) else EXTENSIONS.get(path.suffix.lower())
    name = " ".join(re.sub(r"[_\s]+", " ", path.stem).split()) or "Untitled"
    if kind is None:
        told = f"{path.suffix or filename!r} is no kind of book"
        raise FieldError("file", told, allowed=", ".join(EXTENSIONS), code="unknown_kind")
    if not data.strip():
        raise FieldError("file", "the file is empty", code="unspeakable_text")
    readers = {"epub": read_epub, "markdown": read_markdown, "plain": read_plain}
    return readers[kind](data, name) if kind in readers else _read_ssml(data, name)


def _read_ssml(data: bytes, name: str) -> Book:
    """One chapter, which holds the document as it is."""
    text = decode_text(data)
    try:
        parse_ssml(text)
    except SsmlError as error:
        raise FieldError("file", error.message, code=error.code) from error
    return Book(title=name, chapters=(BookChapter(name, text),), markup=True)
