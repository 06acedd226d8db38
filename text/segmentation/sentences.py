"""Tokens to sentences with the silence after them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.text import Pauses
from text.normalization.tokens import Token


@dataclass(slots=True)
class Sentence:
    """Words and points, and the silence after them [s]."""

    tokens: list[Token]
    pause: float

    def settle(self) -> None:
        """A comma that a break put at its end becomes a full stop: nothing follows."""
        last = self.tokens[-1]
        if last.text == "," and last.start == last.end:
            self.tokens[-1] = Token("point", ".", last.start, last.end, ends=True)


def sentences(tokens: Iterable[Token], pauses: Pauses) -> tuple[float, list[Sentence]]:
    """Groups tokens; the first value is the silence before everything [s]."""
    grouping = _Grouping(pauses)
    for token in tokens:
        grouping.take(token)
    return grouping.finished()


class _Grouping:
    def __init__(self, pauses: Pauses) -> None:
        self._pauses = pauses
        self._lead = 0.0
        self._done: list[Sentence] = []
        self._open: list[Token] = []
        self._asked = False
        """The pause after the last sentence is the author's."""

    def take(self, token: Token) -> None:
        if token.kind in ("word", "point"):
            self._open.append(token)
            if token.ends:
                self._close()
        elif token.kind == "break":
            self._pause(token)
        else:
            if self._open:
                self._close()
            elif self._done:
                self._done[-1].settle()
            if token.kind == "paragraph" and self._done and not self._asked:
                self._done[-1].pause = self._pauses.paragraph

    def _close(self) -> None:
        if any(token.kind == "word" for token in self._open):
            self._done.append(Sentence(self._open, self._pauses.sentence))
            self._asked = False
        self._open = []

    def _pause(self, token: Token) -> None:
        if self._open and not token.seconds:
            return
        if self._open:
            self._open.append(Token("point", ",", token.start, token.start))
            self._close()
        if not self._done:
            self._lead += token.seconds
            return
        last = self._done[-1]
        last.pause = token.seconds + (last.pause if self._asked else 0.0)
        self._asked = True

    def finished(self) -> tuple[float, list[Sentence]]:
        if self._open:
            self._close()
        if self._done:
            self._done[-1].settle()
            if not self._asked:
                self._done[-1].pause = 0.0
        return self._lead, self._done
