"""What kind of thing an element of a page is: a block, a heading, or something that is left out."""

from __future__ import annotations

import re
from collections.abc import Container

from text.books.pages.markup import Element, attributes, local_name
from text.books.pages.urls import resolve_url

HEADINGS = {f"h{n}": n for n in range(1, 7)}
_BLOCKS = """
    address article aside blockquote body caption center dd details dialog div dl dt fieldset
    figcaption figure footer form header hgroup hr legend li main menu nav ol p pre section summary
    table tbody tfoot thead tr ul
"""
BLOCKS = frozenset(_BLOCKS.split()) | set(HEADINGS)
"""Elements that begin and end a paragraph. Source: WHATWG HTML §15.3 (display: block)."""
CELLS = frozenset(("td", "th"))

BY_CHOICE = {
    "note": "notes",
    "aside": "asides",
    "code": "code",
    "table": "tables",
    "caption": "captions",
}
"""Kinds of ``Omissions`` that are read where ``ReadingOptions.include`` has them."""

_MEDIA = "audio video iframe object embed canvas map applet button input select textarea source"
_NOTES = """
    footnote footnotes endnote endnotes rearnote rearnotes doc-footnote doc-endnote doc-endnotes
"""
_CONTENTS = """
    toc toc-brief landmarks page-list loi lot loa lov index doc-toc doc-pagelist doc-index
"""
_BY_NAME = {
    **dict.fromkeys(("head", "script", "style", "link", "meta"), "script"),
    **dict.fromkeys(("template", "noscript", "title"), "script"),
    **dict.fromkeys(("img", "svg", "image"), "image"),
    **dict.fromkeys(("rt", "rp", "rtc"), "ruby"),
    **dict.fromkeys(("del", "s", "strike"), "deleted"),
    **dict.fromkeys(("figcaption", "caption"), "caption"),
    **dict.fromkeys(_MEDIA.split(), "media"),
    "math": "formula",
    "nav": "navigation",
    "table": "table",
    "aside": "aside",
}
_BY_MEANING = {
    **dict.fromkeys(("noteref", "backlink", "doc-noteref", "doc-backlink"), "note_reference"),
    **dict.fromkeys(_NOTES.split(), "note"),
    **dict.fromkeys(("pagebreak", "doc-pagebreak"), "page_number"),
    **dict.fromkeys(_CONTENTS.split(), "contents"),
    **dict.fromkeys(("navigation", "contentinfo", "search"), "navigation"),
    **dict.fromkeys(("complementary", "sidebar"), "aside"),
    "deletion": "deleted",
}
"""Source: EPUB 3 Structural Semantics Vocabulary 1.1; Digital Publishing WAI-ARIA 1.0; WAI-ARIA
1.2 §5.3.4 (landmarks)."""
_BY_CLASS = {
    **dict.fromkeys(("footnote", "footnotes", "endnote", "endnotes"), "note"),
    **dict.fromkeys(("fnanchor",), "note_reference"),
    **dict.fromkeys(
        ("pagenum", "pageno", "pagenumber", "page-number", "x-ebookmaker-pageno"), "page_number"
    ),
    **dict.fromkeys(("pg-boilerplate",), "boilerplate"),
}
"""Names that Project Gutenberg's books and their descendants use."""
_BY_ID = {"pg-header": "boilerplate", "pg-footer": "boilerplate"}

_PAGE = r"p(?:age|g)?\.?\s*"
_NUMERAL = r"(?:\d{1,4}|[ivxlc]{1,8})"
_PAGE_NUMBER = re.compile(
    rf"(?:{_PAGE})?{_NUMERAL}|[\[({{]\s*(?:{_PAGE})?{_NUMERAL}\s*[\])}}]", re.I
)
"""What the number of a printed page looks like where its class or id says that it is one."""
_MARKED_PAGE_NUMBER = re.compile(rf"[\[{{]\s*{_PAGE}{_NUMERAL}\s*[\]}}]", re.IGNORECASE)
"""What can only be one: a number in brackets after "page"."""
_PAGE_NAME = re.compile(
    r"(?:^|[\s_-])(?:page|pg|pb|folio)(?:num|nr|no|number|break)?s?(?=$|[\s_\d-])", re.IGNORECASE
)
_PAGE_ID = re.compile(r"p(?:g|age)?[_-]?0*(\d{1,4})", re.IGNORECASE)
LONGEST_PAGE_NUMBER = 16
"""Characters of a page number with its brackets."""
_PARAGRAPH_NUMBER = re.compile(r"[\[(§#]?\s*\d{1,4}[a-z]?\s*[\]).:]?", re.IGNORECASE)
_PERMALINK = frozenset("¶§#∞¤🔗")
_CODE_NAME = re.compile(r"code|listing|program|screen|console|terminal|highlight|\blang", re.I)
_CODE_ELEMENTS = frozenset(("code", "kbd", "samp", "tt"))


def kind_left_out(element: Element, name: str, include: Container[str] = ()) -> str | None:
    """Returns the kind of ``Omissions`` an element is of, None = it is read.

    Args:
        element: with its attributes.
        name: its local name.
        include: what is read of what could be left out (``ReadingOptions.include``).
    """
    kind = _kind(element, name)
    if kind == "table" and _is_layout(element):
        return None  # it arranges the page
    return None if kind in BY_CHOICE and BY_CHOICE[kind] in include else kind


def _kind(element: Element, name: str) -> str | None:
    kind = _BY_NAME.get(name)
    if kind is None or kind in BY_CHOICE:
        kind = _by_attributes(element) or kind
    if kind is None and name == "pre" and _is_code(element):
        kind = "code"
    if kind is None and _is_body_footer(element, name):
        kind = "navigation"
    if kind is None and is_page_number(element, name):
        kind = "page_number"
    if kind is None and (element.get("hidden") is not None or element.get("aria-hidden") == "true"):
        kind = "hidden"
    return kind


def _by_attributes(element: Element) -> str | None:
    kind = next((_BY_MEANING[m] for m in meanings(element) if m in _BY_MEANING), None)
    if kind is None:
        classes = (element.get("class") or "").lower().split()
        kind = next((_BY_CLASS[c] for c in classes if c in _BY_CLASS), None)
    return kind or _BY_ID.get(element.get("id") or "")


def meanings(element: Element) -> list[str]:
    """Returns the tokens of epub:type and role, in lower case."""
    ends = ("}type", ":type")
    values = [v for key, v in attributes(element) if key == "role" or key.endswith(ends)]
    return " ".join(values).lower().split()


def is_page_number(element: Element, name: str) -> bool:
    """Returns whether an element holds the number of a page of the printed book, and no more.

    Args:
        element: with its attributes.
        name: its local name.
    """
    text = _short_text(element, LONGEST_PAGE_NUMBER)
    if not text or not _PAGE_NUMBER.fullmatch(text):
        return False
    if _MARKED_PAGE_NUMBER.fullmatch(text):
        return True
    names = " ".join(element.get(key) or "" for key in ("class", "id", "name"))
    numbered = name not in BLOCKS and _PAGE_ID.fullmatch(element.get("id") or "")
    if numbered and numbered.group(1) in text:
        return True
    return name not in HEADINGS and bool(_PAGE_NAME.search(names))


def is_paragraph_number(link: Element, path: str) -> bool:
    """Returns whether a link is a mark that leads to the paragraph it stands in.

    Args:
        link: an ``a`` element.
        path: of the page, against which its reference is resolved.
    """
    text = _short_text(link, LONGEST_PAGE_NUMBER)
    target, fragment = resolve_url(path, link.get("href") or "")
    if not text or target != path or not fragment:
        return False
    if text in _PERMALINK:
        return True
    if not _PARAGRAPH_NUMBER.fullmatch(text):
        return False
    before = link.getprevious()
    around: list[Element] = [link] if before is None else [before, link]
    for above in link.iterancestors():
        around.append(above)
        if local_name(above) in BLOCKS:
            break
    return any(fragment in (e.get("id"), e.get("name")) for e in around)


def _short_text(element: Element, limit: int) -> str:
    """The text of an element, or nothing where it is longer."""
    pieces: list[str] = []
    length = 0
    for piece in element.itertext():
        pieces.append(str(piece))
        length += len(piece)
        if length > 4 * limit:
            return ""
    text = " ".join("".join(pieces).split())
    return text if len(text) <= limit else ""


def _is_code(element: Element) -> bool:
    if any(local_name(child) in _CODE_ELEMENTS for child in element):
        return True
    return bool(_CODE_NAME.search(element.get("class") or ""))


def _is_layout(table: Element) -> bool:
    """Whether a table arranges a page: it says so, or no row of it has two cells."""
    if table.get("role") in ("presentation", "none"):
        return True
    rows = (e for e in table.iter("*") if local_name(e) == "tr")
    return all(sum(local_name(cell) in CELLS for cell in row) < 2 for row in rows)


def _is_body_footer(element: Element, name: str) -> bool:
    """Source: HTML Accessibility API Mappings 1.0: a body's footer is contentinfo."""
    parent = element.getparent()
    return name == "footer" and parent is not None and local_name(parent) == "body"
