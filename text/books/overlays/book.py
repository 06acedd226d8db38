"""The pages of a book into which spans are set: an EPUB's own, or pages made of a text."""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from lxml import etree

from core.book import Cover
from core.errors import FieldError
from core.request import BookFacts, Source
from core.text import Span
from text.books.blocks import SCENE_BREAK, TextBlock
from text.books.epub.chapters import PlacedParagraph
from text.books.epub.contents import TocEntry
from text.books.epub.package import NCX_TYPE, ManifestItem
from text.books.epub.reader import OpenedEpub, open_epub
from text.books.omissions import Omissions
from text.books.overlays.package import (
    OPF,
    XHTML_TYPE,
    PackageItem,
    identifier_of,
    new_package,
    renewed_package,
)
from text.books.overlays.spans import XHTML, PageRange
from text.books.overlays.xhtml import NAMESPACES, is_xhtml, link_style, new_page
from text.books.pages.markup import Element, local_name, parse_page, parse_xml
from text.books.pages.origins import TextOrigin
from text.books.pictures import picture_type

_HTML_TYPES = frozenset((XHTML_TYPE, "text/html", "text/x-oeb1-document"))
_TYPES = {
    "image/jpg": "image/jpeg",
    "text/x-oeb1-css": "text/css",
    "application/x-font-ttf": "font/ttf",
    "application/x-truetype-font": "font/ttf",
    "application/x-font-truetype": "font/ttf",
    "application/x-font-otf": "font/otf",
    "application/x-font-opentype": "font/otf",
}
"""Media types of EPUB 2 and of producers, and those of EPUB 3. Source: EPUB 3.3 §3.2."""
_NAME = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
"""Of an id in XML."""
_STYLE = """\
body { margin: 5%; line-height: 1.4 }
h1 { text-align: center }
hr { width: 20% }
p { margin: 0; text-indent: 1.2em }
h1 + p, hr + p { text-indent: 0 }
"""


@dataclass(slots=True)
class OverlayPage:
    """A page of the book.

    Attributes:
        root: of the page.
        id: of its item in the manifest.
        properties: of the item, besides those that its content demands.
    """

    root: Element
    id: str
    properties: frozenset[str] = frozenset()

    @property
    def body(self) -> Element:
        """The element with its text."""
        return next(e for e in self.root if local_name(e) == "body")


@dataclass(slots=True)
class OverlayBook:
    """A book into whose pages spans can be set.

    Attributes:
        path: of the package document.
        package: its root, manifest empty.
        pages: by path.
        items: of all other files.
        files: content of these by path, or where it is read from.
        chapters: paragraphs of each chapter of the source, with their places in the source.
        entries: of the table of contents where the book has no navigation document.
        opened: the EPUB that it is made of; None = it is made of a text.
    """

    path: str
    package: Element
    pages: dict[str, OverlayPage]
    items: list[PackageItem]
    chapters: Sequence[Sequence[PlacedParagraph]]
    entries: Sequence[TocEntry] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    opened: OpenedEpub | None = None

    def other_files(self) -> Iterator[tuple[str, bytes]]:
        """Yields paths and contents of all that is neither a page nor the package."""
        yield from self.files.items()
        if self.opened is None:
            return
        container = self.opened.container
        listed = {item.path for item in self.items}
        for name in container.names:
            kept = name in listed and name not in self.files
            if kept or (name.startswith("META-INF/") and name.endswith("/encryption.xml")):
                yield name, container.read(name)

    def find(self, chapter: int, span: Span) -> tuple[str, PageRange | None]:
        """Returns the page on which a span of the source stands, and where.

        Args:
            chapter: index of the source's chapter.
            span: within the chapter.

        Returns:
            path of the page, and the place; None = the words stand for no text of the page.
        """
        paragraphs = self.chapters[chapter]
        index = bisect_right(paragraphs, span.start, key=lambda p: p.start) - 1
        if index < 0:
            return paragraphs[0].path, None
        paragraph = paragraphs[index]
        start = span.start - paragraph.start + paragraph.offset
        end = min(span.end - paragraph.start, len(paragraph.text)) + paragraph.offset
        return paragraph.path, _range_of(paragraph.block.origins, start, end)


def _range_of(origins: Sequence[TextOrigin], start: int, end: int) -> PageRange | None:
    first = max(0, bisect_right(origins, start, key=lambda run: run.start) - 1)
    runs = [
        run
        for run in origins[first : bisect_right(origins, end - 1, key=lambda run: run.start)]
        if run.start + run.length > start
    ]
    if not runs:
        return None
    begin, stop = runs[0], runs[-1]
    if begin.start < start and begin.part != "whole":
        skipped = start - begin.start
        begin = begin._replace(start=start, length=begin.length - skipped, at=begin.at + skipped)
    if stop.start < start and stop.part != "whole":
        skipped = start - stop.start
        stop = stop._replace(start=start, length=stop.length - skipped, at=stop.at + skipped)
    return PageRange(begin, stop._replace(length=min(stop.length, end - stop.start)))


def book_of_epub(data: bytes, source: Source, digest: str) -> OverlayBook | None:
    """Returns an EPUB's own pages.

    Args:
        data: the EPUB that the source was read from.
        source: of the job; says how it was read.
        digest: of the job, for an identifier where the book has none.

    Returns:
        the book; None = its chapters are not those of the source.

    Raises:
        FieldError: the EPUB cannot be read.
    """
    kept, facts = source.kept, source.book
    if kept is None or facts is None:
        return None
    opened = open_epub(data, facts.title, kept.reading, keep_origins=True)
    chapters = _chapters_of(opened, source, kept.chapters)
    if chapters is None:
        return None
    package = opened.package
    root = parse_xml(opened.container.read(package.path), package.path, Omissions())
    same = (package.title, package.authors) == (facts.title, facts.authors)
    modern = root.tag == "{http://www.idpf.org/2007/opf}package"
    modern = modern and (root.get("version") or "").startswith("3")
    renewed_package(root, facts, identifier_of(digest), keep_metadata=same and modern)
    book = OverlayBook(package.path, root, {}, [], chapters, opened=opened)
    _list_files(book, opened)
    if not any("nav" in page.properties for page in book.pages.values()):
        book.entries = _entries_of(opened, book)
    return book


def _chapters_of(
    opened: OpenedEpub, source: Source, numbers: Sequence[int]
) -> list[list[PlacedParagraph]] | None:
    """Paragraphs of the chosen chapters with their places in the source."""
    chapters = []
    if len(numbers) != len(source.chapters):
        return None
    for number, chapter in zip(numbers, source.chapters, strict=True):
        text = source.text[chapter.span.start : chapter.span.end]
        if number >= len(opened.chapters) or not text.endswith(opened.chapters[number].text):
            return None
        placed = opened.chapters[number]
        shift = chapter.span.end - len(placed.text)  # a title may have been put before it
        chapters.append([p._replace(start=p.start + shift) for p in placed.paragraphs])
    return chapters


def _list_files(book: OverlayBook, opened: OpenedEpub) -> None:
    package = opened.package
    names = {
        identifier: identifier if _NAME.fullmatch(identifier) else f"item-{number}"
        for number, identifier in enumerate(package.manifest)
    }
    references = [e for e in book.package.iter("*") if local_name(e) == "itemref"]
    spine = {e.get("idref") for e in references}
    for reference in references:
        identifier = reference.get("idref") or ""
        reference.set("idref", names.get(identifier, identifier))
    listed: set[str] = set()
    covers = [package.manifest[c].path for c in package.covers if c in package.manifest]
    for identifier, item in package.manifest.items():
        ncx = item.media_type == NCX_TYPE or item.path in package.ncxs
        if not item.path or item.path in listed or ncx or item.path == package.path:
            continue
        listed.add(item.path)
        name = names[identifier]
        body = opened.pages.get(item.path)
        if body is None and (item.media_type in _HTML_TYPES or "nav" in item.properties):
            body = _parsed(opened, item)
        if body is not None and local_name(body) != "svg":
            page = OverlayPage(_whole_page(body), name, item.properties & {"nav"})
            book.pages[item.path] = page
        elif identifier in spine or not item.media_type.startswith("application/vnd.adobe"):
            other = _other_item(opened, item, name, is_cover=item.path in covers[:1])
            book.items.append(replace(other, fallback=names.get(item.fallback, "")))


def _parsed(opened: OpenedEpub, item: ManifestItem) -> Element | None:
    try:
        return parse_page(opened.container.read(item.path), item.path, Omissions())
    except (OSError, FieldError):
        return None


def _whole_page(body: Element) -> Element:
    """The page around a body; what has no frame of HTML gets one."""
    root = body.getroottree().getroot()
    if is_xhtml(root):
        return root
    page = etree.Element(f"{{{XHTML}}}html", nsmap=NAMESPACES)
    etree.SubElement(page, f"{{{XHTML}}}body").append(root)
    return page


def _other_item(
    opened: OpenedEpub, item: ManifestItem, name: str, *, is_cover: bool
) -> PackageItem:
    media_type = _TYPES.get(item.media_type, item.media_type)
    if media_type.startswith("image/"):
        with suppress(OSError):
            media_type = picture_type(opened.container.read(item.path)[:64]) or media_type
    properties = set(item.properties)
    if is_cover and media_type.startswith("image/") and not opened.package.navigation:
        properties.add("cover-image")
    return PackageItem(
        id=name,
        path=item.path,
        media_type=media_type or "application/octet-stream",
        properties=" ".join(sorted(properties)),
    )


def _entries_of(opened: OpenedEpub, book: OverlayBook) -> list[TocEntry]:
    """Entries that lead to a page and an id on it; else the chapters' beginnings."""
    found = []
    for entry in opened.entries:
        page = book.pages.get(entry.path)
        if page is None:
            found.append(replace(entry, path="", fragment=""))
            continue
        places = {e.get("id") or e.get("name") for e in page.root.iter("*")}
        if entry.fragment in places:
            found.append(entry)
        elif entry.path not in {known.path for known in found}:
            found.append(replace(entry, fragment=""))
    if any(entry.path for entry in found):
        return found
    return [
        TocEntry(chapter.title, chapter.paragraphs[0].path, "", 0)
        for chapter in opened.chapters
        if chapter.paragraphs
    ]


def book_of_text(source: Source, cover: Cover | None, digest: str) -> OverlayBook:
    """Returns pages made of a text: one for each chapter.

    Args:
        source: plain text.
        cover: picture of the book.
        digest: of the job, for an identifier.
    """
    facts = source.book or BookFacts(title=source.facts.title or "Speech")
    root = new_package(facts, identifier_of(digest))
    spine = next(e for e in root if local_name(e) == "spine")
    pages: dict[str, OverlayPage] = {}
    chapters, entries = [], []
    folder = "EPUB"
    for number, chapter in enumerate(source.chapters, 1):
        path = f"{folder}/text/{number:03}.xhtml"
        page, paragraphs = _made_page(source, chapter.span, chapter.title, path, facts.language)
        pages[path] = OverlayPage(page, f"chapter-{number}")
        etree.SubElement(spine, f"{{{OPF}}}itemref", {"idref": f"chapter-{number}"})
        chapters.append(paragraphs)
        entries.append(TocEntry(chapter.title, path, "", 0))
    files = {f"{folder}/style.css": _STYLE.encode()}
    items = [PackageItem("style", f"{folder}/style.css", "text/css")]
    if cover is not None:
        path = f"{folder}/cover.{'png' if cover.media_type == 'image/png' else 'jpg'}"
        files[path] = cover.data
        items.append(PackageItem("cover", path, cover.media_type, "cover-image"))
    return OverlayBook(f"{folder}/package.opf", root, pages, items, chapters, entries, files)


def _made_page(
    source: Source, span: Span, title: str, path: str, language: str
) -> tuple[Element, list[PlacedParagraph]]:
    root = new_page(title, language)
    link_style(root, posixpath.relpath("EPUB/style.css", posixpath.dirname(path)))
    body = etree.SubElement(root, f"{{{XHTML}}}body")
    paragraphs, heading = [], _letters(title)
    for found in re.finditer(r"\S(?:(?!\n\s*\n).)*", source.text[span.start : span.end], re.DOTALL):
        text = found.group().rstrip()
        if text == SCENE_BREAK:
            etree.SubElement(body, f"{{{XHTML}}}hr")
            continue
        letters = _letters(text)
        is_heading = bool(letters) and heading.startswith(letters)
        heading = heading[len(letters) :] if is_heading else ""
        element = etree.SubElement(body, f"{{{XHTML}}}{'h1' if is_heading else 'p'}")
        block = TextBlock(text, origins=list(_written(element, text)))
        paragraphs.append(PlacedParagraph(span.start + found.start(), text, path, block, 0))
    return root, paragraphs


def _written(element: Element, text: str) -> Iterator[TextOrigin]:
    """Writes a paragraph into its element, line by line."""
    at = 0
    for number, line in enumerate(text.split("\n")):
        if number:
            line_break = etree.SubElement(element, f"{{{XHTML}}}br")
            line_break.tail = line
            yield TextOrigin(at, len(line), line_break, "tail")
        else:
            element.text = line
            yield TextOrigin(at, len(line), element, "text")
        at += len(line) + 1


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()
