"""Notes that a book links by hand, without saying that they are notes.

A reference is a short mark (digits, a letter, a star), raised, in brackets or without a space
after its word, that leads elsewhere in the book from within a paragraph; the note is the paragraph,
list item or row that begins where it leads, with the same mark or in a list. What is not surely a
note stays.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping

from text.books.pages.elements import BLOCKS, CELLS, HEADINGS
from text.books.pages.markup import Element, local_name, text_of
from text.books.pages.urls import resolve_url

_MARK = re.compile(r"([\[(]?)\s*(\d{1,4}|[ivxlc]{1,6}|[A-Za-z]|[*†‡§‖¶]{1,4})\s*([\])]?)")
_NAMED = re.compile(r"(?:foot|end)?note|\bfn|\bref|sup", re.IGNORECASE)
_WHOLE = frozenset(("li", "dd", "aside", "tr"))
"""What a note fills alone."""
MOST_PIECES = 200
"""Of empty markup before a note; where there is more it is taken for text."""
LONGEST_NOTE = 20_000
"""Characters; what is longer is a chapter that somebody linked to."""


def find_notes(pages: Mapping[str, Element]) -> tuple[set[Element], set[Element]]:
    """References and notes of a whole book.

    Args:
        pages: bodies by path.

    Returns:
        elements that are references, elements that are notes.
    """
    targets = {
        (path, identifier): element
        for path, body in pages.items()
        for element in body.iter("*")
        for identifier in {element.get("id"), element.get("name")} - {None}
    }
    references: set[Element] = set()
    led: dict[Element, str] = {}
    for path, body in pages.items():
        for link in (e for e in body.iter("*") if local_name(e) == "a" and e.get("href")):
            mark = _mark(link)
            target = targets.get(resolve_url(path, link.get("href") or "")) if mark else None
            if target is None or not _leads_away(link, target):
                continue
            references.add(link)
            led[target] = mark
    seen: set[Element] = set()
    notes = (_note(target, mark, led.keys(), seen) for target, mark in led.items())
    return references, {element for found in notes for element in found}


def _mark(link: Element) -> str:
    """The bare mark of a reference, or nothing."""
    text = text_of(link).strip()
    found = _MARK.fullmatch(text)
    if not found:
        return ""
    opened, mark, closed = found.groups()
    marked = (opened and closed) or not mark.isalnum() or _is_raised(link)
    if not marked and mark.isdigit():
        before = next(filter(None, _before(link, _block(link))), " ")
        marked = not before[-1].isspace()
    return mark if marked else ""


def _is_raised(link: Element) -> bool:
    parent = link.getparent()
    around = [*link.iter("*"), *([] if parent is None else [parent])]
    return any(local_name(e) == "sup" or "super" in (e.get("style") or "") for e in around) or bool(
        _NAMED.search(link.get("class") or "")
    )


def _leads_away(link: Element, target: Element) -> bool:
    """From within a paragraph, to another one that is no heading."""
    here, there = _block(link), _block(target)
    return here is not there and local_name(there) not in HEADINGS and _follows_text(link, here)


def _note(
    target: Element, mark: str, targets: Container[Element], seen: set[Element]
) -> list[Element]:
    block = _block(target)
    if block in seen or _follows_text(target, block):
        return []
    seen.add(block)
    block = _filled(block, target)
    text = text_of(block).strip()
    name = local_name(block)
    labelled = text.lstrip("[(").startswith(mark) or name in _WHOLE
    named = bool(_NAMED.search(f"{block.get('id') or ''} {block.get('class') or ''}"))
    holds = (
        name in _WHOLE
        or name in ("p", "dt")
        or (name == "div" and _is_alone(block, target, targets))
    )
    if not holds or not (labelled or named) or len(text) > LONGEST_NOTE:
        return []
    return [block, *_definitions(block)] if name == "dt" else [block]


def _filled(block: Element, target: Element) -> Element:
    """The list item, definition or row that begins with a block, else the block."""
    for above in block.iterancestors():
        name = local_name(above)
        if (name not in _WHOLE and name not in CELLS) or _follows_text(target, above):
            break
        if name in _WHOLE:
            block = above
    return block


def _is_alone(block: Element, target: Element, targets: Container[Element]) -> bool:
    inside = [e for e in block.iter("*") if e is not target]
    return not any(e in targets or local_name(e) in HEADINGS for e in inside)


def _definitions(term: Element) -> list[Element]:
    found = []
    for sibling in term.itersiblings("*"):
        if local_name(sibling) != "dd":
            break
        found.append(sibling)
    return found


def _block(element: Element) -> Element:
    """The nearest block around an element, or itself."""
    while local_name(element) not in BLOCKS:
        parent = element.getparent()
        if parent is None:
            break
        element = parent
    return element


def _follows_text(element: Element, block: Element) -> bool:
    """Whether the block has text before an element in it."""
    for looked, piece in enumerate(_before(element, block)):
        if piece.strip() or looked > MOST_PIECES:
            return True
    return False


def _before(element: Element, block: Element) -> Iterator[str]:
    """Text of the block before an element in it, piece by piece, the nearest first."""
    while element is not block:
        for sibling in element.itersiblings(preceding=True):
            yield sibling.tail or ""
            yield text_of(sibling)
        parent = element.getparent()
        if parent is None:
            return
        yield parent.text or ""
        element = parent
