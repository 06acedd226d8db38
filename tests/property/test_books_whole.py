"""No word of a book is lost, doubled, joined with another or out of order, wherever it is cut."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import FieldError
from tests.epub_files import archive, epub
from text.books.reader import read_book

INLINE = ("i", "b", "span", "em", "a")
BLOCKS = ("p", "div", "h2", "blockquote", "li", "section", "td")
LEFT_OUT = (
    '<a epub:type="noteref" href="#q">{}</a>',
    '<aside epub:type="footnote">{}</aside>',
    '<span epub:type="pagebreak">{}</span>',
    "<script>{}</script>",
    '<img src="x" title="{}"/>',
    "<span hidden='hidden'>{}</span>",
    "<!-- {} -->",
)


@dataclass
class Writer:
    """Writes pages and remembers which words must be found."""

    words: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    def word(self) -> str:
        self.words.append(f"w{len(self.words)}w")
        return self.words[-1]

    def identifier(self) -> str:
        self.ids.append(f"id{len(self.ids)}")
        return self.ids[-1]


@st.composite
def inline(draw: st.DrawFn, writer: Writer, depth: int = 0) -> str:
    parts = []
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.integers(0, 6))
        if kind <= 2:
            parts.append(f" {writer.word()} ")
        elif kind == 3:
            parts.append(draw(st.sampled_from((" ", "<br/>", "\n\t"))))
        elif kind == 4:
            parts.append(draw(st.sampled_from(LEFT_OUT)).format("lost"))
        elif kind == 5:
            parts.append(f' <a id="{writer.identifier()}"/>')
        elif depth < 3:
            tag = draw(st.sampled_from(INLINE))
            parts.append(f"<{tag}>{draw(inline(writer, depth + 1))}</{tag}>")
    return "".join(parts)


@st.composite
def block(draw: st.DrawFn, writer: Writer, depth: int = 0) -> str:
    tag = draw(st.sampled_from(BLOCKS))
    mark = f' id="{writer.identifier()}"' if draw(st.booleans()) else ""
    inner = draw(inline(writer))
    if depth < 2 and draw(st.booleans()):
        inner += draw(block(writer, depth + 1)) + draw(inline(writer))
    return f"<{tag}{mark}>{inner}</{tag}>"


@st.composite
def books(draw: st.DrawFn) -> tuple[bytes, list[str]]:
    writer, pages, targets = Writer(), {}, []
    for number in range(draw(st.integers(1, 3))):
        path, known = f"p{number}.xhtml", len(writer.ids)
        pages[path] = "".join(draw(block(writer)) for _ in range(draw(st.integers(1, 4))))
        targets += [path, *(f"{path}#{identifier}" for identifier in writer.ids[known:])]
    pages["last.xhtml"] = f"<p>{writer.word()}</p>"
    chosen = draw(st.lists(st.sampled_from(targets), max_size=5))
    links = [(f"Title {i}", target) for i, target in enumerate(chosen)]
    return epub(pages, links, version=draw(st.sampled_from((2, 3)))), writer.words


@settings(max_examples=200, deadline=None)
@given(books())
def test_every_word_of_an_epub_once_and_in_order(made: tuple[bytes, list[str]]) -> None:
    data, words = made
    book = read_book(data, "x.epub")
    found = [w.strip(",") for chapter in book.chapters for w in chapter.text.split()]
    assert [w for w in found if w != "*"] == words  # a picture that says nothing is a scene break
    assert all(chapter.text.strip() and chapter.title for chapter in book.chapters)


PIECES = (
    "\n\n", "\n", "CHAPTER I", "CHAPTER II", "Chapter 3: Of it", "BOOK THE FIRST", "CONTENTS",
    "word", "some more words of text that go on for a while and then a little further still",
    "I", "II", "III", "PROLOGUE", "* * *", "Well-", "THE SEA", "  indented", "[1]", "1",
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=40))
def test_every_word_of_a_plain_text_or_a_notice(pieces: list[str]) -> None:
    text = "\n".join(["Start.", *pieces])
    book = read_book(text.encode(), "x.txt")
    found = " ".join(chapter.text for chapter in book.chapters).split()
    left_out = any(notice.code == "left_out_contents" for notice in book.notices)
    if not left_out:
        assert "".join(found) == "".join(text.split())
    else:
        rest = iter("".join(text.split()))
        assert all(letter in rest for letter in "".join(found))  # in order, nothing twice


GOOD = {
    "a.epub": epub(
        {"a.xhtml": '<h1 id="c">One</h1><p>A<a href="#n"><sup>1</sup></a> b.</p><p id="n">1 c</p>'},
        [("1", "a.xhtml#c"), ("2", "a.xhtml#n")],
    ),
    "a.md": b"---\ntitle: A\n---\n# One\n\ntext[^1] `c`\n\n[^1]: note\n\n# Two\n\n| a |\n|---|\n",
    "a.txt": b"Title: A\n\nCHAPTER I\n\n_text_ [1]\n\n[Footnote 1: a]\n\nCHAPTER II\n\n\xc3\xa9",
    "a.ssml": b"<speak>One <break time='1s'/> two.</speak>",
}


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(sorted(GOOD)),
    st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=6)), max_size=6),
    st.booleans(),
)
def test_a_damaged_file_is_read_or_refused(
    name: str, changes: list[tuple[float, bytes]], inside: bool
) -> None:
    """Whatever a file holds, it never ends in another error than one that names the file."""
    if inside and name == "a.epub":
        with zipfile.ZipFile(io.BytesIO(GOOD[name])) as zipped:
            files = {entry: zipped.read(entry) for entry in zipped.namelist()}
        for where, piece in changes:
            entry = sorted(files)[int(where * 1e6) % len(files)]
            files[entry] = damaged(files[entry], [(where, piece)])
        data = archive(files)
    else:
        data = damaged(GOOD[name], changes)
    refused, book = [], None
    try:
        book = read_book(data, name)
    except FieldError as error:
        refused = [error.field]
    assert refused == ["file"] or book is not None
    assert book is None or all(chapter.text.strip() for chapter in book.chapters)


def damaged(data: bytes, changes: list[tuple[float, bytes]]) -> bytes:
    for where, piece in changes:
        at = int(where * len(data))
        data = data[:at] + piece + data[at + len(piece) :]
    return data
