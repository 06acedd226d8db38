"""EPUB 2 and 3 to a book."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from core.book import Book, BookChapter, ReadingOptions
from core.errors import FieldError
from text.books.archive import Archive
from text.books.epub.chapters import PlacedChapter, cut_chapters
from text.books.epub.container import open_container
from text.books.epub.contents import TocEntry, read_navigation_document, read_ncx
from text.books.epub.cover import read_cover
from text.books.epub.package import (
    PackageDocument,
    SpineItem,
    read_package,
)
from text.books.epub.pronunciation import linked_lexicons, read_pronunciations
from text.books.omissions import Omissions
from text.books.pages.furniture import leave_out_furniture
from text.books.pages.markup import Element, decode_markup, local_name, parse_page, text_of
from text.books.pages.notes import find_notes
from text.books.pages.page_text import PageContext, PageText, read_page
from text.books.pages.stylesheet import StyleRule, parse_stylesheet, style_of
from text.books.pages.urls import resolve_url

MAX_PAGES_BYTES = 40 * 2**20
"""Markup of all pages in the spine; parsed it takes some eight times that. A Bible with its notes
has 9 MB, the Mahabharata 35."""
MAX_STYLE_BYTES = 2**20
"""Of one style sheet; what is longer is not looked at."""
MANY_PICTURES = 10
"""A book with so many pictures on pages without text may be a book of pictures."""
PICTURES_PER_PAGE = 3
"""It is one if there are so many of them for each page of text."""
FEW_CHARACTERS = 120
"""Of a page: a caption, a page number, a line of credits."""
NAVIGATION_WORDS = 100
"""A navigation document with more words outside of its lists is a page of the book."""
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"BM", b"\0\0\1\0")
_MEDIA = (b"%PDF", b"ID3", b"OggS", b"\x1aE\xdf\xa3", b"PK\x03\x04")


@dataclass(frozen=True, slots=True)
class SpinePage:
    """A page of the reading order.

    Attributes:
        path: from the container's root.
        body: its body, parsed.
    """

    path: str
    body: Element


@dataclass(frozen=True, slots=True)
class OpenedEpub:
    """An EPUB with what it was read from.

    Attributes:
        book: as it is spoken.
        container, package: of the EPUB.
        entries: of its table of contents.
        pages: bodies by path, in reading order.
        chapters: of the book, with the places of their paragraphs.
    """

    book: Book
    container: Archive
    package: PackageDocument
    entries: Sequence[TocEntry]
    pages: Mapping[str, Element]
    chapters: tuple[PlacedChapter, ...]


def read_epub(data: bytes, name: str, options: ReadingOptions) -> Book:
    """Reads an EPUB in the order of its spine, cut by its table of contents.

    Args:
        data: the file.
        name: title where the metadata has none.
        options: what is read.

    Raises:
        FieldError: broken, unsafe, protected, of fixed layout, or without text.
    """
    return open_epub(data, name, options).book


def open_epub(
    data: bytes, name: str, options: ReadingOptions, *, keep_origins: bool = False
) -> OpenedEpub:
    """Reads an EPUB and keeps what it was read from.

    Args:
        data: the file.
        name: title where the metadata has none.
        options: what is read.
        keep_origins: whether paragraphs know where their characters stand in the pages.

    Raises:
        FieldError: broken, unsafe, protected, of fixed layout, or without text.
    """
    omissions = Omissions()
    container = open_container(data, omissions)
    package = read_package(container, omissions)
    if package.fixed_layout:
        message = "the EPUB has a fixed layout: its pages are pictures, in no order to be read in"
        raise FieldError("file", message, code="fixed_layout")
    spine = _Spine(container, package, omissions)
    texts = spine.read(options, keep_origins=keep_origins)
    if _is_picture_book(texts.values()):
        message = "the EPUB's pages are pictures: their words cannot be read"
        raise FieldError("file", message, code="image_only")
    entries = _toc_entries(package, container, omissions)
    titles = [entry.title for entry in entries]
    leave_out_furniture(texts, titles, package.contents_paths, omissions)
    chapters = cut_chapters(texts, entries, package.title, omissions)
    if not chapters:
        raise FieldError("file", spine.why_nothing(), code="unspeakable_text")
    book = Book(
        title=package.title or name,
        authors=package.authors,
        language=package.language,
        metadata=package.metadata,
        chapters=tuple(BookChapter(chapter.title, chapter.text) for chapter in chapters),
        cover=read_cover(package, container, omissions),
        lexicons=read_pronunciations(
            list(texts.values()), spine.lexicons, container, package, omissions
        ),
        unreadable=tuple(spine.unreadable),
        notices=omissions.notices(),
    )
    return OpenedEpub(book, container, package, entries, spine.bodies, chapters)


class _Spine:
    """The pages of the reading order.

    Args:
        container, package: of the EPUB.
        omissions: counts what is left out.
    """

    def __init__(self, container: Archive, package: PackageDocument, omissions: Omissions) -> None:
        self._container, self._package, self._omissions = container, package, omissions
        self.unreadable: list[str] = []
        """Names of pages that cannot be read."""
        self.lexicons: dict[str, None] = {}
        """Paths of the lexicons that pages link, in order."""
        self._passed: list[str] = []
        """Names of pages without text, and why."""
        self._sheets: dict[str, list[StyleRule]] = {}
        self.bodies: dict[str, Element] = {}
        """Of the pages that were read, by path."""

    def read(self, options: ReadingOptions, *, keep_origins: bool) -> dict[str, PageText]:
        """Reads the text of each page, by path, in reading order.

        Raises:
            FieldError: there are no pages, they are too long, or one is unsafe.
        """
        self.bodies = bodies = {page.path: page.body for page in self._pages()}
        references, notes = find_notes(bodies)
        texts: dict[str, PageText] = {}
        for path, body in bodies.items():
            root = body.getroottree().getroot()
            style = style_of(root, list(self._rules(path, root)))
            for href in linked_lexicons(root):
                name = self._container.find(resolve_url(path, href)[0])
                self.lexicons.setdefault(name or "")
            context = PageContext(path, style, references, notes, options, keep_origins)
            texts[path] = read_page(body, context, self._omissions)
        return texts

    def why_nothing(self) -> str:
        """Returns a message that names the pages and says why they hold no text."""
        pages = [*self._passed, *(f"{name} (cannot be read)" for name in self.unreadable)]
        if not pages:
            return "the EPUB holds no text to speak"
        more = f" and {len(pages) - 5} more" if len(pages) > 5 else ""
        return f"the EPUB holds no text to speak: {', '.join(pages[:5])}{more}"

    def _pages(self) -> Iterator[SpinePage]:
        """Each page once, wherever the spine has it; what is no page is counted."""
        paths = dict.fromkeys(path for item in self._linear() if (path := self._path(item)))
        if not paths and not self.unreadable and not self._passed:
            raise FieldError("file", "the EPUB's spine has no pages to read")
        size = sum(map(self._container.size, paths))
        if size > MAX_PAGES_BYTES:
            allowed = f"at most {MAX_PAGES_BYTES} bytes of pages"
            raise FieldError("file", f"the EPUB's pages have {size} bytes", allowed=allowed)
        for path in paths:
            body = self._body(path)
            if body is not None:
                yield SpinePage(path, body)

    def _linear(self) -> list[SpineItem]:
        """A spine that is all non-linear is read: its producer meant nothing by it."""
        spine = self._package.spine
        linear = [item for item in spine if item.linear]
        if not linear:
            return list(spine)
        for _ in range(len(spine) - len(linear)):
            self._omissions.leave_out("nonlinear")
        return linear

    def _path(self, place: SpineItem) -> str:
        item = place.item
        if not item.path:
            self._cannot_read(item.href, "the EPUB does not hold it")
        return item.path

    def _body(self, path: str) -> Element | None:
        try:
            data = self._container.read(path)
        except OSError as error:
            self._cannot_read(path, str(error))
            return None
        kind = _kind_of_bytes(data)
        if kind:
            self._omissions.leave_out(kind)
            self._passed.append(f"{path} ({kind})")
            return None
        body = parse_page(data, path, self._omissions) if data.strip() else None
        if body is None:
            self._cannot_read(path, "it holds no markup")
        elif local_name(body) == "svg":
            self._omissions.leave_out("image")
            self._passed.append(f"{path} (image)")
            return None
        elif path in self._package.navigation and _words_around(body) < NAVIGATION_WORDS:
            self._omissions.leave_out("navigation")
            self._passed.append(f"{path} (navigation)")
            return None
        elif not text_of(body).strip():
            self._passed.append(f"{path} (no text)")
        return body

    def _cannot_read(self, name: str, reason: str) -> None:
        self.unreadable.append(name)
        self._omissions.remark("page_unreadable", f"the page {name} cannot be read: {reason}")

    def _rules(self, path: str, root: Element) -> Iterator[StyleRule]:
        """Rules of the style sheets of a page, in their order."""
        for element in root.iter("*"):
            name = local_name(element)
            if (element.get("media") or "").strip().lower() not in ("", "all", "screen"):
                continue
            if name == "style":
                yield from parse_stylesheet(text_of(element), lambda url: self._css(path, url))
            elif name == "link" and "stylesheet" in (element.get("rel") or "").lower().split():
                yield from self._sheet(path, element.get("href") or "")

    def _sheet(self, path: str, href: str) -> list[StyleRule]:
        url = resolve_url(path, href)[0]
        if url not in self._sheets:
            css = self._css(path, href)
            self._sheets[url] = parse_stylesheet(css, lambda further: self._css(url, further))
        return self._sheets[url]

    def _css(self, path: str, href: str) -> str:
        name = self._container.find(resolve_url(path, href)[0])
        if name is None or self._container.size(name) > MAX_STYLE_BYTES:
            return ""
        try:
            return decode_markup(self._container.read(name), name, Omissions())
        except OSError:
            return ""


def _is_picture_book(pages: Iterable[PageText]) -> bool:
    """Whether nearly all pages show pictures and have next to no text."""
    pictures = texts = 0
    for page in pages:
        few = sum(len(block.text) for block in page.blocks) < FEW_CHARACTERS
        texts += not few
        pictures += page.pictures if few else 0
    return pictures >= max(MANY_PICTURES, PICTURES_PER_PAGE * texts)


def _kind_of_bytes(data: bytes) -> str | None:
    """The kind of ``Omissions`` of a file that is no page, judged by its first bytes."""
    if data.startswith(_PICTURES):
        return "image"
    return "media" if data.startswith(_MEDIA) else None


def _words_around(body: Element) -> int:
    """Words of a navigation document outside of its ``nav`` elements."""
    navs = (e for e in body.iter("*") if local_name(e) == "nav")
    inside = sum(len(text_of(nav).split()) for nav in navs)
    return len(text_of(body).split()) - inside


def _toc_entries(
    package: PackageDocument, container: Archive, omissions: Omissions
) -> list[TocEntry]:
    """Reads the navigation document, else the NCX. A broken one costs only itself."""
    for paths, read in ((package.navigation, read_navigation_document), (package.ncxs, read_ncx)):
        for path in paths:
            try:
                entries = read(container.read(path), path, omissions)
            except OSError as error:
                omissions.remark("contents_damaged", f"a table of contents is damaged: {error}")
                continue
            if entries:
                spine = {place.item.path for place in package.spine}
                return [_found(entry, container, spine) for entry in entries]
    omissions.remark("no_contents", "the EPUB has no table of contents; its files are chapters")
    return []


def _found(entry: TocEntry, container: Archive, spine: set[str]) -> TocEntry:
    """The same entry with the name of the file that its path means."""
    if not entry.path or entry.path in spine:
        return entry
    path = container.find(entry.path) or container.find_by_basename(entry.path)
    return replace(entry, path=path or entry.path)
