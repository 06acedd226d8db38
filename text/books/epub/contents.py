"""Tables of contents: the navigation document of EPUB 3, the NCX of EPUB 2."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import FieldError
from text.books.omissions import Omissions
from text.books.pages.markup import (
    Element,
    attribute,
    local_name,
    parse_page,
    parse_xml,
    text_of,
)
from text.books.pages.urls import resolve_url


@dataclass(frozen=True, slots=True)
class TocEntry:
    """An entry of a table of contents.

    Attributes:
        title: on one line; may be empty.
        path: of the page, from the container's root; empty = a heading that leads nowhere.
        fragment: an id on that page; empty = its beginning.
        depth: 0 = outermost.
    """

    title: str
    path: str
    fragment: str
    depth: int


def read_navigation_document(data: bytes, path: str, omissions: Omissions) -> list[TocEntry]:
    """Reads the toc of a navigation document. Source: EPUB 3.3 §7.3, §7.4.2.

    Args:
        data: the file.
        path: its path, against which links are resolved.
        omissions: learns of mended markup.

    Raises:
        FieldError: it declares entities.
    """
    body = parse_page(data, path, omissions)
    if body is None:
        return []
    navs = [e for e in body.iter() if local_name(e) == "nav"]
    toc = next((n for n in navs if "toc" in attribute(n, "type").split()), None)
    if toc is None:
        toc = next((n for n in navs if attribute(n, "role") == "doc-toc"), None)
    if toc is None:
        return []
    lists = (e for e in toc.iter() if local_name(e) in ("ol", "ul"))
    top = next(lists, None)
    return [] if top is None else list(_navigation_entries(top, path, 0))


def _navigation_entries(items: Element, path: str, depth: int) -> Iterator[TocEntry]:
    for item in (e for e in items if local_name(e) == "li"):
        label = next((e for e in item if local_name(e) not in ("ol", "ul", "")), None)
        below = [e for e in item if local_name(e) in ("ol", "ul")]
        if label is not None:
            link = next((e for e in label.iter() if local_name(e) == "a"), label)
            yield _entry(_text(label), link.get("href"), path, depth)
        for nested in below:
            yield from _navigation_entries(nested, path, depth + 1)


def read_ncx(data: bytes, path: str, omissions: Omissions) -> list[TocEntry]:
    """Reads the navMap of an NCX. Source: DAISY Z39.86-2005 §8.

    Args:
        data: the file.
        path: its path, against which links are resolved.
        omissions: learns of a guessed encoding, and of damage.
    """
    try:
        root = parse_xml(data, path, omissions)
    except FieldError as error:
        omissions.remark("contents_damaged", f"a table of contents is damaged: {error.message}")
        return []
    top = next((e for e in root.iter() if local_name(e) == "navmap"), None)
    return [] if top is None else list(_ncx_entries(top, path, 0))


def _ncx_entries(above: Element, path: str, depth: int) -> Iterator[TocEntry]:
    for point in (e for e in above if local_name(e) == "navpoint"):
        label = next((e for e in point if local_name(e) == "navlabel"), None)
        content = next((e for e in point if local_name(e) == "content"), None)
        source = None if content is None else content.get("src")
        yield _entry("" if label is None else _text(label), source, path, depth)
        yield from _ncx_entries(point, path, depth + 1)


def _entry(title: str, href: str | None, base: str, depth: int) -> TocEntry:
    return TocEntry(title, *(resolve_url(base, href) if href else ("", "")), depth)


def _text(element: Element) -> str:
    return " ".join(text_of(element).split())
