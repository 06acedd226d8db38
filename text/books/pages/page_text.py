"""A page's body as paragraphs, with the places its ids stand for."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, field

from text.books.blocks import TextBlock
from text.books.characters import clean
from text.books.omissions import Omissions
from text.books.pages.elements import BLOCKS, CELLS, HEADINGS, kind_left_out
from text.books.pages.markup import Element, local_name

_SPACES = re.compile(r"[ \t\r\n\f]+")
_SUPERSCRIPT = str.maketrans("0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")
_POWER = re.compile(r"[0-9+−-]+")
_AFTER_NOTED = re.compile(r"(?:[^\W\d_]{4}|[.,;:!?”’\"')\]])$")
"""After a word or its stop a raised number is a note's; after a unit or a sign it is a power."""
_INITIAL = re.compile(r"[\"'“‘«]?[A-Za-zÀ-ÖØ-Þ]")
"""Alternative text of a picture of a first letter."""


@dataclass(slots=True)
class PageText:
    """A page as read.

    Attributes:
        blocks: in order, none empty.
        anchors: id → (index into ``blocks``, offset in its text); may point at the end.
        notes: whether notes were left out of it.
    """

    blocks: list[TextBlock] = field(default_factory=list)
    anchors: dict[str, tuple[int, int]] = field(default_factory=dict)
    notes: bool = False


def read_page(
    body: Element, references: Container[Element], notes: Container[Element], omissions: Omissions
) -> PageText:
    """Reads a page.

    Args:
        body: its element.
        references, notes: elements known to be such (``find_notes``).
        omissions: learns what is left out.
    """
    reader = _PageReader(references, notes, omissions)
    reader.inside(body)
    reader.end_block()
    return reader.text


class _PageReader:
    def __init__(
        self, references: Container[Element], notes: Container[Element], omissions: Omissions
    ) -> None:
        self.text = PageText()
        self._references, self._notes, self._omissions = references, notes, omissions
        self._parts: list[str] = []
        self._length = self._linked = self._level = 0
        self._links = self._preformatted = 0

    def inside(self, element: Element) -> None:
        """Text and children of an element, and what follows each child."""
        self._say(element.text)
        for child in element:
            self._element(child)
            self._say(child.tail)

    def _element(self, element: Element) -> None:
        name = local_name(element)
        for identifier in (element.get("id"), element.get("name") if name == "a" else None):
            if identifier:
                place = (len(self.text.blocks), self._length)
                self.text.anchors.setdefault(identifier, place)
        kind = self._left_out(element, name)
        if kind:
            self._leave_out(element, kind)
        elif name == "br":
            self._break_line()
        elif name in BLOCKS:
            self._block(element, name)
        elif name in CELLS:
            self._cell(element)
        elif name:
            self._inline(element, name)

    def _left_out(self, element: Element, name: str) -> str | None:
        if element in self._references:
            return "note_reference"
        if element in self._notes:
            return "note"
        return kind_left_out(element, name)

    def _leave_out(self, element: Element, kind: str) -> None:
        alternative = (element.get("alt") or "").strip()
        if kind == "image" and _INITIAL.fullmatch(alternative) and self._starts_a_word(element):
            self._say(alternative)
            return
        text = "" if kind in ("script", "image") else " ".join(map(str, element.itertext()))
        self._omissions.leave_out(kind, text)
        self.text.notes |= kind == "note"
        if local_name(element) in BLOCKS:
            self.end_block()

    def _starts_a_word(self, element: Element) -> bool:
        return not self._length and (element.tail or "")[:1].isalpha()

    def _block(self, element: Element, name: str) -> None:
        self.end_block()
        level, self._level = self._level, HEADINGS.get(name, self._level)
        self._preformatted += name == "pre"
        self.inside(element)
        self.end_block()
        self._preformatted -= name == "pre"
        self._level = level

    def _cell(self, element: Element) -> None:
        last = self._last()
        if last:
            self._say(", " if last.isalnum() else " ")
        self.inside(element)

    def _inline(self, element: Element, name: str) -> None:
        linked = name == "a" and ":" not in (element.get("href") or ":")
        text = element.text or ""
        self._links += linked
        raised = name == "sup" and not len(element) and _POWER.fullmatch(text)
        if raised and _AFTER_NOTED.search("".join(self._parts[-3:])):
            self._leave_out(element, "note_reference")
        elif raised and self._last():
            self._say(text.translate(_SUPERSCRIPT))
        else:
            self.inside(element)
        self._links -= linked

    def _last(self) -> str:
        return self._parts[-1][-1:] if self._parts else ""

    def _say(self, text: str | None) -> None:
        if not text:
            return
        text = clean(text, self._omissions)
        if self._preformatted:
            lines = text.split("\n")
            self._append(lines[0])
            for line in lines[1:]:
                self._break_line()
                self._append(line)
        else:
            self._append(text)

    def _append(self, text: str) -> None:
        text = _SPACES.sub(" ", text)
        if self._last() in ("", " ", "\n"):
            text = text.lstrip(" ")
        if text:
            self._parts.append(text)
            self._length += len(text)
            if self._links:
                self._linked += sum(map(str.isalnum, text))

    def _break_line(self) -> None:
        """The second of two ends the paragraph."""
        if self._last() == " ":
            self._parts[-1] = self._parts[-1][:-1]
            self._length -= 1
        if self._last() == "\n":
            self.end_block()
        elif self._length:
            self._parts.append("\n")
            self._length += 1

    def end_block(self) -> None:
        """Ends the paragraph, if one is open."""
        text = "".join(self._parts).rstrip(" \n")
        if text.strip():
            self.text.blocks.append(TextBlock(text, self._level, self._linked))
        self._parts = []
        self._length = self._linked = 0
