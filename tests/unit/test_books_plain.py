"""Plain text, Markdown and SSML to chapters."""

import pytest

from core.book import Book, ReadingOptions
from core.errors import FieldError
from text.books.plain_text.headings import is_heading
from text.books.reader import read_book


def read(text: str, name: str = "a_tale.txt") -> Book:
    return read_book(text.encode(), name)


def chapters(book: Book) -> list[tuple[str, str]]:
    return [(chapter.title, chapter.text) for chapter in book.chapters]


def titles(book: Book) -> list[str]:
    return [chapter.title for chapter in book.chapters]


def codes(book: Book) -> set[str]:
    return {notice.code for notice in book.notices}


HEADINGS = """
CHAPTER I|CHAPTER CXXXV|Chapter 1: The Boy|CHAPTER 12.|Chapter Twenty-One|CHAPTER THE LAST
CHAPTER XIV. The Spouter-Inn|Chapter 3 — Home|BOOK THE FIRST|THE SECOND BOOK|Part Two|PART II.
VOLUME I|PROLOGUE|Epilogue.|Preface|INTRODUCTION|Stave One: Marley|LETTER 4|APPENDIX A|Canto IX
"""
NO_HEADINGS = """
Chapter and verse|Chapter 4 was dull.|Part of the way|Book it now|I|Preface to nothing
The first part of it|Prologue and epilogue are words,|Chapter one, which he had read,|part two of it
Introduction of the steam engine|Letter by letter|CHAPTER|In chapter 3: nothing
"""


@pytest.mark.parametrize("line", HEADINGS.strip().replace("\n", "|").split("|"))
def test_headings(line: str) -> None:
    assert is_heading(line)


@pytest.mark.parametrize("line", NO_HEADINGS.strip().replace("\n", "|").split("|"))
def test_no_headings(line: str) -> None:
    assert not is_heading(line)


def test_chapters_and_what_stands_before_them() -> None:
    book = read("To Ann.\n\nCHAPTER I\n\nOne.\n\nMore.\n\n\nCHAPTER II\nThe Sea\n\nTwo.")
    assert chapters(book) == [
        ("a tale", "To Ann."),
        ("CHAPTER I", "CHAPTER I\n\nOne.\n\nMore."),
        ("CHAPTER II The Sea", "CHAPTER II\nThe Sea\n\nTwo."),
    ]


def test_a_part_and_a_name_in_capitals_belong_to_the_chapter() -> None:
    book = read("BOOK ONE\n\nCHAPTER I.\n\nTHE SEA\n\nOne.\n\nCHAPTER II.\n\nTHE LAND\n\nTwo.")
    assert chapters(book) == [
        ("BOOK ONE: CHAPTER I. THE SEA", "BOOK ONE\n\nCHAPTER I.\n\nTHE SEA\n\nOne."),
        ("CHAPTER II. THE LAND", "CHAPTER II.\n\nTHE LAND\n\nTwo."),
    ]


@pytest.mark.parametrize("between", ["\n", "\n\n"])
def test_a_table_of_contents_makes_no_chapters(between: str) -> None:
    names = ("CHAPTER I. Sea", "CHAPTER II. Land", "CHAPTER III. Air", "CHAPTER IV. Fire")
    text = "A TALE\n\nCONTENTS\n\n" + between.join(names)
    text += "".join(f"\n\n{name}\n\nText of {name[-4:]}." for name in names)
    book = read(text)
    assert titles(book) == ["a tale", *names]
    assert book.chapters[0].text == "A TALE"
    assert codes(book) == {"left_out_contents"}


def test_contents_with_pages_and_a_preface_below() -> None:
    text = "CONTENTS\n\nCHAPTER I. Sea .... 1\n\nCHAPTER II. Land .... 9\n\nCHAPTER III .... 12\n\n"
    text += "CHAPTER IV. Air .... 40\n\nCHAPTER I. Sea\n\nOne.\n\nCHAPTER II. Land\n\nTwo."
    assert titles(read(text)) == ["CHAPTER I. Sea", "CHAPTER II. Land"]


def test_numbers_alone_are_chapters_where_they_count_up() -> None:
    book = read("I\n\nOne.\n\nII\n\nTwo.\n\nIII.\n\nThree.")
    assert titles(book) == ["I", "II", "III."]
    book = read("He said\n\nI\n\nand then\n\nV\n\nand X.")
    assert titles(book) == ["a tale"]
    assert codes(book) == {"no_chapters"}


def test_wrapped_lines_are_joined_and_verse_is_kept() -> None:
    prose = "It was the best of times, it was the worst of times, it was the age of wis-\n"
    prose += "dom, it was the age of foolishness, it was the epoch of belief, it was the\n"
    prose += "epoch of incredulity, it was the season of Light, it was the season of\nDarkness."
    verse = "  Tyger Tyger, burning bright,\n  In the forests of the night;"
    book = read(f"{prose}\n\n{prose}\n\n{verse}")
    first, _, last = book.chapters[0].text.split("\n\n")
    assert "\n" not in first
    assert first.startswith("It was the best of times, it was the worst of times, it was the age")
    assert first.endswith("it was the season of Darkness.")
    assert "wis-dom, it" in first
    assert last == "Tyger Tyger, burning bright,\nIn the forests of the night;"


GUTENBERG = """The Project Gutenberg eBook of A Tale, by Ann O.

Title: A Tale of
      Two Ships

Author: Ann O.

Language: English

*** START OF THE PROJECT GUTENBERG EBOOK A TALE ***




CHAPTER I

_One_ ship.[1]

[Illustration: A ship]

[Footnote 1: It was a _brig_ [sic].]

CHAPTER II

Two ships.

*** END OF THE PROJECT GUTENBERG EBOOK A TALE ***

Updated editions will replace the previous one.
"""


def test_project_gutenberg() -> None:
    book = read(GUTENBERG)
    assert (book.title, book.authors, book.language) == ("A Tale of Two Ships", ("Ann O.",), "en")
    assert [text for _, text in chapters(book)] == [
        "CHAPTER I\n\nOne ship.",
        "CHAPTER II\n\nTwo ships.",
    ]
    assert codes(book) == {
        "left_out_boilerplate",
        "left_out_image",
        "left_out_note",
        "left_out_note_reference",
        "emphasis_marks",
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(encoding: str) -> None:
    book = read_book("Größe\r\n\r\nzählt.".encode(encoding), "x.txt")
    assert book.chapters[0].text == "Größe\n\nzählt."


def test_windows_1252_is_guessed_and_remarked() -> None:
    book = read_book("“Größe” — ça va".encode("cp1252"), "x.txt")
    assert book.chapters[0].text == "“Größe” — ça va"
    assert "encoding_guessed" in codes(book)


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n\x02\x03\xff\x81",
        "ab".encode("utf-16-le"),
        b"\xff\xfea",
        b"",
        b" \n ",
        b"a\0b",
    ],
)
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(FieldError) as refused:
        read_book(data, "x.txt")
    assert refused.value.field == "file"


def test_unknown_kinds_are_refused() -> None:
    with pytest.raises(FieldError, match="no kind of book"):
        read_book(b"%PDF-1.7", "x.pdf")


def test_characters_of_windows_are_mended_and_noticed() -> None:
    book = read("It\x92s \x85 so\u00adft")
    assert book.chapters[0].text == "It’s … soft"
    assert "characters_mended" in codes(book)


MARKDOWN = """---
title: "A Tale"
author:
  - Ann O.
  - Ben
lang: en-GB
---
Before.

# One

Some *emphasis*, `code`, a [link](http://x.y) and a note.[^1]
Same paragraph.\\
Hard break.

## Section

- first
- second

> quoted

```python
lost()
```

<div>lost</div>

![a map](m.png) text <b>bold</b>

[^1]: The note
    goes on.

| a | b |
|---|---|
| c | d |

Two
===

End.
"""


def test_markdown() -> None:
    book = read(MARKDOWN, "x.md")
    assert (book.title, book.authors, book.language) == ("A Tale", ("Ann O.", "Ben"), "en-GB")
    first = "One\n\nSome emphasis, code, a link and a note. Same paragraph.\nHard break.\n\n"
    first += "Section\n\nfirst\n\nsecond\n\nquoted\n\ntext bold\n\na, b\n\nc, d"
    assert chapters(book) == [("A Tale", "Before."), ("One", first), ("Two", "Two\n\nEnd.")]
    kinds = ("code", "markup", "image", "note", "note_reference")
    assert codes(book) == {f"left_out_{kind}" for kind in kinds}


def test_markdown_extensions() -> None:
    text = "# One {#one .title}\n\n- [ ] open\n- [x] done\n\n3. third\n4. fourth\n\n~~gone~~"
    text += " kept, $x$ and $E = mc^2$, $\\sum_i i$, $5 and $10.\n\n***\n\nLast."
    book = read(text, "x.md")
    paragraphs = ["One", "open", "done", "3. third", "4. fourth"]
    paragraphs.append("kept, x and E equals m c squared, , $5 and $10.")
    assert book.chapters[0].text.split("\n\n") == [*paragraphs, "* * *", "Last."]
    assert codes(book) == {"left_out_formula", "left_out_deleted", "no_chapters"}


def test_what_is_read_by_choice() -> None:
    text = "Text.[^1]\n\n    code()\n\n| a | b |\n|---|---|\n| c | d |\n\n[^1]: A note.\n"
    chosen = ReadingOptions(include=("notes", "code"))
    assert read_book(text.encode(), "x.md", chosen).chapters[0].text.split("\n\n") == [
        "Text.",
        "code()",
        "A note.",
    ]
    assert "left_out_table" in codes(read_book(text.encode(), "x.md", chosen))


def test_titles_are_read_where_the_text_lacks_them() -> None:
    text = b"To Ann.\n\nCHAPTER I\n\nOne."
    book = read_book(text, "a_tale.txt", ReadingOptions(say_titles=True))
    assert [text for _, text in chapters(book)] == ["a tale\n\nTo Ann.", "CHAPTER I\n\nOne."]


def test_a_single_first_level_heading_is_the_title() -> None:
    book = read("# A Tale\n\n## One\n\nA.\n\n### Deep\n\n## Two\n\nB.", "x.md")
    assert book.title == "A Tale"
    assert chapters(book) == [
        ("A Tale", "A Tale"),
        ("One", "One\n\nA.\n\nDeep"),
        ("Two", "Two\n\nB."),
    ]


def test_ssml_is_one_chapter_as_it_stands() -> None:
    document = "<speak>One <break time='1s'/> two.</speak>"
    book = read(document, "a.ssml")
    assert (book.markup, chapters(book)) == (True, [("a", document)])
    with pytest.raises(FieldError) as refused:
        read("<speak><unknown/></speak>", "a.xml")
    assert (refused.value.field, refused.value.code) == ("file", "invalid_ssml")


def test_numbered_titles_are_chapters() -> None:
    prose = "It was the best of times, it was the worst of times. " * 3
    titles = ("I. The Period", "II. The Mail", "III. The Night Shadows")
    contents = "CONTENTS\n\n" + "\n".join(titles) + "\n\n"
    text = contents + "\n\n".join(f"{title}\n\n{prose}" for title in titles)
    book = read(text, "x.txt")
    assert [chapter.title for chapter in book.chapters] == list(titles)
    assert "left_out_contents" in codes(book)


def test_numbered_sentences_are_no_chapters() -> None:
    text = "\n\n".join(f"{n}. They went home." for n in ("I", "II", "III"))
    assert len(read(text, "x.txt").chapters) == 1
