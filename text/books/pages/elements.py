"""What kind of thing an element of a page is: a block, a heading, or out of a listener's way."""

from __future__ import annotations

import re

from text.books.pages.markup import Element, attributes

HEADINGS = {f"h{n}": n for n in range(1, 7)}
_BLOCKS = """
    address article aside blockquote body caption center dd details dialog div dl dt fieldset
    figcaption figure footer form header hgroup hr legend li main menu nav ol p pre section summary
    table tbody tfoot thead tr ul
"""
BLOCKS = frozenset(_BLOCKS.split()) | set(HEADINGS)
"""Elements that begin and end a paragraph. Source: WHATWG HTML §15.3 (display: block)."""
CELLS = frozenset(("td", "th"))

_MEDIA = "audio video iframe object embed canvas map applet button input select textarea source"
_NOTES = """
    footnote footnotes endnote endnotes rearnote rearnotes doc-footnote doc-endnote doc-endnotes
"""
_CONTENTS = """
    toc toc-brief landmarks page-list loi lot loa lov index doc-toc doc-pagelist doc-index
"""
_BY_NAME = {
    **dict.fromkeys(("script", "style", "link", "meta", "template", "noscript", "title"), "script"),
    **dict.fromkeys(("img", "svg", "image"), "image"),
    **dict.fromkeys(("rt", "rp", "rtc"), "ruby"),
    **dict.fromkeys(_MEDIA.split(), "media"),
    "math": "formula",
    "nav": "navigation",
}
_BY_MEANING = {
    **dict.fromkeys(("noteref", "backlink", "doc-noteref", "doc-backlink"), "note_reference"),
    **dict.fromkeys(_NOTES.split(), "note"),
    **dict.fromkeys(("pagebreak", "doc-pagebreak"), "page_number"),
    **dict.fromkeys(_CONTENTS.split(), "contents"),
}
"""Source: EPUB 3 Structural Semantics Vocabulary 1.1; Digital Publishing WAI-ARIA 1.0."""
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
_UNSEEN = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)


def kind_left_out(element: Element, name: str) -> str | None:
    """The kind of ``Omissions`` an element is of, None = it is read.

    Args:
        element: with its attributes.
        name: its local name.
    """
    kind = _BY_NAME.get(name)
    if kind is None:
        kind = next((_BY_MEANING[m] for m in meanings(element) if m in _BY_MEANING), None)
    if kind is None:
        classes = (element.get("class") or "").lower().split()
        kind = next((_BY_CLASS[c] for c in classes if c in _BY_CLASS), None)
    kind = kind or _BY_ID.get(element.get("id") or "")
    if kind is None and name == "aside":
        kind = "aside"
    return "hidden" if kind is None and _is_hidden(element) else kind


def meanings(element: Element) -> list[str]:
    """Tokens of epub:type and role, in lower case."""
    ends = ("}type", ":type")
    values = [v for key, v in attributes(element) if key == "role" or key.endswith(ends)]
    return " ".join(values).lower().split()


def _is_hidden(element: Element) -> bool:
    if element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return True
    return bool(_UNSEEN.search(element.get("style") or ""))
