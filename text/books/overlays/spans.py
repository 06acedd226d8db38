"""Spans with ids round the sentences of a page, whose own markup is kept.

While spans are set, every text of the page is an element of its own, so that a range of a page is a
run of siblings. Where a sentence begins or ends inside of an inline element, that element is split
in two of the same kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import NamedTuple

from lxml import etree

from text.books.pages.elements import BLOCKS, CELLS
from text.books.pages.markup import Element, local_name
from text.books.pages.origins import TextOrigin

XHTML = "http://www.w3.org/1999/xhtml"
_TEXT = "{urn:rhapsode:text}text"
"""Element that holds a text while spans are set."""
_SPLITTABLE = frozenset(
    [
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "cite",
        "code",
        "dfn",
        "em",
        "font",
        "i",
        "kbd",
        "mark",
        "s",
        "samp",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "u",
        "var",
    ]
)
"""Inline elements of which two make the same as one. Two ``q`` would have four quotation marks."""
_WHOLE = frozenset(("ruby", "rb", "rtc"))
"""Elements that take no span between their children."""
_NO_SPANS = frozenset(
    ["dl", "ol", "table", "tbody", "tfoot", "thead", "tr", "ul", "select", "hgroup"]
)
"""Elements whose children cannot be spans."""
_PLACES = ("id", "name", "role", "aria-label", "{http://www.idpf.org/2007/ops}type")
"""Attributes that the second half of a split element does not have."""


class PageRange(NamedTuple):
    """A sentence or word in a page."""

    first: TextOrigin
    """Where its first characters stand."""
    last: TextOrigin
    """Where its last ones do; ``length`` is the number of them."""


class PageSpans:
    """Sets spans into a page.

    Args:
        body: of the page; it is changed.
    """

    def __init__(self, body: Element) -> None:
        self._body = body
        self._root = body.getroottree().getroot()
        elements = list(self._root.iter("*"))
        self._ids = {value for e in elements for value in (e.get("id"), e.get("name")) if value}
        self._names = (f"s{number}" for number in count(1))
        self._rows: set[Element] = set()
        """Rows of tables that are shown as a whole."""
        self._texts: dict[tuple[Element, str], Element] = {}

    def mark(self, ranges: Sequence[PageRange | None]) -> list[str]:
        """Sets a span round each range.

        Args:
            ranges: in order, disjoint; None = the text has no place: the next range's is taken, or
                that of the body.

        Returns:
            the id of each.
        """
        self._separate_texts()
        # From the end: what is cut off a text lies behind all that is still to come.
        marked = [self._mark(one) if one is not None else None for one in reversed(ranges)]
        marked.reverse()
        self._join_texts()
        following = self._body
        elements = []
        for element in reversed(marked):
            following = element if element is not None else following
            elements.append(following)
        return [self._id_of(element) for element in reversed(elements)]

    def _mark(self, place: PageRange) -> Element | None:
        last = self._piece(place.last, ends=True)
        first = self._piece(place.first, ends=False)
        if first is None or last is None:
            return None
        if place.first.element is place.last.element and place.first.part == place.last.part:
            last = first
        if first is last and first.tag != _TEXT:
            return first
        span = self._enclose(first, last)
        if span is None:
            row = _common_parent(first, last)
            if row is not None and local_name(row) == "tr" and row not in self._rows:
                self._rows.add(row)
                return row
            span = self._enclose(first, first)
        return span

    def _piece(self, origin: TextOrigin, *, ends: bool) -> Element | None:
        """The element or text of an origin; a text is cut where the range ends, or begins."""
        if origin.part == "whole":
            return origin.element
        text = self._texts.get((origin.element, origin.part))
        if text is None:
            return None
        at = origin.at + origin.length if ends else origin.at
        content = text.text or ""
        if not ends and at >= len(content):
            return None  # another range has it
        if not 0 < at < len(content):
            return text
        rest = etree.Element(_TEXT)
        text.text, rest.text = content[:at], content[at:]
        text.addnext(rest)
        return text if ends else rest

    def _enclose(self, first: Element, last: Element) -> Element | None:
        """Sets a span round all from the first to the last; None = the markup does not allow it."""
        above = _common_parent(first, last)
        while above is not None and local_name(above) in _WHOLE:
            first = last = above
            above = above.getparent()
        if above is None or local_name(above) in _NO_SPANS:
            return None
        if not (_can_rise(first, above, ends=False) and _can_rise(last, above, ends=True)):
            return None
        if _holds_blocks(_child(first, above), _child(last, above)):
            return None
        last = _rise(last, above, ends=True)
        first = _rise(first, above, ends=False)
        span = etree.Element(f"{{{XHTML}}}span")
        above.insert(above.index(first), span)
        inside = [first]
        while inside[-1] is not last:
            following = inside[-1].getnext()
            if following is None:
                break
            inside.append(following)
        span.extend(inside)
        return span

    def _id_of(self, element: Element) -> str:
        name = element.get("id")
        if name is None:
            name = next(name for name in self._names if name not in self._ids)
            element.set("id", name)
        return name

    def _separate_texts(self) -> None:
        for element in list(self._body.iter("*")):
            if element.text:
                text = self._texts[element, "text"] = etree.Element(_TEXT)
                text.text, element.text = element.text, None
                element.insert(0, text)
            if element.tail and element is not self._body:
                text = self._texts[element, "tail"] = etree.Element(_TEXT)
                text.text, element.tail = element.tail, None
                element.addnext(text)

    def _join_texts(self) -> None:
        self._texts.clear()
        for text in list(self._body.iter(_TEXT)):
            parent, previous = text.getparent(), text.getprevious()
            assert parent is not None
            if previous is None:
                parent.text = (parent.text or "") + (text.text or "")
            else:
                previous.tail = (previous.tail or "") + (text.text or "")
            parent.remove(text)


def _common_parent(first: Element, last: Element) -> Element | None:
    above = set(first.iterancestors())
    return next((e for e in last.iterancestors() if e in above), None)


def _child(element: Element, above: Element) -> Element:
    """The child of an ancestor that holds an element."""
    parent = element.getparent()
    while parent is not None and parent is not above:
        element, parent = parent, parent.getparent()
    return element


def _can_rise(element: Element, above: Element, *, ends: bool) -> bool:
    """Whether all between an element and an ancestor can be split where the element is."""
    parent = element.getparent()
    while parent is not None and parent is not above:
        beyond = element.getnext() if ends else element.getprevious()
        if beyond is not None and local_name(parent) not in _SPLITTABLE:
            return False
        element, parent = parent, parent.getparent()
    return True


def _rise(element: Element, above: Element, *, ends: bool) -> Element:
    """Splits all between an element and an ancestor; returns the ancestor's child with it."""
    parent = element.getparent()
    while parent is not None and parent is not above:
        first = element.getnext() if ends else element
        if first is not None and first.getprevious() is not None:
            rest = parent.makeelement(parent.tag)
            for name, value in parent.items():
                if name not in _PLACES:
                    rest.set(name, value)
            rest.extend([first, *first.itersiblings()])
            parent.addnext(rest)
            element = parent if ends else rest
        else:
            element = parent
        parent = element.getparent()
    return element


def _holds_blocks(first: Element, last: Element) -> bool:
    node: Element | None = first
    while node is not None:
        if any(local_name(e) in BLOCKS or local_name(e) in CELLS for e in node.iter("*")):
            return True
        node = None if node is last else node.getnext()
    return False
