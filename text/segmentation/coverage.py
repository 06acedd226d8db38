"""Source characters that are not spoken, by reason."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Literal

from core.text import Silence, Span, Utterance
from text.normalization.unicode import Content

Reason = Literal["whitespace", "punctuation", "markup", "symbol", "emoji", "control"]


def silences_between(
    source: str, utterances: Sequence[Utterance], content: Content | None
) -> tuple[Silence, ...]:
    """Runs of one reason, outside the utterances' spans.

    Args:
        source: the whole text.
        utterances: in order, spans disjoint.
        content: of a document with markup; what is not content is markup.
    """
    read = _read_flags(source, content)
    silences: list[Silence] = []
    position = 0
    for span in (*(u.span for u in utterances), Span(len(source), len(source))):
        start = position
        for i in range(position, span.start):
            reason = _reason(source, i, read)
            if i + 1 == span.start or _reason(source, i + 1, read) != reason:
                silences.append(Silence(Span(start, i + 1), reason))
                start = i + 1
        position = max(position, span.end)
    return tuple(silences)


def _read_flags(source: str, content: Content | None) -> bytearray:
    """1 for content, 0 for markup."""
    if content is None:
        return bytearray(b"\1") * len(source)
    flags = bytearray(len(source))
    for start, end in zip(content.starts, content.ends, strict=True):
        flags[start:end] = b"\1" * (end - start)
    return flags


def _reason(source: str, at: int, read: bytearray) -> Reason:
    if not read[at]:
        return "markup"
    character = source[at]
    kind = unicodedata.category(character)
    if character.isspace() or kind[0] == "Z":
        return "whitespace"
    if kind[0] == "C":
        return "control"
    if kind[0] in "PM":
        return "punctuation"
    return "emoji" if kind == "So" and character >= "\u2190" else "symbol"
