"""A page of HTML, saved from wherever, to a book: chapters by its headings."""

from __future__ import annotations

from collections.abc import Iterator

from core.book import Book, BookMetadata, ReadingOptions
from core.errors import FieldError
from text.books.blocks import chapters_at_headings, title_in
from text.books.omissions import Omissions
from text.books.pages.furniture import leave_out_furniture
from text.books.pages.markup import Element, local_name, parse_page, text_of
from text.books.pages.notes import find_notes
from text.books.pages.page_text import PageContext, read_page
from text.books.pages.stylesheet import StyleRule, parse_stylesheet, style_of

PATH = "page.html"
"""Links without a path lead to the page itself."""


def read_html(data: bytes, name: str, options: ReadingOptions) -> Book:
    """Reads one HTML file.

    Args:
        data: the file.
        name: title where the page has none.
        options: what is read.

    Raises:
        FieldError: it declares harmful entities, is too deep, or holds no text.
    """
    omissions = Omissions()
    body = parse_page(data, PATH, omissions)
    if body is None:
        raise FieldError("file", "the file holds no text to speak", code="unspeakable_text")
    root = body.getroottree().getroot()
    references, notes = find_notes({PATH: body})
    style = style_of(root, list(_rules(root)))
    page = read_page(body, PageContext(PATH, style, references, notes, options), omissions)
    leave_out_furniture({PATH: page}, (), (), omissions)
    blocks = [block for block in page.blocks if block.text]
    title = title_in(blocks) or _title(root) or name
    chapters = chapters_at_headings(blocks, title, omissions)
    if not chapters:
        raise FieldError("file", "the file holds no text to speak", code="unspeakable_text")
    author = _meta(root, "author") or _meta(root, "dc.creator")
    return Book(
        title=title,
        authors=(author,) if author else (),
        language=root.get("lang") or "",
        metadata=BookMetadata(description=_meta(root, "description")[:4000]),
        chapters=chapters,
        notices=omissions.notices(),
    )


def _rules(root: Element) -> Iterator[StyleRule]:
    for element in root.iter("*"):
        if local_name(element) == "style":
            yield from parse_stylesheet(text_of(element))


def _title(root: Element) -> str:
    titles = (" ".join(text_of(e).split()) for e in root.iter("*") if local_name(e) == "title")
    return next(filter(None, titles), "")


def _meta(root: Element, name: str) -> str:
    metas = (e for e in root.iter("*") if local_name(e) == "meta")
    found = (e.get("content") or "" for e in metas if (e.get("name") or "").lower() == name)
    return " ".join(next(found, "").split())
