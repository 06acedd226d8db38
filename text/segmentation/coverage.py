"""Coverage: which source characters are not spoken, and why."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Literal

from core.text import Silence, Span, Utterance
from text.normalization.unicode import FoldedText

Reason = Literal["whitespace", "punctuation", "markup", "symbol", "emoji", "control", "script"]


def find_silences(
    source: str,
    utterances: Sequence[Utterance],
    content: FoldedText | None,
    silent: Sequence[Span] = (),
) -> tuple[Silence, ...]:
    """Returns the runs of characters that are not spoken, each of one reason.

    They are all characters between the utterances' spans, and those inside a span that cannot be
    spoken.

    Args:
        source: the whole text.
        utterances: in order, with disjoint spans.
        content: of a document with markup; what is not content is markup.
        silent: runs that cannot be spoken, wherever they are.
    """
    is_content = _content_flags(source, content)
    silences: list[Silence] = []
    position = 0
    for span in (*(u.span for u in utterances), Span(len(source), len(source))):
        start = position
        for i in range(position, span.start):
            reason = _reason(source, i, is_content)
            if i + 1 == span.start or _reason(source, i + 1, is_content) != reason:
                silences.append(Silence(Span(start, i + 1), reason))
                start = i + 1
        position = max(position, span.end)
    inside = _inside(source, utterances, silent, is_content)
    return tuple(sorted((*silences, *inside), key=lambda silence: silence.span.start))


def _inside(
    source: str, utterances: Sequence[Utterance], silent: Sequence[Span], is_content: bytearray
) -> Iterator[Silence]:
    """Yields the silent runs that lie in an utterance."""
    starts = [utterance.span.start for utterance in utterances]
    for span in silent:
        at = bisect_right(starts, span.start) - 1
        if at >= 0 and span.end <= utterances[at].span.end:
            yield Silence(span, _reason(source, span.start, is_content))


def _content_flags(source: str, content: FoldedText | None) -> bytearray:
    """Returns 1 for each character of content, 0 for each of markup."""
    if content is None:
        return bytearray(b"\1") * len(source)
    flags = bytearray(len(source))
    for start, end in zip(content.starts, content.ends, strict=True):
        flags[start:end] = b"\1" * (end - start)
    return flags


def _reason(source: str, at: int, is_content: bytearray) -> Reason:
    if not is_content[at]:
        return "markup"
    character = source[at]
    category = unicodedata.category(character)
    if character.isspace() or category[0] == "Z":
        return "whitespace"
    if category[0] == "C":
        return "control"
    if category[0] in "PM":
        return "punctuation"
    if category[0] == "L":
        return "script"
    return "emoji" if category == "So" and character >= "\u2190" else "symbol"
