"""Word documents (DOCX) to a book: chapters by the heading styles.

Source: ECMA-376 part 1 §17 (WordprocessingML), part 2 (packages). Headers, footers, comments and
text boxes lie in other files or are pictures to Word: they are not read.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from core.book import Book, BookMetadata, ReadingOptions
from core.errors import FieldError
from text.books.archive import Archive
from text.books.blocks import TextBlock, chapters_at_headings, title_in
from text.books.characters import clean
from text.books.omissions import Omissions
from text.books.pages.markup import Element, attribute, local_name, parse_xml, text_of

DOCUMENT = "word/document.xml"
MAX_DOCUMENT_BYTES = 40 * 2**20
"""Of the document's XML."""
LONGEST_CHAIN = 20
"""Styles that are based on each other."""
_HEADING = re.compile(r"heading ([1-9])", re.IGNORECASE)
_CONTENTS = re.compile(r"toc (?:\d|heading)|table of figures", re.IGNORECASE)
_RAISED = str.maketrans("0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")
_LEFT_OUT = {
    "del": "deleted",
    "movefrom": "deleted",
    "drawing": "image",
    "pict": "image",
    "object": "media",
    "omath": "formula",
    "omathpara": "formula",
    "footnotereference": "note_reference",
    "endnotereference": "note_reference",
}


@dataclass(frozen=True, slots=True)
class WordStyle:
    """A style of paragraphs.

    Attributes:
        name: as Word shows it.
        level: of a heading, 1 to 9; 0 = none.
    """

    name: str
    level: int


@dataclass(slots=True)
class WordNumbering:
    """Numbers of list items.

    Attributes:
        formats: by list and level: decimal, upperLetter, bullet, …
        counts: items so far, by list and level.
    """

    formats: dict[tuple[str, int], str] = field(default_factory=dict)
    counts: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))

    def following(self, list_: str, level: int) -> str:
        """Returns the number of the next item; empty = the list has bullets."""
        self.counts[list_, level] += 1
        for deeper in range(level + 1, 9):
            self.counts.pop((list_, deeper), None)
        number, format = self.counts[list_, level], self.formats.get((list_, level), "")
        if format in ("upperLetter", "lowerLetter") and number <= 26:
            return f"{chr(ord('A') + number - 1)}."
        return f"{number}." if format in ("decimal", "upperRoman", "lowerRoman") else ""


def read_docx(data: bytes, name: str, options: ReadingOptions) -> Book:
    """Reads a Word document.

    Args:
        data: the file.
        name: title where the document has none.
        options: what is read.

    Raises:
        FieldError: broken, unsafe, or without text.
    """
    omissions = Omissions()
    archive = Archive(data)
    document = _part(archive, DOCUMENT, omissions)
    if document is None:
        raise FieldError("file", f"no Word document: {DOCUMENT} is missing")
    reader = _DocumentReader(archive, options, omissions)
    blocks = list(reader.read(document))
    core = _part(archive, "docProps/core.xml", omissions)
    title = _property(core, "title") or reader.title or title_in(blocks) or name
    chapters = chapters_at_headings(blocks, title, omissions)
    if not chapters:
        raise FieldError("file", "the file holds no text to speak", code="unspeakable_text")
    author = _property(core, "creator")
    return Book(
        title=title,
        authors=(author,) if author else (),
        language=_property(core, "language"),
        metadata=BookMetadata(description=_property(core, "description")[:4000]),
        chapters=chapters,
        notices=omissions.notices(),
    )


class _DocumentReader:
    def __init__(self, archive: Archive, options: ReadingOptions, omissions: Omissions) -> None:
        self._omissions, self._include = omissions, options.include
        self._styles = _styles(_part(archive, "word/styles.xml", omissions))
        self._numbering = _numbering(_part(archive, "word/numbering.xml", omissions))
        self._notes = {
            kind: _notes(_part(archive, f"word/{kind}s.xml", omissions))
            for kind in ("footnote", "endnote")
        }
        self._pending: list[str] = []
        """Notes to be read behind the paragraph that refers to them."""
        self.title = ""

    def read(self, document: Element) -> Iterator[TextBlock]:
        """Yields headings, paragraphs and rows in order."""
        for child in document:
            if local_name(child) == "body":
                yield from self._blocks(child)
        if "notes" not in self._include:
            for notes in self._notes.values():
                for note in notes.values():
                    self._omissions.leave_out("note", text_of(note))

    def _blocks(self, parent: Element) -> Iterator[TextBlock]:
        for element in parent:
            name = local_name(element)
            if name == "p":
                yield from self._paragraph(element)
            elif name == "tbl":
                yield from self._table(element)
            elif name == "sdt" and _is_contents(element):
                self._omissions.leave_out("contents", text_of(element))
            elif name in ("sdt", "sdtcontent", "ins", "customxml", "moveto"):
                yield from self._blocks(element)

    def _paragraph(self, paragraph: Element) -> Iterator[TextBlock]:
        style = self._styles.get(_setting(paragraph, "pstyle"), WordStyle("", 0))
        text = self._text(paragraph)
        if _CONTENTS.match(style.name):
            self._omissions.leave_out("contents", text)
            return
        if style.name.lower() == "title" and not self.title:
            self.title = " ".join(text.split())
        number = self._number(paragraph) if text and not style.level else ""
        if text:
            yield TextBlock(f"{number} {text}" if number else text, style.level)
        for note in self._pending:
            yield TextBlock(note)
        self._pending = []

    def _number(self, paragraph: Element) -> str:
        list_ = _setting(paragraph, "numid")
        if not list_:
            return ""
        level = _setting(paragraph, "ilvl")
        return self._numbering.following(list_, int(level) if level.isdecimal() else 0)

    def _table(self, table: Element) -> Iterator[TextBlock]:
        if "tables" not in self._include:
            self._omissions.leave_out("table", text_of(table))
            return
        for row in (e for e in table.iter("*") if local_name(e) == "tr"):
            cells = (e for e in row if local_name(e) == "tc")
            texts = (" ".join(b.text for b in self._blocks(cell)) for cell in cells)
            if filled := [text for text in texts if text]:
                yield TextBlock(", ".join(filled))

    def _text(self, element: Element) -> str:
        text = clean("".join(self._pieces(element)), self._omissions)
        lines = (" ".join(line.split()) for line in text.split("\n"))
        return "\n".join(line for line in lines if line)

    def _pieces(self, parent: Element) -> Iterator[str]:
        for element in parent:
            name = local_name(element)
            kind = _LEFT_OUT.get(name)
            if kind == "note_reference":
                self._refer(element, name.removesuffix("reference"))
            elif kind:
                self._omissions.leave_out(kind, text_of(element) if kind == "deleted" else "")
            elif name == "r":
                yield from self._run(element)
            elif name == "t":
                yield str(element.text or "")
            elif name in ("br", "cr"):
                yield "\n"
            elif name in ("tab", "ptab"):
                yield " "
            elif name == "nobreakhyphen":
                yield "-"
            elif name not in ("instrtext", "deltext", "ppr", "rpr", "sdtpr", "fallback"):
                yield from self._pieces(element)

    def _run(self, run: Element) -> Iterator[str]:
        settings = {local_name(e): e for p in run if local_name(p) == "rpr" for e in p}
        if "vanish" in settings and _is_on(settings["vanish"]):
            self._omissions.leave_out("hidden", text_of(run))
            return
        if any(s in settings and _is_on(settings[s]) for s in ("strike", "dstrike")):
            self._omissions.leave_out("deleted", text_of(run))
            return
        raised = settings.get("vertalign")
        pieces = self._pieces(run)
        if raised is not None and attribute(raised, "val") == "superscript":
            text = "".join(pieces)
            yield text.translate(_RAISED) if text.strip("0123456789+-−") == "" else text
        else:
            yield from pieces

    def _refer(self, reference: Element, kind: str) -> None:
        self._omissions.leave_out("note_reference")
        note = self._notes[kind].get(attribute(reference, "id"))
        if note is not None and "notes" in self._include:
            self._pending += filter(None, (self._text(p) for p in note))


def _part(archive: Archive, path: str, omissions: Omissions) -> Element | None:
    name = archive.find(path)
    if name is None:
        return None
    if archive.size(name) > MAX_DOCUMENT_BYTES:
        allowed = f"at most {MAX_DOCUMENT_BYTES} bytes"
        raise FieldError("file", f"{path} has {archive.size(name)} bytes", allowed=allowed)
    try:
        return parse_xml(archive.read(name), path, omissions)
    except OSError as error:
        raise FieldError("file", f"the document cannot be read: {error}") from error


def _styles(root: Element | None) -> dict[str, WordStyle]:
    """Styles by id; a heading is one by its name, its outline level or what it is based on."""
    elements = {attribute(e, "styleId"): e for e in (() if root is None else root)}
    found: dict[str, WordStyle] = {}
    for identifier, element in elements.items():
        name, level, style = _setting(element, "name"), 0, element
        for _ in range(LONGEST_CHAIN):
            heading = _HEADING.fullmatch(_setting(style, "name"))
            outline = _setting(style, "outlinelvl")
            if heading:
                level = int(heading.group(1))
            elif outline.isdecimal() and int(outline) < 9:
                level = int(outline) + 1
            base = elements.get(_setting(style, "basedon"))
            if level or base is None:
                break
            style = base
        found[identifier] = WordStyle(name, min(level, 6))
    return found


def _numbering(root: Element | None) -> WordNumbering:
    numbering = WordNumbering()
    if root is None:
        return numbering
    formats = {
        attribute(e, "abstractNumId"): {
            attribute(level, "ilvl"): _setting(level, "numfmt")
            for level in e
            if local_name(level) == "lvl"
        }
        for e in root
        if local_name(e) == "abstractnum"
    }
    for element in (e for e in root if local_name(e) == "num"):
        for level, format in formats.get(_setting(element, "abstractnumid"), {}).items():
            if level.isdecimal():
                numbering.formats[attribute(element, "numId"), int(level)] = format
    return numbering


def _notes(root: Element | None) -> dict[str, Element]:
    """Notes by id; separators are none."""
    elements = () if root is None else root
    return {attribute(e, "id"): e for e in elements if not attribute(e, "type")}


def _setting(element: Element, name: str) -> str:
    """The value of a setting of a paragraph, style or level, e.g. ``pPr/pStyle@val``."""
    for child in element:
        if local_name(child) == name:
            return attribute(child, "val")
        if local_name(child) in ("ppr", "numpr"):
            found = _setting(child, name)
            if found:
                return found
    return ""


def _is_on(setting: Element) -> bool:
    return attribute(setting, "val").lower() not in ("0", "false", "off", "none")


def _is_contents(element: Element) -> bool:
    galleries = (e for e in element.iter("*") if local_name(e) == "docpartgallery")
    return any("contents" in attribute(e, "val").lower() for e in galleries)


def _property(root: Element | None, name: str) -> str:
    elements = () if root is None else root
    found = (" ".join(text_of(e).split()) for e in elements if local_name(e) == name)
    return next(found, "")
