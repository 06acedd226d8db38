"""Markdown to a book.

Where a text has two or more headings of the first level, these begin the chapters; otherwise
headings of the second level do, and a single one of the first is the title.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from core.book import Book, ReadingOptions
from core.errors import FieldError
from text.books.blocks import SCENE_BREAK, TextBlock, chapters_at_headings, title_in
from text.books.brackets import bracket_pairs
from text.books.characters import clean
from text.books.encodings import decode_text
from text.books.mathematics import latex_words
from text.books.omissions import Omissions

INLINE_CHUNK = 4000
"""Characters of a paragraph whose markup is read at once: the parser's time grows with the square
of the length where brackets do not match."""
MANY_BRACKETS = 50
"""In a chunk with more opening brackets those without a closing one are escaped: the parser looks
for the end of a link from each of them."""
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FIELD = re.compile(
    r"^([A-Za-z][\w-]*)[ \t]*:[ \t]*(.*(?:\n[ \t]*- .*|\n[ \t]+\S.*)*)", re.MULTILINE
)
_NOTE = re.compile(
    r"^\[\^[^\]\n]+\]:(.*(?:\n(?:[ \t]+\S.*|(?![ \t]*\n|\[\^|[#>*+-]).+))*)", re.MULTILINE
)
_REFERENCE = re.compile(r"\[\^[^\[\]\s]+\]")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TASK = re.compile(r"\[[ xX]\][ \t]+")
_ATTRIBUTES = re.compile(r"[ \t]?\{:?[ \t]*(?:[#.]|[\w-]+=)[^{}\n]{1,200}\}")
"""Of headings, links and spans. Source: Pandoc's header_attributes and link_attributes."""
_FORMULA = re.compile(
    r"(?<![\\$])\$\$[^$]{1,2000}\$\$|(?<![\\$\w])\$(?![\s$])[^$\n]{1,300}(?<![\s\\])\$(?![\w$])"
)
"""Source: Pandoc's tex_math_dollars: no blank inside of the signs, no digit after them."""
_STRUCK = ("s_open", "s_close")


def read_markdown(data: bytes, name: str, options: ReadingOptions) -> Book:
    """Reads CommonMark with tables, front matter, footnotes, task lists, attributes and formulas.

    Args:
        data: the file.
        name: title where the text has none.
        options: what is read.

    Raises:
        FieldError: the file is no text, or an empty one.
    """
    omissions = Omissions()
    text, front_matter = _split_front_matter(clean(decode_text(data, omissions), omissions))
    blocks = list(_Blocks(omissions, options).read(text))
    if not any(block.text != SCENE_BREAK for block in blocks):
        raise FieldError("file", "the file holds no text to speak", code="unspeakable_text")
    title = next(iter(front_matter.get("title", [])), "") or title_in(blocks)
    return Book(
        title=title or name,
        authors=tuple(front_matter.get("author", []) or front_matter.get("authors", [])),
        language=next(iter(front_matter.get("lang", []) or front_matter.get("language", [])), ""),
        chapters=chapters_at_headings(blocks, title or name, omissions),
        notices=omissions.notices(),
    )


def _split_front_matter(text: str) -> tuple[str, dict[str, list[str]]]:
    """Values of a YAML head by key: one line, a list in brackets, or a list of lines.

    >>> _split_front_matter("---\\ntitle: 'A'\\nauthor:\\n  - B\\n  - C\\n---\\nText")
    ('Text', {'title': ['A'], 'author': ['B', 'C']})
    """
    head = _FRONT_MATTER.match(text)
    if not head:
        return text, {}
    front_matter = {key.lower(): _values(value) for key, value in _FIELD.findall(head.group(1))}
    return text[head.end() :], front_matter


def _values(written: str) -> list[str]:
    written = written.strip()
    if written.startswith("["):
        parts = written.strip("[]").split(",")
    elif written.startswith("- "):
        parts = re.split(r"(?:^|\n)[ \t]*- ", written)
    else:
        parts = [written]
    bare = (" ".join(part.split()).strip("\"'") for part in parts)
    return [part for part in bare if part]


class _Blocks:
    """A reader of the parser's tokens.

    Args:
        omissions: counts what is left out.
        options: what is read.
    """

    def __init__(self, omissions: Omissions, options: ReadingOptions) -> None:
        self._omissions, self._include = omissions, options.include
        self._parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
        self._parser.disable("inline")  # paragraphs are read in chunks
        self._links: dict[str, object] = {}
        """Targets of reference links; the parser collects them."""

    def read(self, text: str) -> Iterator[TextBlock]:
        """Yields headings, paragraphs, items and rows in order."""
        level, cells, item = 0, [""], ""
        in_row = False
        tokens = self._parser.parse(self._without_notes(text), self._links)
        for token in self._without_tables(tokens):
            if token.type == "heading_open":
                level = int(token.tag[1:])
            elif token.type == "list_item_open":
                item = f"{token.info}. " if token.info else ""
            elif token.type == "hr":
                yield TextBlock(SCENE_BREAK)
            elif token.type == "tr_open":
                cells, in_row = [], True
            elif token.type == "tr_close":
                in_row = False
                if any(cells):
                    yield TextBlock(", ".join(filter(None, cells)))
            elif token.type in ("fence", "code_block"):
                if "code" in self._include and token.content.strip():
                    yield TextBlock(re.sub(r"\n\s*\n", "\n", token.content.strip()))
                else:
                    self._omissions.leave_out("code", token.content)
            elif token.type == "html_block":
                self._omissions.leave_out("markup", token.content)
            elif token.type == "inline":
                content = self._inline(_TASK.sub("", token.content, count=token.content[:1] == "["))
                if in_row:
                    cells.append(content)
                elif content:
                    yield TextBlock(item + content, level)
                level, item = 0, ""

    def _without_notes(self, text: str) -> str:
        """Footnotes are no CommonMark: the parser would take them for text, or for link targets."""
        if "notes" in self._include:
            text = _NOTE.sub(r"\n\1\n", text)
        for note in _NOTE.findall(text):
            self._omissions.leave_out("note", note)
        text = _NOTE.sub("", text)
        for reference in _REFERENCE.findall(text):
            self._omissions.leave_out("note_reference", reference)
        return _REFERENCE.sub("", text)

    def _without_tables(self, tokens: Sequence[Token]) -> Iterator[Token]:
        """Tokens, those of tables only if they are read."""
        words: list[str] = []
        inside = False
        for token in tokens:
            inside |= token.type == "table_open" and "tables" not in self._include
            if not inside:
                yield token
            elif token.type == "inline":
                words.append(token.content)
            elif token.type == "table_close":
                self._omissions.leave_out("table", " ".join(words))
                words, inside = [], False

    def _inline(self, content: str) -> str:
        content = _FORMULA.sub(self._formula, _ATTRIBUTES.sub("", content))
        tokens: list[Token] = []
        for chunk in _chunks(content):
            if chunk.count("[") > MANY_BRACKETS:
                chunk = _escape_unpaired(chunk)
            found: list[Token] = []  # the parser goes over all of a list again at its end
            self._parser.inline.parse(chunk, self._parser, self._links, found)
            tokens += found
        parts: list[str] = []
        struck: list[str] | None = None
        for token in tokens:
            if token.type in _STRUCK:
                if struck:
                    self._omissions.leave_out("deleted", "".join(struck))
                struck = [] if token.type == "s_open" else None
                continue
            (parts if struck is None else struck).append(self._text(token))
        return re.sub(r"[^\S\n]+", " ", "".join([*parts, *(struck or ())])).strip()

    def _text(self, token: Token) -> str:
        if token.type in ("text", "code_inline", "text_special"):
            return token.content
        if token.type == "softbreak":
            return " "
        if token.type == "hardbreak" or _BREAK.fullmatch(token.content):
            return "\n"
        if token.type == "image":
            self._omissions.leave_out("image")
        elif token.type == "html_inline":
            self._omissions.leave_out("markup")
        return ""

    def _formula(self, formula: re.Match[str]) -> str:
        """A letter or a number is read as it stands, a simple formula in words."""
        content = formula.group().strip("$ \n")
        if re.fullmatch(r"[A-Za-z]|[\d.,]+", content):
            return content
        if words := latex_words(content):
            return words
        self._omissions.leave_out("formula", content)
        return ""


def _chunks(content: str) -> Iterator[str]:
    """Pieces of a paragraph, cut at white space where there is any."""
    at = 0
    while len(content) - at > INLINE_CHUNK:
        cut = max(content.rfind(space, at + 1, at + INLINE_CHUNK) for space in " \n") + 1
        cut = cut or at + INLINE_CHUNK
        yield content[at:cut]
        at = cut
    yield content[at:]


def _escape_unpaired(chunk: str) -> str:
    """Escapes brackets that open and are not closed.

    >>> _escape_unpaired("[a] [b")
    '[a] \\\\[b'
    """
    paired = {start for start, _ in bracket_pairs(chunk)}
    pieces = (
        "\\[" if letter == "[" and at not in paired else letter for at, letter in enumerate(chunk)
    )
    return "".join(pieces)
