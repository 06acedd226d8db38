"""``read_book``: the file of a book to chapters, whatever kind of file it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import PurePath

from msgspec import structs

from core.book import Book, BookChapter, ReadingOptions
from core.errors import FieldError, SsmlError
from text.books.blocks import with_titles
from text.books.encodings import decode_text
from text.books.epub.reader import read_epub
from text.books.markdown import read_markdown
from text.books.omissions import Omissions
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
"""Kinds of files by the suffix of the name."""
DEFAULT_OPTIONS = ReadingOptions()
_ZIP = b"PK\x03\x04"


def read_book(data: bytes, filename: str, options: ReadingOptions = DEFAULT_OPTIONS) -> Book:
    """Reads an EPUB, Markdown, plain text or SSML.

    The suffix of the name says which; an EPUB is recognized by its bytes too, whatever its name.

    Args:
        data: the file.
        filename: of the client's file; without its suffix it is the title where the file has none.
        options: what of the book is read.

    Returns:
        the book: chapters in reading order, none blank; what was left out is in ``notices``.

    Raises:
        FieldError: (field ``file``) the file is of no such kind, broken, unsafe, protected, without
            text, or SSML outside of the subset.

    >>> read_book(b"CHAPTER I\\n\\nHello.\\n\\nCHAPTER II\\n\\nBye.", "a.txt").chapters[1].text
    'CHAPTER II\\n\\nBye.'
    """
    path = PurePath(filename.replace("\\", "/"))
    kind = "epub" if data.startswith(_ZIP) else EXTENSIONS.get(path.suffix.lower())
    name = " ".join(re.sub(r"[_\s]+", " ", path.stem).split()) or "Untitled"
    if kind is None:
        message = f"{path.suffix or filename!r} is no kind of book"
        raise FieldError("file", message, allowed=", ".join(EXTENSIONS), code="unknown_kind")
    if not data.strip():
        raise FieldError("file", "the file is empty", code="unspeakable_text")
    book = _READERS[kind](data, name, options)
    if options.say_titles and not book.markup:
        book = structs.replace(book, chapters=with_titles(book.chapters))
    return book


def _read_ssml(data: bytes, name: str, options: ReadingOptions) -> Book:
    """Returns a book of one chapter, which holds the document as it is."""
    omissions = Omissions()
    text = decode_text(data, omissions)
    try:
        parse_ssml(text)
    except SsmlError as error:
        raise FieldError("file", error.message, code=error.code) from error
    chapters = (BookChapter(name, text),)
    return Book(title=name, chapters=chapters, markup=True, notices=omissions.notices())


_READERS: Mapping[str, Callable[[bytes, str, ReadingOptions], Book]] = {
    "epub": read_epub,
    "markdown": read_markdown,
    "plain": read_plain,
    "ssml": _read_ssml,
}
