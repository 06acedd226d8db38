"""Tokens to sentences with the silence after them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.text import Pauses
from text.normalization.tokens import Token


@dataclass(slots=True)
class TokenSentence:
    """A sentence's words and punctuation, and the silence after it [s]."""

    tokens: list[Token]
    pause: float

    def close(self) -> None:
        """Turns a comma that a break put at the end into a full stop: nothing follows it."""
        last = self.tokens[-1]
        if last.text == "," and last.start == last.end:
            self.tokens[-1] = Token("punctuation", ".", last.start, last.end, ends=True)


def group_sentences(tokens: Iterable[Token], pauses: Pauses) -> tuple[float, list[TokenSentence]]:
    """Returns the silence before everything [s] and the sentences."""
    grouping = _Grouping(pauses)
    for token in tokens:
        grouping.add(token)
    return grouping.finish()


class _Grouping:
    def __init__(self, pauses: Pauses) -> None:
        self._pauses = pauses
        self._lead = 0.0
        self._done: list[TokenSentence] = []
        self._open: list[Token] = []
        self._pause_by_author = False
        """Whether the pause after the last sentence comes from a <break>."""

    def add(self, token: Token) -> None:
        if token.kind in ("word", "punctuation"):
            self._open.append(token)
            if token.ends:
                self._end_sentence()
        elif token.kind == "break":
            self._add_break(token)
        else:
            if self._open:
                self._end_sentence()
            elif self._done:
                self._done[-1].close()
            if token.kind == "paragraph" and self._done and not self._pause_by_author:
                self._done[-1].pause = self._pauses.paragraph

    def _end_sentence(self) -> None:
        if any(token.kind == "word" for token in self._open):
            self._done.append(TokenSentence(self._open, self._pauses.sentence))
            self._pause_by_author = False
        self._open = []

    def _add_break(self, token: Token) -> None:
        if self._open and not token.seconds:
            return
        if self._open:
            # A break inside a sentence cuts it; the comma keeps the voice's melody open.
            self._open.append(Token("punctuation", ",", token.start, token.start))
            self._end_sentence()
        if not self._done:
            self._lead += token.seconds
            return
        last = self._done[-1]
        last.pause = token.seconds + (last.pause if self._pause_by_author else 0.0)
        self._pause_by_author = True

    def finish(self) -> tuple[float, list[TokenSentence]]:
        if self._open:
            self._end_sentence()
        if self._done:
            self._done[-1].close()
            if not self._pause_by_author:
                self._done[-1].pause = 0.0
        return self._lead, self._done
