"""Tables of contents: the navigation document of EPUB 3, the NCX of EPUB 2."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from text.books.epub.markup import Element, attribute, local_name, parse_page, parse_xml, text_of
from text.books.omissions import Omissions


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a table of contents.

    Attributes:
        title: on one line; may be empty.
        path: of the page, relative to the package; empty = a heading that leads nowhere.
        fragment: an id on that page; empty = its beginning.
        depth: 0 = outermost.
    """

    title: str
    path: str
    fragment: str
    depth: int


def resolve(base: str, href: str) -> tuple[str, str]:
    """A reference in a file as path within the package and fragment.

    >>> resolve("nav/toc.xhtml", "../Text/One%20a.xhtml#c1")
    ('Text/One a.xhtml', 'c1')
    >>> resolve("one.xhtml", "#n")
    ('one.xhtml', 'n')
    """
    parts = urlsplit(href)
    if parts.scheme or not parts.path:
        return (base if not parts.scheme else ""), unquote(parts.fragment)
    path = posixpath.join(posixpath.dirname(base), unquote(parts.path))
    return posixpath.normpath(path), unquote(parts.fragment)


def read_nav(data: bytes, path: str, omissions: Omissions) -> list[Entry]:
    """Entries of a navigation document's toc. Source: EPUB 3.3 §7.3, §7.4.2.

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
    top = next((e for e in toc if local_name(e) in ("ol", "ul")), None) if toc is not None else None
    return [] if top is None else list(_nav_entries(top, path, 0))


def _nav_entries(items: Element, path: str, depth: int) -> Iterator[Entry]:
    for item in (e for e in items if local_name(e) == "li"):
        label = next((e for e in item if local_name(e) not in ("ol", "ul")), None)
        below = [e for e in item if local_name(e) in ("ol", "ul")]
        if label is not None:
            link = next((e for e in label.iter() if local_name(e) == "a"), label)
            yield _entry(_text(label), link.get("href"), path, depth)
        for nested in below:
            yield from _nav_entries(nested, path, depth + 1)


def read_ncx(data: bytes, path: str, omissions: Omissions) -> list[Entry]:
    """Entries of an NCX. Source: DAISY Z39.86-2005 §8.

    Raises:
        FieldError: damaged, or it declares entities.
    """
    root = parse_xml(data, path, omissions)
    top = next((e for e in root.iter() if local_name(e) == "navmap"), None)
    return [] if top is None else list(_ncx_entries(top, path, 0))


def _ncx_entries(above: Element, path: str, depth: int) -> Iterator[Entry]:
    for point in (e for e in above if local_name(e) == "navpoint"):
        label = next((e for e in point if local_name(e) == "navlabel"), None)
        content = next((e for e in point if local_name(e) == "content"), None)
        source = None if content is None else content.get("src")
        yield _entry("" if label is None else _text(label), source, path, depth)
        yield from _ncx_entries(point, path, depth + 1)


def _entry(title: str, href: str | None, base: str, depth: int) -> Entry:
    return Entry(title, *(resolve(base, href) if href else ("", "")), depth)


def _text(element: Element) -> str:
    return " ".join(text_of(element).split())
