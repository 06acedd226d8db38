"""Raised and lowered pieces: note marks, powers, ordinals, indices, numbers of verses."""

from __future__ import annotations

import re
from collections.abc import Sequence

from text.books.pages.markup import Element, local_name, text_of

VERSES = 3
"""So many raised numbers before words that count up are numbers of verses."""
_SUPERSCRIPT = str.maketrans("0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")
_POWER = re.compile(r"[0-9+−-]+")
_AFTER_NOTED = re.compile(r"(?:[^\W\d_]{4}|[.,;:!?”’\"')\]])$")
"""After a word or its stop a raised number is a note's; after a unit or a sign it is a power."""
_VARIABLE = re.compile(r"[a-z]")
_AFTER_BASE = re.compile(r"(?:^|[\W\d_])[A-Za-z]$|\d$")
"""A single letter or a number: a raised letter after it is an exponent, not an ordinal."""
_ORDINALS = frozenset(("d", "e", "o", "a", "r", "s", "t"))
"""Letters that abbreviate words when they are raised (nº, Mˢ)."""


def is_note_mark(element: Element, before: str) -> bool:
    """Returns whether a raised number refers to a note.

    Args:
        element: a ``sup``.
        before: the last characters of the paragraph so far.
    """
    return _is_number(element) and bool(_AFTER_NOTED.search(before))


def raised_text(element: Element, name: str, before: str) -> str:
    """Returns a raised or lowered piece in words or signs; empty = it reads as any text.

    Args:
        element: a ``sup`` or ``sub``.
        name: which of the two.
        before: the last characters of the paragraph so far.
    """
    text = element.text or ""
    if name == "sup" and _is_number(element) and before and not before[-1].isspace():
        return text.translate(_SUPERSCRIPT)
    exponent = name == "sup" and not len(element) and _VARIABLE.fullmatch(text)
    if exponent and text not in _ORDINALS and _AFTER_BASE.search(before):
        return f" to the {text}"
    return ""


def verse_numbers(body: Element) -> set[Element]:
    """Returns raised numbers that are numbers of verses: each before a word, and counting up.

    Args:
        body: of a page.
    """
    found: set[Element] = set()
    run: list[Element] = []
    expected = 0
    for element in body.iter("*"):
        if local_name(element) != "sup" or not _before_word(element):
            continue
        number = int(text_of(element).strip())
        if number != expected:
            found.update(_long(run))
            run = []
        run.append(element)
        expected = number + 1
    found.update(_long(run))
    return found


def _long(run: Sequence[Element]) -> Sequence[Element]:
    return run if len(run) >= VERSES else ()


def _is_number(element: Element) -> bool:
    return not len(element) and bool(_POWER.fullmatch(element.text or ""))


def _before_word(element: Element) -> bool:
    """Whether a number stands before a word: at the start of a paragraph, or behind a blank."""
    text = element.text or ""
    if len(element) or not text.strip().isdecimal() or len(text) > 6:
        return False
    previous = element.getprevious()
    parent = element.getparent()
    if previous is not None:
        tail = previous.tail
        before = tail if tail else " "
    else:
        before = (parent.text if parent is not None else None) or " "
    return before[-1:].isspace()
