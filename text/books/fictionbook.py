"""FictionBook (FB2) to a book. Source: FictionBook 2.1 schema (github.com/gribuser/fb2)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from core.book import Book, BookMetadata, Cover, ReadingOptions
from core.errors import FieldError
from text.books.archive import Archive
from text.books.blocks import SCENE_BREAK, TextBlock, chapters_at_headings
from text.books.characters import clean
from text.books.omissions import Omissions
from text.books.pages.markup import Element, attribute, local_name, parse_xml, text_of
from text.books.pictures import picture_type

_PARAGRAPHS = frozenset(("p", "subtitle", "text-author", "date"))
_NOTE_BODIES = frozenset(("notes", "comments", "footnotes"))


def read_fictionbook(data: bytes, name: str, options: ReadingOptions) -> Book:
    """Reads an FB2 file.

    Args:
        data: the file.
        name: title where the description has none.
        options: what is read.

    Raises:
        FieldError: nothing in it can be read, or it holds no text.
    """
    omissions = Omissions()
    root = parse_xml(data, "the file", omissions)
    description = _Description(root)
    blocks = list(_Bodies(options, omissions).read(root))
    title = description.text("title-info", "book-title") or name
    chapters = chapters_at_headings(blocks, title, omissions)
    if not chapters:
        raise FieldError("file", "the file holds no text to speak", code="unspeakable_text")
    series, number = description.series()
    return Book(
        title=title,
        authors=tuple(description.people("author")),
        language=description.text("title-info", "lang"),
        metadata=BookMetadata(
            translators=tuple(description.people("translator")),
            series=series,
            series_number=number,
            published=description.year(),
            publisher=description.text("publish-info", "publisher"),
            description=description.text("title-info", "annotation")[:4000],
            isbn=re.sub(r"[^\dX]", "", description.text("publish-info", "isbn"))[:13],
        ),
        chapters=chapters,
        cover=_cover(root, omissions),
        notices=omissions.notices(),
    )


def read_zipped_fictionbook(data: bytes, name: str, options: ReadingOptions) -> Book:
    """Reads an FB2 file in a zip of its own (``.fb2.zip``, ``.fbz``).

    Args:
        data: the zip.
        name: title where the description has none.
        options: what is read.

    Raises:
        FieldError: the zip is broken or unsafe, or what ``read_fictionbook`` raises.
    """
    archive = Archive(data)
    inside = [entry for entry in archive.names if entry.lower().endswith(".fb2")]
    if len(inside) != 1:
        raise FieldError("file", f"the zip holds {len(inside)} FB2 files", allowed="one")
    try:
        return read_fictionbook(archive.read(inside[0]), name.removesuffix(".fb2"), options)
    except OSError as error:
        raise FieldError("file", f"the file's zip is damaged: {error}") from error


class _Bodies:
    """A reader of the sections of a file.

    Args:
        options: what is read.
        omissions: counts what is left out.
    """

    def __init__(self, options: ReadingOptions, omissions: Omissions) -> None:
        self._include, self._omissions = options.include, omissions

    def read(self, root: Element) -> Iterator[TextBlock]:
        """Yields headings and paragraphs of all bodies, in order."""
        for body in (e for e in root if local_name(e) == "body"):
            if (body.get("name") or "").lower() in _NOTE_BODIES and "notes" not in self._include:
                for section in body:
                    self._omissions.leave_out("note", text_of(section))
            else:
                yield from self._section(body, 1)

    def _section(self, section: Element, level: int) -> Iterator[TextBlock]:
        for element in section:
            name = local_name(element)
            if name == "section":
                yield from self._section(element, min(level + 1, 6))
            elif name == "title":
                lines = (self._text(p) for p in element if local_name(p) in _PARAGRAPHS)
                if text := "\n".join(filter(None, lines)):
                    yield TextBlock(text, level)
            elif name in _PARAGRAPHS:
                if text := self._text(element):
                    yield TextBlock(text)
            elif name == "stanza":
                lines = (self._text(line) for line in element)
                if text := "\n".join(filter(None, lines)):
                    yield TextBlock(text)
            elif name == "empty-line":
                yield TextBlock(SCENE_BREAK)
            elif name == "image":
                self._omissions.leave_out("image")
            elif name == "table":
                yield from self._table(element)
            elif name in ("epigraph", "cite", "poem", "annotation"):
                yield from self._section(element, level)

    def _table(self, table: Element) -> Iterator[TextBlock]:
        if "tables" not in self._include:
            self._omissions.leave_out("table", text_of(table))
            return
        for row in (e for e in table if local_name(e) == "tr"):
            if cells := [text for cell in row if (text := self._text(cell))]:
                yield TextBlock(", ".join(cells))

    def _text(self, element: Element) -> str:
        text = clean("".join(self._pieces(element)), self._omissions)
        return re.sub(r"\s+", " ", text).strip()

    def _pieces(self, element: Element) -> Iterator[str]:
        yield str(element.text or "")
        for child in element:
            name = local_name(child)
            if name == "a" and child.get("type") == "note":
                self._omissions.leave_out("note_reference", text_of(child))
            elif name == "strikethrough":
                self._omissions.leave_out("deleted", text_of(child))
            elif name == "image":
                self._omissions.leave_out("image")
            elif name:
                yield from self._pieces(child)
            yield str(child.tail or "")


class _Description:
    """What a file says of its book."""

    def __init__(self, root: Element) -> None:
        self._sections = {
            local_name(section): section
            for description in root
            if local_name(description) == "description"
            for section in reversed(description)
        }

    def text(self, section: str, name: str) -> str:
        """Returns the text of an element of a section; empty = there is none."""
        return next((t for e in self._all(section, name) if (t := _words(e))), "")

    def people(self, name: str) -> Iterator[str]:
        """Yields the names of authors or translators."""
        parts = ("first-name", "middle-name", "last-name")
        for person in self._all("title-info", name):
            found = {local_name(part): _words(part) for part in person}
            full = " ".join(found[part] for part in parts if found.get(part))
            if full or found.get("nickname"):
                yield full or found["nickname"]

    def series(self) -> tuple[str, str]:
        """Returns the name of the series and the number in it."""
        for sequence in self._all("title-info", "sequence"):
            return sequence.get("name") or "", sequence.get("number") or ""
        return "", ""

    def year(self) -> str:
        """Returns the year of publication."""
        for section, name in (("publish-info", "year"), ("title-info", "date")):
            if found := re.search(r"\b\d{4}\b", self.text(section, name)):
                return found.group()
        return ""

    def _all(self, section: str, name: str) -> list[Element]:
        if section not in self._sections:
            return []
        return [e for e in self._sections[section] if local_name(e) == name]


def _words(element: Element) -> str:
    return " ".join(text_of(element).split())


def _cover(root: Element, omissions: Omissions) -> Cover | None:
    pages = (e for e in root.iter("*") if local_name(e) == "coverpage")
    images = (e for page in pages for e in page if local_name(e) == "image")
    image = next(images, None)
    if image is None:
        return None
    identifier = attribute(image, "href").lstrip("#")
    binaries = (e for e in root if local_name(e) == "binary" and e.get("id") == identifier)
    try:
        data = base64.b64decode(next((text_of(e) for e in binaries), ""))
    except binascii.Error:
        data = b""
    media_type = picture_type(data)
    if not media_type:
        omissions.remark("cover_unusable", "the cover is no JPEG or PNG, which sound files carry")
        return None
    return Cover(media_type, data)
