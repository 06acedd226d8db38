"""Brackets of a text in pairs, found in one pass: a search from each of them would be quadratic."""

from __future__ import annotations

import re
from collections.abc import Iterator

_BRACKETS = re.compile(r"[\[\]]")


def bracket_pairs(text: str) -> Iterator[tuple[int, int]]:
    """Yields the start and end of each piece in square brackets, inner ones first.

    >>> list(bracket_pairs("[a [b] c] [d"))
    [(3, 6), (0, 9)]
    """
    opened: list[int] = []
    for bracket in _BRACKETS.finditer(text):
        if bracket.group() == "[":
            opened.append(bracket.start())
        elif opened:
            yield opened.pop(), bracket.end()
