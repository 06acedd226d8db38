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
from text.books.reader import read_book
from text.frontend import open_frontend

CASES = Path(__file__).parents[2].parent / "shared" / "cases" / "books"


class Case(NamedTuple):
    """A line of the table."""

    file: str
    spoken: str
    unspoken: str
    outcome: str


def cases() -> list[Case]:
    if not CASES.is_dir():
        return []
    lines = (CASES / "expected.tsv").read_text("utf-8").splitlines()[1:]
    return [Case(*row) for row in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]


@cache
def frontend() -> TextFrontend:
    return open_frontend("house-ipa")


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold().replace("'", ""))


def phrases(cell: str) -> list[list[str]]:
    return [phrase for part in cell.split(" | ") if (phrase := words(part))]


def spoken_words(book: Book) -> list[str]:
    """What the front end speaks of all chapters."""
    texts = []
    for chapter in book.chapters:
        try:
            analysis = frontend().analyze(chapter.text, ssml=book.markup)
        except TextError:  # a chapter may be silent
            continue
        texts += [utterance.text for utterance in analysis.utterances]
    return words(" ".join(texts))


def holds(spoken: list[str], phrase: list[str]) -> bool:
    """Whether words stand in a row somewhere."""
    return f" {' '.join(phrase)} " in f" {' '.join(spoken)} "


DESCRIBED = {"amplify.epub": "", "metacharset.epub": "Hello."}
"""Cases whose line describes what is spoken: what can be compared of it."""
OWN_WORDS = {"scene.epub": "After ornament. After hash.", "hidden.epub": "Chapter one."}
"""Words that stand in a case's text and may be spoken there once."""
WAITING = {
    "caps.epub": "runs of capitals wait for the normalizer",
    "french.epub": "a language that is not spoken is refused by the front end",
    "ph.epub": "hints of pronunciation wait for lexicons of a job",
    "zero.epub": "leading zeros wait for the normalizer",
}


@pytest.mark.skipif(not cases(), reason="the cases lie beside a checkout, in ../shared/cases")
@pytest.mark.parametrize("case", cases(), ids=lambda case: case.file)
def test_case(case: Case) -> None:
    if case.file in WAITING:
        pytest.skip(WAITING[case.file])
    options = ReadingOptions(say_titles="--say-titles" in case.outcome)
    book = read_book((CASES / case.file).read_bytes(), case.file, options)
    assert not book.unreadable
    if case.file == "amplify.epub":  # a page that the spine names once
        assert [len(chapter.text) for chapter in book.chapters] == [899_999]
        return
    spoken = spoken_words(book)
    expected = phrases(DESCRIBED.get(case.file, case.spoken))
    together = "".join(spoken)
    assert not [p for p in expected if "".join(p) not in together], spoken
    for own in phrases(OWN_WORDS.get(case.file, "")):
        spoken = words(" ".join(spoken).replace(" ".join(own), "", 1))
    assert not [p for p in phrases(case.unspoken) if holds(spoken, p)], spoken
