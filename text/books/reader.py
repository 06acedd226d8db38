"""``read_book``: the file of a book to chapters, whatever kind of file it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import PurePath

from msgspec import structs

from core.book import Book, BookChapter, ReadingOptions
from core.errors import FieldError, SsmlError
from text.books.blocks import with_titles
from text.books.docx import read_docx
from text.books.encodings import decode_text
from text.books.epub.reader import read_epub
from text.books.fictionbook import read_fictionbook, read_zipped_fictionbook
from text.books.html import read_html
from text.books.markdown import read_markdown
from text.books.omissions import Omissions
from text.books.plain_text.reader import read_plain
from text.ssml.parser import parse_ssml

EXTENSIONS = {
    ".epub": "epub",
    ".kepub": "epub",
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "plain",
    ".text": "plain",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".fb2": "fictionbook",
    ".docx": "docx",
    ".ssml": "ssml",
    ".xml": "ssml",
}
"""Kinds of files by the suffix of the name."""
ADVICE = {
    "a PDF": "it is made for paper and has no order of reading: convert it with Calibre or Word, "
    "look through the result, and send EPUB, DOCX or text",
    "a Kindle book": "convert it with Calibre to EPUB; protected ones cannot be read",
    "an RTF file": "save it as DOCX",
    "an old Word file": "save it as DOCX",
    "an OpenDocument file": "save it as DOCX or EPUB",
}
"""Kinds that are refused, and what to do."""
_SIGNATURES = (
    (0, b"%PDF-", "a PDF"),
    (60, b"BOOKMOBI", "a Kindle book"),
    (0, b"{\\rtf", "an RTF file"),
    (0, b"\xd0\xcf\x11\xe0", "an old Word file"),
    (30, b"mimetypeapplication/vnd.oasis.opendocument", "an OpenDocument file"),
)
"""Place, bytes there, kind."""
DEFAULT_OPTIONS = ReadingOptions()
DIRECTORY_BYTES = 65_536
"""At the end of a zip, where the names of small ones stand."""
_ZIP = b"PK\x03\x04"


def read_book(data: bytes, filename: str, options: ReadingOptions = DEFAULT_OPTIONS) -> Book:
    """Reads an EPUB, Word document, HTML page, FB2, Markdown, plain text or SSML.

    The bytes say which where they can (a zip, XML with a known root), else the suffix of the name.

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
    name = " ".join(re.sub(r"[_\s]+", " ", path.stem).split()) or "Untitled"
    kind = _kind(data, path.suffix.lower(), filename)
    if not data.strip():
        raise FieldError("file", "the file is empty", code="unspeakable_text")
    book = _READERS[kind](data, name, options)
    if options.say_titles and not book.markup:
        book = structs.replace(book, chapters=with_titles(book.chapters))
    return book


def is_epub(data: bytes, filename: str) -> bool:
    """Returns whether a file would be read as an EPUB.

    Args:
        data: the file.
        filename: of the client's file.
    """
    return _kind(data, PurePath(filename).suffix.lower(), filename) == "epub"


def _kind(data: bytes, suffix: str, filename: str) -> str:
    allowed = ", ".join(EXTENSIONS)
    for at, signature, refused in _SIGNATURES:
        if data[at : at + len(signature)] == signature:
            message = f"{refused} is no kind of book that is read: {ADVICE[refused]}"
            raise FieldError("file", message, allowed=allowed, code="unknown_kind")
    if data.startswith(_ZIP):
        directory = data[-DIRECTORY_BYTES:]
        if suffix == ".docx" or b"word/document.xml" in directory:
            return "docx"
        zipped = b".fb2" in directory and b"META-INF/container.xml" not in directory
        return "zipped_fictionbook" if zipped else "epub"
    kind = EXTENSIONS.get(suffix)
    if kind is None:
        message = f"{suffix or filename!r} is no kind of book"
        raise FieldError("file", message, allowed=allowed, code="unknown_kind")
    if suffix == ".xml" and b"<FictionBook" in data[:4096]:
        return "fictionbook"
    return kind


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
    "docx": read_docx,
    "fictionbook": read_fictionbook,
    "zipped_fictionbook": read_zipped_fictionbook,
    "html": read_html,
    "markdown": read_markdown,
    "plain": read_plain,
    "ssml": _read_ssml,
}
