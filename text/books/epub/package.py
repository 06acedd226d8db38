"""An EPUB's package: what it is called, its pages in reading order, its table of contents.

ebooklib reads container, manifest, spine and metadata; nothing outside of this module knows it.
"""

from __future__ import annotations

import io
import posixpath
from dataclasses import dataclass
from typing import Any

from ebooklib import epub
from lxml import etree

from core.book import Cover
from core.errors import FieldError
from text.books.epub.container import UNREADABLE, open_container
from text.books.epub.contents import Entry, read_nav, read_ncx
from text.books.omissions import Omissions

PAGE_TYPES = frozenset(("application/xhtml+xml", "text/html", "application/x-dtbook+xml"))
COVER_TYPES = frozenset(("image/jpeg", "image/png"))
"""What MP4 and ID3 tags carry in practice."""
MAX_PAGES_BYTES = 32 * 2**20
"""XHTML of all pages; parsed it takes about ten times that. A Bible with its notes has 9 MB."""
_DAMAGED = (
    epub.EpubException, etree.LxmlError, *UNREADABLE,
    AssertionError, AttributeError, KeyError, IndexError, TypeError, ValueError,
)  # fmt: skip
"""What ebooklib lets through when a package lacks something."""


@dataclass(frozen=True, slots=True)
class Page:
    """A file of the spine.

    Attributes:
        path: relative to the package, percent-decoded.
        data: its bytes.
    """

    path: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Package:
    """What an EPUB says of itself.

    Attributes:
        title, language: empty where it does not tell.
        authors: creators in order.
        pages: reading order, without navigation and what is outside of it.
        entries: table of contents, in its order, nested ones after their parents.
        cover: its picture, if it has one that tags can carry.
    """

    title: str
    authors: tuple[str, ...]
    language: str
    pages: tuple[Page, ...]
    entries: tuple[Entry, ...]
    cover: Cover | None


class _Reader(epub.EpubReader):  # type: ignore[misc]  # ebooklib has no types
    """ebooklib's reader, which lives with missing files and leaves the tables of contents to us."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self.missing: list[str] = []

    def read_file(self, name: str) -> Any:
        name = posixpath.normpath(name)
        try:
            return super().read_file(name)
        except KeyError:
            if name == "META-INF/container.xml" or name == self.opf_file:
                raise
            self.missing.append(name)
            return b""

    def _parse_nav(self, data: Any, base_path: str, navtype: str = "toc") -> None:
        """Differs: fails on a nav without a toc, and knows no percent-encoding."""

    def _parse_ncx(self, data: Any) -> None:
        """Differs: takes paths as relative to the package, not to the NCX."""


def read_package(data: bytes, omissions: Omissions) -> Package:
    """Reads the package of an EPUB 2 or 3.

    Args:
        data: the file.
        omissions: learns what is left out.

    Raises:
        FieldError: broken, unsafe, encrypted, or without pages.
    """
    open_container(data, omissions).close()
    reader = _Reader(data)
    try:
        book = reader.load()
    except _DAMAGED as error:
        raise FieldError("file", f"the EPUB's package cannot be read: {error!r}") from error
    for name in reader.missing:
        omissions.remark("file_missing", f"the EPUB lists {name}, but does not hold it")
    return Package(
        title=_first(book, "title"),
        authors=tuple(_metadata(book, "creator")),
        language=_first(book, "language"),
        pages=tuple(_pages(book, omissions)),
        entries=_entries(book, omissions),
        cover=_cover(book, omissions),
    )


def _metadata(book: Any, name: str) -> list[str]:
    found = book.metadata.get(epub.NAMESPACES["DC"], {}).get(name, [])
    values = (value for value, _ in found)
    return [" ".join(value.split()) for value in values if value and value.strip()]


def _first(book: Any, name: str) -> str:
    return next(iter(_metadata(book, name)), "")


def _pages(book: Any, omissions: Omissions) -> list[Page]:
    pages: dict[str, Page] = {}
    for identifier, linear in book.spine:
        item = book.get_item_with_id(identifier)
        if item is None:
            omissions.remark("file_missing", f"the spine names {identifier!r}, which is no file")
        elif isinstance(item, epub.EpubNav):
            omissions.leave_out("navigation")
        elif linear == "no":
            omissions.leave_out("nonlinear")
        elif item.media_type not in PAGE_TYPES:
            omissions.leave_out("image" if "image" in (item.media_type or "") else "media")
        else:
            pages.setdefault(item.file_name, Page(item.file_name, item.content))
    if not pages:
        raise FieldError("file", "the EPUB's spine has no pages to read")
    size = sum(len(page.data) for page in pages.values())
    if size > MAX_PAGES_BYTES:
        told = f"at most {MAX_PAGES_BYTES} bytes of pages"
        raise FieldError("file", f"the EPUB's pages have {size} bytes", allowed=told)
    return list(pages.values())


def _entries(book: Any, omissions: Omissions) -> tuple[Entry, ...]:
    """Of the navigation document, else of the NCX."""
    items = list(book.get_items())
    for kind, read in ((epub.EpubNav, read_nav), (epub.EpubNcx, read_ncx)):
        for item in items:
            if isinstance(item, kind) and item.content:
                entries = read(item.content, item.file_name, omissions)
                if entries:
                    return tuple(entries)
    omissions.remark("no_contents", "the EPUB has no table of contents; its files are chapters")
    return ()


def _cover(book: Any, omissions: Omissions) -> Cover | None:
    """EPUB 3: the item with the property cover-image; EPUB 2: <meta name="cover">, the guide."""
    item = next((i for i in book.get_items() if isinstance(i, epub.EpubCover)), None)
    if item is None:
        metas = (more for _, more in book.metadata.get(epub.NAMESPACES["OPF"], {}).get("meta", []))
        named = next((m.get("content", "") for m in metas if m.get("name") == "cover"), "")
        item = book.get_item_with_id(named)
    if item is None or not item.content:
        return None
    if item.media_type not in COVER_TYPES:
        told = f"the cover is {item.media_type}, which tags of sound files do not carry"
        omissions.remark("cover_unusable", told)
        return None
    return Cover(item.media_type, bytes(item.content))
