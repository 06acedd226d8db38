"""Markdown to a book.

Where a text has two or more headings of the first level, these begin the chapters; otherwise
headings of the second level do, and a single one of the first is the title.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from core.book import Book
from core.errors import FieldError
from text.books.blocks import TextBlock, chapters_at_headings
from text.books.characters import clean
from text.books.encodings import decode_text
from text.books.omissions import Omissions

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FIELD = re.compile(
    r"^([A-Za-z][\w-]*)[ \t]*:[ \t]*(.*(?:\n[ \t]*- .*|\n[ \t]+\S.*)*)", re.MULTILINE
)
_NOTE = re.compile(
    r"^\[\^[^\]\n]+\]:.*(?:\n(?:[ \t]+\S.*|(?![ \t]*\n|\[\^|[#>*+-]).+))*", re.MULTILINE
)
_REFERENCE = re.compile(r"\[\^[^\]\s]+\]")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


def read_markdown(data: bytes, name: str) -> Book:
    """Reads CommonMark with tables, front matter and footnotes.

    Args:
        data: the file.
        name: title where the text tells none.

    Raises:
        FieldError: not a text, or an empty one.
    """
    omissions = Omissions()
    text, front_matter = _split_front_matter(clean(decode_text(data), omissions))
    tokens = MarkdownIt("commonmark").enable("table").parse(_without_notes(text, omissions))
    blocks = list(_blocks(tokens, omissions))
    if not blocks:
        raise FieldError("file", "the file holds no text to speak", code="unspeakable_text")
    first = [block.text for block in blocks if block.level == 1]
    title = next(iter(front_matter.get("title", [])), "") or (first[0] if len(first) == 1 else "")
    return Book(
        title=title or name,
        authors=tuple(front_matter.get("author", []) or front_matter.get("authors", [])),
        language=next(iter(front_matter.get("lang", []) or front_matter.get("language", [])), ""),
        chapters=chapters_at_headings(blocks, 1 if len(first) > 1 else 2, title or name, omissions),
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


def _without_notes(text: str, omissions: Omissions) -> str:
    """Footnotes are no CommonMark: the parser would take them for text, or for link targets."""
    for note in _NOTE.findall(text):
        omissions.leave_out("note", note)
    text = _NOTE.sub("", text)
    for reference in _REFERENCE.findall(text):
        omissions.leave_out("note_reference", reference)
    return _REFERENCE.sub("", text)


def _blocks(tokens: Sequence[Token], omissions: Omissions) -> Iterator[TextBlock]:
    level, cells = 0, [""]
    in_row = False
    for token in tokens:
        if token.type == "heading_open":
            level = int(token.tag[1:])
        elif token.type == "tr_open":
            cells, in_row = [], True
        elif token.type == "tr_close":
            in_row = False
            if any(cells):
                yield TextBlock(", ".join(filter(None, cells)))
        elif token.type in ("fence", "code_block"):
            omissions.leave_out("code", token.content)
        elif token.type == "html_block":
            omissions.leave_out("markup", token.content)
        elif token.type == "inline":
            text = _inline(token.children or (), omissions)
            if in_row:
                cells.append(text)
            elif text:
                yield TextBlock(text, level)
            level = 0


def _inline(tokens: Sequence[Token], omissions: Omissions) -> str:
    parts = []
    for token in tokens:
        if token.type in ("text", "code_inline", "text_special"):
            parts.append(token.content)
        elif token.type == "softbreak":
            parts.append(" ")
        elif token.type == "hardbreak" or _BREAK.fullmatch(token.content):
            parts.append("\n")
        elif token.type == "image":
            omissions.leave_out("image")
        elif token.type == "html_inline":
            omissions.leave_out("markup")
    return re.sub(r"[^\S\n]+", " ", "".join(parts)).strip()
