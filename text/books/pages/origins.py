"""Where the characters of a paragraph stand in its page: what a span round a sentence needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from text.books.pages.markup import Element

_TOKEN = re.compile(r"\S+")
_UNSEEN = frozenset("\u00ad\ufeff\u200b\u2060")
"""Characters that a reader of pages drops."""


class TextOrigin(NamedTuple):
    """A run of characters of a paragraph, and where they stand in the page."""

    start: int
    """First character in the paragraph."""
    length: int
    element: Element
    part: Literal["text", "tail", "whole"]
    """Of the element: its first text, the text behind it; whole: the words stand for it (the
    alternative text of a picture)."""
    at: int = 0
    """First character in the element's text or tail."""


class RawText:
    """A text of a page while it is read: what becomes of it is looked for in it.

    Args:
        element: that has it.
        part: of the element.
        text: as it stands in the page.
    """

    def __init__(
        self, element: Element, part: Literal["text", "tail", "whole"], text: str = ""
    ) -> None:
        self._element, self._part, self._text = element, part, text
        self._at = 0

    def origins(self, piece: str, start: int) -> Iterator[TextOrigin]:
        """Yields where the next characters stand; white space is passed over.

        Args:
            piece: as it was read.
            start: its first character in the paragraph.
        """
        if self._part == "whole":
            yield TextOrigin(start, len(piece), self._element, self._part)
            return
        for token in _TOKEN.finditer(piece):
            begin = self._seen(self._at)
            if self._text.startswith(token.group(), begin):
                self._at = begin + len(token.group())
                yield self._origin(start + token.start(), len(token.group()), begin)
                continue
            for offset, character in enumerate(token.group()):
                begin = self._seen(self._at)
                if begin == len(self._text):
                    return
                # Another character stands for a mended one; one for one.
                self._at = begin + 1
                if character.isspace() == self._text[begin].isspace():
                    yield self._origin(start + token.start() + offset, 1, begin)

    def _origin(self, start: int, length: int, at: int) -> TextOrigin:
        return TextOrigin(start, length, self._element, self._part, at)

    def _seen(self, at: int) -> int:
        text = self._text
        while at < len(text) and (text[at].isspace() or text[at] in _UNSEEN):
            at += 1
        return at


def moved_origins(origins: Iterable[TextOrigin], before: str, after: str) -> list[TextOrigin]:
    """Returns the origins of a paragraph of which characters were dropped.

    Args:
        origins: of the paragraph as it was.
        before: the paragraph as it was.
        after: what is left of it; blanks aside an end or a selection of its characters.
    """
    places: dict[int, int] = {}
    new = len(after)
    for old in reversed(range(len(before))):  # zeros are dropped at the beginning
        while new and after[new - 1].isspace():
            new -= 1
        if new and before[old] == after[new - 1]:
            new -= 1
            places[old] = new
    moved = []
    for run in origins:
        for offset in range(run.length):
            if (start := places.get(run.start + offset)) is not None:
                at = 0 if run.part == "whole" else run.at + offset
                moved.append(TextOrigin(start, 1, run.element, run.part, at))
    return moved
