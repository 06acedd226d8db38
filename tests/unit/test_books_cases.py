"""Small books of which each shows a fault that readers of such books reported.

What is right stands in ``expected.tsv`` beside them. Compared as spoken, without case, signs and
spaces.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from core.book import Book, ReadingOptions
from core.errors import TextError
from core.protocols import TextFrontend
from core.request import BookFacts, Source
from text.books.reader import read_book
from text.frontend import open_frontend
from text.language import require_english
from text.lexicons import job_lexicons

CASES = Path(__file__).parents[2].parent / "shared" / "cases" / "books"


class BookCase(NamedTuple):
    """A line of the table."""

    file: str
    wanted: str
    unwanted: str
    outcome: str


def cases() -> list[BookCase]:
    if not CASES.is_dir():
        return []
    lines = (CASES / "expected.tsv").read_text("utf-8").splitlines()[1:]
    return [BookCase(*row) for row in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]


@cache
def frontend() -> TextFrontend:
    return open_frontend("house-ipa")


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold().replace("'", ""))


def phrases(cell: str) -> list[list[str]]:
    return [phrase for part in cell.split(" | ") if (phrase := words(part))]


def words_of(book: Book) -> list[str]:
    """Returns the words of all chapters, as the front end reads them."""
    texts = []
    for chapter in book.chapters:
        try:
            analysis = frontend().analyze(
                chapter.text, ssml=book.markup, lexicons=job_lexicons(book.lexicons)
            )
        except TextError:  # a chapter may be silent
            continue
        texts += [utterance.text for utterance in analysis.utterances]
    return words(" ".join(texts))


def phonemes_of(book: Book) -> str:
    """Returns the phonemes of all chapters, without stress."""
    lexicons = job_lexicons(book.lexicons)
    analyses = [
        frontend().analyze(c.text, ssml=book.markup, lexicons=lexicons) for c in book.chapters
    ]
    phonemes = "".join(p for a in analyses for u in a.utterances for p in u.phonemes)
    return re.sub("[ˈˌ]", "", phonemes)


def holds(found: list[str], phrase: list[str]) -> bool:
    """Whether words stand in a row somewhere."""
    return f" {' '.join(phrase)} " in f" {' '.join(found)} "


DESCRIBED = {"amplify.epub": "", "metacharset.epub": "Hello."}
"""Cases whose line describes what is spoken: what can be compared of it."""
OWN_WORDS = {"scene.epub": "After ornament. After hash.", "hidden.epub": "Chapter one."}
"""Words that stand in a case's text and may be spoken there once."""


@pytest.mark.skipif(not cases(), reason="the cases lie beside a checkout, in ../shared/cases")
@pytest.mark.parametrize("case", cases(), ids=lambda case: case.file)
def test_case(case: BookCase) -> None:
    options = ReadingOptions(say_titles="--say-titles" in case.outcome)
    book = read_book((CASES / case.file).read_bytes(), case.file, options)
    assert not book.unreadable
    if case.file == "amplify.epub":  # a page that the spine names once
        assert [len(chapter.text) for chapter in book.chapters] == [899_999]
        return
    if case.wanted.startswith("/"):  # "/phonemes/ nearest in the symbol table"
        phonemes = re.sub("[ːˈˌ]", "", case.wanted.split("/")[1])
        assert phonemes_of(book).count(phonemes) == 1
        return
    if case.outcome.startswith("refused"):
        text = "\n\n".join(chapter.text for chapter in book.chapters)
        facts = BookFacts(title=book.title, language=book.language)
        with pytest.raises(TextError, match="mostly French"):
            require_english(Source(text=text, book=facts), "file")
        return
    found = words_of(book)
    expected = phrases(DESCRIBED.get(case.file, case.wanted))
    together = "".join(found)
    assert not [p for p in expected if "".join(p) not in together], found
    for own in phrases(OWN_WORDS.get(case.file, "")):
        found = words(" ".join(found).replace(" ".join(own), "", 1))
    assert not [p for p in phrases(case.unwanted) if holds(found, p)], found
