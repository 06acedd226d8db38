"""A page's body as paragraphs, with the places its ids stand for."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Literal

from core.book import ReadingOptions
from text.books.blocks import SCENE_BREAK, TextBlock
from text.books.characters import clean
from text.books.omissions import Omissions
from text.books.pages.elements import (
    BLOCKS,
    CELLS,
    HEADINGS,
    is_paragraph_number,
    kind_left_out,
)
from text.books.pages.formulas import formula_text, is_formula_picture
from text.books.pages.markup import Element, attribute, local_name, text_of
from text.books.pages.origins import RawText, TextOrigin, moved_origins
from text.books.pages.raised import is_note_mark, raised_text, verse_numbers
from text.books.pages.stylesheet import PageStyle
from text.books.pages.urls import resolve_url
from text.books.plain_text.headings import is_heading
from text.lexicons import WrittenEntry
from text.segmentation.scene_breaks import is_scene_break

_SPACES = re.compile(r"((?<=[^\W\d_]-)[ \t\r\f]*\n[ \t\r\n\f]*(?=[a-z]))|[ \t\r\n\f]+")
"""White space; the group is a line's end in the file behind a hyphen, where a word may go on."""
_INITIAL = re.compile(r"[\"'“‘«]?[A-Za-zÀ-ÖØ-Þ]")
"""Alternative text of a picture of a first letter."""
_ORNAMENT = re.compile(
    r"(?:(?:scene|section|text|chapter|decorative|ornamental) )?"
    r"(?:break|divider|separator|ornament|decoration|fleuron|flourish|vignette|dinkus|asterism"
    r"|tailpiece|headpiece|rule|line|border)s?|decorative\b.{0,60}|[\W_]*",
    re.IGNORECASE,
)
"""Alternative text of a picture that shows nothing."""
_SPACED = re.compile(r"(?:[^\W_] )*[^\W_]")
"""Letters and digits with a blank between each and the next."""
_LEADING_ZEROS = re.compile(r"^0+(?=[1-9]\d{0,2}(?:[.:)]?(?:\s|$)))")
"""Of a chapter's number: a file's name more than a heading."""
LONGEST_HINT = 200
"""Characters of a word or its pronunciation."""
_QUOTES = (("“", "”"), ("‘", "’"))


@dataclass(slots=True)
class PageText:
    """A page as read.

    Attributes:
        blocks: in order, none empty.
        anchors: id → (index into ``blocks``, offset in its text); may point at the end.
        pronunciations: words and how they are pronounced (``ssml:ph``), as the page has them.
        notes: whether notes were left out of it.
        pictures: number of pictures that were left out of it.
    """

    blocks: list[TextBlock] = field(default_factory=list)
    anchors: dict[str, tuple[int, int]] = field(default_factory=dict)
    pronunciations: list[WrittenEntry] = field(default_factory=list)
    notes: bool = False
    pictures: int = 0


@dataclass(frozen=True, slots=True)
class PageContext:
    """What is known of a page before it is read.

    Attributes:
        path: of the page, against which its references are resolved.
        style: what its style sheets say.
        references, notes: elements known to be such (``find_notes``).
        options: what is read of what could be left out.
        keep_origins: whether blocks say where their characters stand.
    """

    path: str = ""
    style: PageStyle = field(default_factory=PageStyle)
    references: Container[Element] = ()
    notes: Container[Element] = ()
    options: ReadingOptions = field(default_factory=ReadingOptions)
    keep_origins: bool = False


def read_page(body: Element, context: PageContext, omissions: Omissions) -> PageText:
    """Reads a page.

    Args:
        body: its element.
        context: what is known of the page.
        omissions: counts what is left out.
    """
    reader = _PageReader(body, context, omissions)
    reader.read_children(body)
    reader.end_block()
    return reader.page


class _PageReader:
    def __init__(self, body: Element, context: PageContext, omissions: Omissions) -> None:
        self.page = PageText()
        self._context, self._omissions = context, omissions
        self._verses = verse_numbers(body)
        self._parts: list[str] = []
        self._origins: list[TextOrigin] = []
        self._targets: list[tuple[str, str]] = []
        self._length = self._linked = self._level = 0
        self._links = self._preformatted = self._quotes = 0
        self._prefix = ""
        self._numbers: dict[Element, int] = {}
        """Of ordered lists: number of the last item."""
        self._blank_heading = False
        self._ornaments = self._pictures = 0

    def read_children(self, element: Element) -> None:
        """Reads text and children of an element, and what follows each child."""
        self._add_text(element.text, element, "text")
        for child in element:
            self._read_element(child)
            self._add_text(child.tail, child, "tail")

    def _read_element(self, element: Element) -> None:
        name = local_name(element)
        self._add_anchor(element, name)
        if hint := attribute(element, "ph"):
            self._add_pronunciation(element, hint)
        kind = self._kind_left_out(element, name)
        if kind:
            self._leave_out(element, kind)
        elif name == "br":
            self._break_line()
        elif name == "hr":
            self.end_block()
            self._add_scene_break()
        elif name in BLOCKS:
            self._read_block(element, name)
        elif name in CELLS:
            self._read_cell(element)
        elif name == "switch":
            self._read_switch(element)
        elif name == "q":
            self._read_quotation(element)
        elif name in ("sup", "sub"):
            self._read_raised(element, name)
        elif name:
            self._read_inline(element, name)

    def _add_pronunciation(self, element: Element, hint: str) -> None:
        """Source: EPUB 3.3 §D.2 (ssml:ph, ssml:alphabet, which is inherited)."""
        around = (element, *element.iterancestors())
        alphabets = (attribute(above, "alphabet") for above in around)
        word = " ".join(text_of(element).split())
        if 0 < len(word) <= LONGEST_HINT and len(hint) <= LONGEST_HINT:
            alphabet = next(filter(None, alphabets), "ipa").lower()
            pronunciation = " ".join(hint.split())
            self.page.pronunciations.append(WrittenEntry(word, pronunciation, None, alphabet))

    def _add_anchor(self, element: Element, name: str) -> None:
        for identifier in (element.get("id"), element.get("name") if name == "a" else None):
            if identifier:
                place = (len(self.page.blocks), self._length)
                self.page.anchors.setdefault(identifier, place)

    def _add_anchors(self, element: Element) -> None:
        """Links may lead into what is left out: they lead to its place."""
        for inner in element.iter("*"):
            self._add_anchor(inner, local_name(inner))

    def _kind_left_out(self, element: Element, name: str) -> str | None:
        context = self._context
        if element in context.references:
            return "note_reference"
        if element in context.notes:
            return None if "notes" in context.options.include else "note"
        if element in context.style.hidden:
            return "hidden"
        if name == "a" and is_paragraph_number(element, context.path):
            return "paragraph_number"
        return kind_left_out(element, name, context.options.include)

    def _leave_out(self, element: Element, kind: str) -> None:
        if words := self._alternative(element, kind):
            self._add_text(words, element, "whole")
            return
        self._add_anchors(element)
        text = "" if kind in ("script", "image") else " ".join(map(str, element.itertext()))
        self._omissions.leave_out(kind, text)
        self.page.notes |= kind == "note"
        if kind == "image":
            self.page.pictures += 1
            self._pictures += 1
            self._ornaments += bool(_ORNAMENT.fullmatch(_alt(element)))
        if local_name(element) in BLOCKS:
            self.end_block()

    def _alternative(self, element: Element, kind: str) -> str:
        """Words for a picture or formula that is part of the text; empty = there are none."""
        if kind == "formula" or (kind == "image" and is_formula_picture(element)):
            return formula_text(element)
        words = _alt(element)
        if kind != "image" or not words:
            return ""
        if _INITIAL.fullmatch(words) and not self._length and (element.tail or "")[:1].isalpha():
            return words
        if self._blank_heading and not _ORNAMENT.fullmatch(words):
            return words
        alone = not self._length and not (element.tail or "").strip()
        return words if alone and not self._level and is_heading(words) else ""

    def _read_block(self, element: Element, name: str) -> None:
        self.end_block()
        level, self._level = self._level, HEADINGS.get(name, self._level)
        blank_heading = self._blank_heading
        if name in HEADINGS:
            self._blank_heading = not text_of(element).strip()
        self._preformatted += name == "pre"
        if name == "li":
            self._prefix = self._item_number(element)
        self.read_children(element)
        self.end_block()
        self._prefix = ""
        self._preformatted -= name == "pre"
        self._level, self._blank_heading = level, blank_heading

    def _item_number(self, item: Element) -> str:
        """Returns the number of an item of an ordered list; empty = none is displayed.

        Roman numerals become digits: a listener takes "i." for a letter. Source: WHATWG HTML
        §4.4.8: value, else one more than the item before, from start.
        """
        parent = item.getparent()
        if parent is None or local_name(parent) != "ol":
            return ""
        start = _integer(parent.get("start"))
        following = self._numbers.get(parent, (1 if start is None else start) - 1) + 1
        own = _integer(item.get("value"))
        number = self._numbers[parent] = following if own is None else own
        if item in self._context.style.unnumbered or parent in self._context.style.unnumbered:
            return ""
        if (item.get("type") or parent.get("type")) in ("a", "A") and 1 <= number <= 26:
            return f"{chr(ord('A') + number - 1)}."
        return f"{number}."

    def _read_cell(self, element: Element) -> None:
        last = self._last()
        if last:
            self._add_text(", " if last.isalnum() else " ")
        self.read_children(element)

    def _read_switch(self, element: Element) -> None:
        """Reads one of several forms of the same. Source: EPUB 3.0 §2.6 (epub:switch)."""
        forms = {local_name(child): child for child in reversed(element)}
        chosen = forms.get("default", forms.get("case"))
        if chosen is not None:
            self.read_children(chosen)

    def _read_quotation(self, element: Element) -> None:
        """Browsers set the quotes of a ``q``, unless a text has them already."""
        marked = text_of(element).lstrip()[:1] in ("“", "‘", '"', "'", "«", "„")
        opened, closed = ("", "") if marked else _QUOTES[self._quotes % 2]
        self._add_text(opened)
        self._quotes += 1
        self.read_children(element)
        self._quotes -= 1
        self._add_text(closed)

    def _read_raised(self, element: Element, name: str) -> None:
        before = "".join(self._parts[-3:])
        if element in self._verses:
            self._leave_out(element, "paragraph_number")
        elif name == "sup" and is_note_mark(element, before):
            self._leave_out(element, "note_reference")
        elif text := raised_text(element, name, before):
            self._add_text(text, element, "whole")
        else:
            self.read_children(element)

    def _read_inline(self, element: Element, name: str) -> None:
        href = element.get("href") if name == "a" else None
        linked = href is not None and ":" not in href
        if linked:
            self._targets.append(resolve_url(self._context.path, href or ""))
        self._links += linked
        self.read_children(element)
        self._links -= linked

    def _last(self) -> str:
        return self._parts[-1][-1:] if self._parts else ""

    def _add_text(
        self,
        text: str | None,
        element: Element | None = None,
        part: Literal["text", "tail", "whole"] = "text",
    ) -> None:
        """Adds a text; the element and its part say where it stands, None = nowhere."""
        if not text:
            return
        kept = element is not None and self._context.keep_origins
        raw = RawText(element, part, text) if element is not None and kept else None
        text = clean(text, self._omissions)
        if self._preformatted:
            lines = text.split("\n")
            self._append(lines[0], raw)
            for line in lines[1:]:
                self._break_line()
                self._append(line, raw)
        else:
            self._append(text, raw)

    def _append(self, text: str, raw: RawText | None) -> None:
        text = _SPACES.sub(lambda spaces: "\n" if spaces.group(1) else " ", text)
        if self._last() in ("", " ", "\n"):
            text = text.lstrip(" ")
        if not text:
            return
        if raw is not None:
            start = self._length + (len(self._prefix) + 1 if self._prefix else 0)
            self._origins += raw.origins(text, start)
        if self._prefix:
            text, self._prefix = f"{self._prefix} {text}", ""
        self._parts.append(text)
        self._length += len(text)
        if self._links:
            self._linked += sum(map(str.isalnum, text))

    def _break_line(self) -> None:
        """Breaks the line; the second of two breaks ends the paragraph."""
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
        if is_scene_break(text):
            self._add_scene_break()
        elif text.strip():
            read = _LEADING_ZEROS.sub("", _unspaced(text)) if self._level else text
            origins = self._origins
            if read != text:
                origins = moved_origins(origins, text, read)
            block = TextBlock(read, self._level, self._linked, tuple(self._targets), origins)
            self.page.blocks.append(block)
        elif self._ornaments and self._ornaments == self._pictures:
            self._add_scene_break()
        self._parts, self._targets, self._origins = [], [], []
        self._length = self._linked = 0
        self._ornaments = self._pictures = 0

    def _add_scene_break(self) -> None:
        self.page.blocks.append(TextBlock(SCENE_BREAK))


def _alt(element: Element) -> str:
    """Alternative text of a picture, on one line."""
    return " ".join((element.get("alt") or element.get("aria-label") or "").split())


def _integer(value: str | None) -> int | None:
    digits = (value or "").strip()
    return int(digits) if digits and len(digits) < 7 and digits.lstrip("-").isdecimal() else None


def _unspaced(heading: str) -> str:
    """A heading without the blanks that letters are spaced by; wider gaps part its words.

    >>> _unspaced("C H A P T E R   O N E"), _unspaced("Part A B")
    ('CHAPTER ONE', 'Part A B')
    """
    pieces = [piece for piece in re.split(r"\s{2,}|\u00a0", heading) if piece]
    if not all(_SPACED.fullmatch(piece) for piece in pieces) or max(map(len, pieces)) < 7:
        return heading
    return " ".join(piece.replace(" ", "") for piece in pieces)
