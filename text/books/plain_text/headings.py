"""Lines of a plain text that are headings of chapters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from text.books.plain_text.paragraphs import Paragraph

LONGEST_HEADING = 90
"""Characters of a line; the long descriptive titles of old novels stand on lines of their own."""
LONGEST_TITLE_LINES = 3
"""Lines of a heading that goes on below its number."""

_ROMAN = r"(?=[IVXLC])C{0,3}(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
_UNITS = "one two three four five six seven eight nine"
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth last"


def _any(words: str) -> str:
    return "|".join(words.split())


_CARDINAL = rf"(?:(?:{_any(_TENS)})(?:[ -](?:{_any(_UNITS)}))?|{_any(_TEENS)}|{_any(_UNITS)})"
_NUMBER = rf"(?:\d{{1,3}}|{_ROMAN}|{_CARDINAL}|(?:the )?(?:{_any(_ORDINALS)}))"
_DIVISION = rf"(?:chapter|chap\.|canto|letter|stave|adventure|lecture|episode) {_NUMBER}"
_PART = rf"(?:(?:book|part|volume|vol\.|act) {_NUMBER}|the (?:{_any(_ORDINALS)}) (?:book|part))"
_NAMED = (
    r"prologue|epilogue|preface|foreword|introduction|afterword|conclusion|interlude|postscript"
    r"|appendix(?: [A-Z0-9])?|etymology|dedication|acknowledg(?:e)?ments"
)
_TITLED = r"(?:[.:—–-]*$|(?:[.:]|\.?\s?[—–-]{1,2})\s*\S.*$|\.?\s{2,}\S.*$)"
_HEADING = re.compile(rf"(?:{_DIVISION}|{_PART}|{_NAMED}){_TITLED}", re.IGNORECASE)
_NUMBERED_TITLE = re.compile(rf"(?P<numeral>(?=[IVX]){_ROMAN})\.\s+[\"'“‘]?[A-Z0-9].*[^.,;:]")
_SENTENCE = re.compile(r"[,;]$")
_PARTS = re.compile(rf"{_PART}{_TITLED}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a chapter.

    Attributes:
        title: number and name, on one line.
        paragraphs: number of paragraphs that it consists of.
        is_part: whether it names a book or part, which a chapter may follow at once.
    """

    title: str
    paragraphs: int
    is_part: bool


def is_heading(line: str) -> bool:
    """Returns whether a line reads like a chapter's heading, number first.

    Args:
        line: without surrounding blanks.

    >>> [is_heading(t) for t in ("CHAPTER I", "Chapter 12: The End", "BOOK THE FIRST", "EPILOGUE.")]
    [True, True, True, True]
    >>> [is_heading(t) for t in ("Chapter 4 was dull, and he slept.", "Part of it", "I", "Acts 1,")]
    [False, False, False, False]
    """
    if len(line) > LONGEST_HEADING or _SENTENCE.search(line):
        return False
    return bool(_HEADING.match(line))


def numbered_title(line: str) -> int:
    """Returns the Roman number before a short title; 0 = the line is something else.

    >>> numbered_title("I. The Period"), numbered_title("XII. Night-fall")
    (1, 12)
    >>> [numbered_title(t) for t in ("I. He went home.", "I am. You are", "C. Smith", "V, the end")]
    [0, 0, 0, 0]
    """
    found = _NUMBERED_TITLE.fullmatch(line)
    if found is None or len(line) > LONGEST_HEADING or not found["numeral"]:
        return 0
    return _roman(found["numeral"])


def bare_number(line: str) -> int:
    """Returns the value of a number alone, Roman or not; 0 = the line is something else.

    >>> bare_number("XIV."), bare_number("3"), bare_number("MIX"), bare_number("chapter")
    (14, 3, 0, 0)
    """
    line = line.rstrip(".")
    if re.fullmatch(r"[1-9]\d{0,2}", line):
        return int(line)
    return _roman(line) if line and re.fullmatch(_ROMAN, line) else 0


def _roman(numeral: str) -> int:
    values = [{"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}[letter] for letter in numeral]
    after = [*values[1:], 0]
    return sum(-v if v < next_ else v for v, next_ in zip(values, after, strict=True))


def heading_at(paragraphs: Sequence[Paragraph], at: int, *, numbers: bool) -> Heading | None:
    """Returns the heading that a paragraph is or begins, if any.

    A heading is a short paragraph whose first line reads like one. Where that line is only
    a number, the next lines of the same paragraph, or a short next paragraph in capitals, name it.

    Args:
        paragraphs: of the book.
        at: index.
        numbers: whether numbers, alone or before titles, are headings.
    """
    lines = paragraphs[at].lines
    if len(lines) > LONGEST_TITLE_LINES or not _begins(lines[0], numbers):
        return None
    title, length = " ".join(lines), 1
    if len(lines) == 1 and at + 1 < len(paragraphs) and _names(lines[0], paragraphs[at + 1]):
        title = f"{title.rstrip('.:')}. {' '.join(paragraphs[at + 1].lines)}"
        length = 2
    return Heading(" ".join(title.split()), length, bool(_PARTS.match(lines[0])))


def without_page(line: str) -> str:
    """Returns a line of a table of contents without the dots and the page at its end.

    >>> without_page("CHAPTER III .... 12"), without_page("Chapter 3")
    ('CHAPTER III', 'Chapter 3')
    """
    if len(line) > 2 * LONGEST_HEADING:
        return line
    return re.sub(r"(?:\s*\.{2,}\s*|\s{2,})\d{1,4}$", "", line)


def _begins(line: str, numbers: bool) -> bool:
    line = without_page(line)
    return is_heading(line) or (numbers and (bare_number(line) or numbered_title(line)) > 0)


def _names(number: str, following: Paragraph) -> bool:
    """A short paragraph in capitals (or like a title) right below a bare number names it."""
    text = " ".join(following.lines)
    bare = re.fullmatch(rf"(?:{_DIVISION}|{_PART}|{_ROMAN})\.?", number, re.IGNORECASE)
    if not bare or len(following.lines) > LONGEST_TITLE_LINES or is_heading(following.lines[0]):
        return False
    capitals = text.isupper() and any(map(str.isalpha, text)) and not bare_number(text)
    return capitals and len(text) <= LONGEST_HEADING * 2
