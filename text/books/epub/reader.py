"""EPUB 2 and 3 to a book."""

from __future__ import annotations

from dataclasses import dataclass

from core.book import Book, ReadingOptions
from core.errors import FieldError
from text.books.epub.chapters import cut_chapters, leave_out_contents
from text.books.epub.container import Container
from text.books.epub.contents import TocEntry, read_navigation_document, read_ncx
from text.books.epub.package import NCX_TYPE, PackageDocument, read_cover, read_package
from text.books.omissions import Omissions
from text.books.pages.markup import Element, parse_page
from text.books.pages.notes import find_notes
from text.books.pages.page_text import PageText, read_page

PAGE_TYPES = frozenset(("application/xhtml+xml", "text/html", "application/x-dtbook+xml"))
MAX_PAGES_BYTES = 32 * 2**20
"""Markup of all pages in the spine; parsed it takes about ten times that. A Bible with its notes
has 9 MB."""


@dataclass(frozen=True, slots=True)
class SpinePage:
    """A page of the reading order.

    Attributes:
        path: from the container's root.
        body: its body, parsed.
    """

    path: str
    body: Element


def read_epub(data: bytes, name: str, options: ReadingOptions) -> Book:
    """Reads an EPUB in the order of its spine, cut by its table of contents.

    Args:
        data: the file.
        name: title where the metadata has none.
        options: what is read.

    Raises:
        FieldError: broken, unsafe, protected, or without text.
    """
    omissions = Omissions()
    container = Container(data, omissions)
    package = read_package(container, omissions)
    pages = _pages(package, container, omissions)
    bodies = {page.path: page.body for page in pages}
    references, notes = find_notes(bodies)
    texts: dict[str, PageText] = {}
    for path, body in bodies.items():
        texts[path] = read_page(body, references, notes, omissions)
        leave_out_contents(texts[path], omissions)
    entries = _toc_entries(package, container, omissions)
    chapters = cut_chapters(texts, entries, package.title, omissions)
    if not chapters:
        raise FieldError("file", "the EPUB holds no text to speak", code="unspeakable_text")
    return Book(
        title=package.title or name,
        authors=package.creators,
        language=package.language,
        chapters=chapters,
        cover=read_cover(package, container, omissions),
        notices=omissions.notices(),
    )


def _pages(package: PackageDocument, container: Container, omissions: Omissions) -> list[SpinePage]:
    """Reads each page of the spine once; what is no page is left out and counted."""
    paths: dict[str, None] = {}
    for place in package.spine:
        item = place.item
        if "nav" in item.properties:
            omissions.leave_out("navigation")
        elif not place.linear:
            omissions.leave_out("nonlinear")
        elif item.media_type not in PAGE_TYPES:
            omissions.leave_out("image" if "image" in item.media_type else "media")
        elif item.path:
            paths.setdefault(item.path)
    if not paths:
        raise FieldError("file", "the EPUB's spine has no pages to read")
    size = sum(map(container.size, paths))
    if size > MAX_PAGES_BYTES:
        allowed = f"at most {MAX_PAGES_BYTES} bytes of pages"
        raise FieldError("file", f"the EPUB's pages have {size} bytes", allowed=allowed)
    pages = (_page(path, container, omissions) for path in paths)
    return [page for page in pages if page is not None]


def _page(path: str, container: Container, omissions: Omissions) -> SpinePage | None:
    try:
        data = container.read(path)
    except OSError as error:
        raise FieldError("file", f"the EPUB's zip is damaged: {error}") from error
    body = parse_page(data, path, omissions) if data else None
    if body is None:
        omissions.remark("page_empty", f"{path} has nothing to read")
        return None
    return SpinePage(path, body)


def _toc_entries(
    package: PackageDocument, container: Container, omissions: Omissions
) -> list[TocEntry]:
    """Reads the navigation document, else the NCX. A broken one costs only itself."""
    items = package.manifest.values()
    documents = [i.path for i in items if "nav" in i.properties]
    named = package.manifest.get(package.ncx)
    ncxs = [named.path] if named else []
    ncxs += [i.path for i in items if i.media_type == NCX_TYPE]
    for paths, read in ((documents, read_navigation_document), (ncxs, read_ncx)):
        for path in filter(None, paths):
            try:
                entries = read(container.read(path), path, omissions)
            except OSError as error:
                omissions.remark("contents_damaged", f"a table of contents is damaged: {error}")
                continue
            if entries:
                return [_found(entry, container) for entry in entries]
    omissions.remark("no_contents", "the EPUB has no table of contents; its files are chapters")
    return []


def _found(entry: TocEntry, container: Container) -> TocEntry:
    """The same entry with the name of the file that its path means."""
    path = (container.find(entry.path) or entry.path) if entry.path else ""
    return TocEntry(entry.title, path, entry.fragment, entry.depth)
