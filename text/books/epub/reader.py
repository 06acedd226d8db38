"""EPUB 2 and 3 to a book."""

from __future__ import annotations

from core.book import Book
from core.errors import FieldError
from text.books.epub.chapters import cut_chapters, leave_out_contents
from text.books.epub.flow import read_flow
from text.books.epub.markup import Element, parse_page
from text.books.epub.notes import find_notes
from text.books.epub.package import Page, read_package
from text.books.omissions import Omissions


def read_epub(data: bytes, name: str) -> Book:
    """Reads an EPUB in the order of its spine, cut by its table of contents.

    Args:
        data: the file.
        name: title where the metadata has none.

    Raises:
        FieldError: broken, unsafe, protected, or without text.
    """
    omissions = Omissions()
    package = read_package(data, omissions)
    bodies = _bodies(package.pages, omissions)
    references, notes = find_notes(bodies)
    flows = {path: read_flow(body, references, notes, omissions) for path, body in bodies.items()}
    for flow in flows.values():
        leave_out_contents(flow, omissions)
    chapters = cut_chapters(flows, package.entries, package.title, omissions)
    if not chapters:
        raise FieldError("file", "the EPUB holds no text to speak", code="unspeakable_text")
    return Book(
        title=package.title or name,
        authors=package.authors,
        language=package.language,
        chapters=chapters,
        cover=package.cover,
        notices=omissions.notices(),
    )


def _bodies(pages: tuple[Page, ...], omissions: Omissions) -> dict[str, Element]:
    bodies = {}
    for page in pages:
        body = parse_page(page.data, page.path, omissions) if page.data else None
        if body is None:
            omissions.remark("page_empty", f"{page.path} has nothing to read")
        else:
            bodies[page.path] = body
    return bodies
