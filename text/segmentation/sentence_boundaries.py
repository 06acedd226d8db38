"""Sentence boundaries: where sentences and paragraphs end."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

_CLOSERS = re.compile(r"[\"')\]}*_]*(?:\[\d{1,3}\])*")
_NEXT = re.compile(r"\s+[\"'(\[{*_-]*(\w[\w']*)?")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
_ITEM = re.compile(r"\s*(?:[-*•‣◦+]|\d{1,3}[.)]|[a-z][.)])\s+\S")
SHORT_LINE = 50
"""Characters. A shorter line followed by a capital is a line of its own (a heading, an address, a
verse), not wrapped prose: prose is wrapped at 60 or more."""
STARTERS = frozenset(
    [
        *("the", "he", "she", "it", "they", "we", "i", "this", "that", "these", "those", "a", "an"),
        *("in", "on", "at", "but", "and", "as", "for", "if", "when", "there", "what", "who", "his"),
        *("her", "their", "our", "my", "you", "after", "before", "since", "then", "now", "however"),
        *("why", "how", "where", "so", "no", "yes", "not", "one", "some", "many", "most", "all"),
        *("please", "let", "is", "are", "do", "does", "did", "can", "will", "would", "her", "its"),
        *("or", "nor", "yet", "have", "has", "was", "were", "about", "under", "over", "once"),
        *("today", "later", "next", "first", "while", "although", "because", "from", "with", "by"),
    ]
)
"""A capitalized word of these after an abbreviation begins a new sentence."""


def ends_sentence(
    text: str, match: re.Match[str], before: Sequence[str], in_lexicon: Callable[[str], bool]
) -> bool:
    """Returns whether a cluster of . ? ! … ends a sentence.

    Args:
        text: the whole content.
        match: the cluster.
        before: words of the sentence so far.
        in_lexicon: whether the lexicon has a lower-case word.
    """
    closed = _CLOSERS.match(text, match.end())
    stop = closed.end() if closed else match.end()
    if stop >= len(text):
        return True
    following = _NEXT.match(text, stop)
    if following is None:
        previous = text[match.start() - 1 : match.start()]
        return text[stop].isupper() and (match[0] != "." or previous.islower())
    word = following[1]
    if word is None or not word[0].islower():
        return True
    if match[0] != ".":
        return False
    last = before[-1] if before else ""
    return last.islower() and len(last) > 2 and in_lexicon(last) and stop == match.end()


def ends_after_abbreviation(text: str, at: int) -> bool:
    """Returns whether the full stop of an abbreviation also ends the sentence."""
    closed = _CLOSERS.match(text, at)
    stop = closed.end() if closed else at
    following = _NEXT.match(text, stop)
    if stop >= len(text):
        return True
    if following is None:
        return False
    word = following[1]
    if _BLANK_LINE.search(following[0]):
        return True
    if word is None:
        return text[following.end() : following.end() + 1] not in tuple("&+%$€£-–—")
    return word[0].isupper() and word.lower() in STARTERS


def line_break(text: str, start: int, stop: int) -> Literal["sentence", "paragraph"] | None:
    """Returns what the white space ``text[start:stop]`` breaks, if anything.

    >>> line_break("a\\n \\nb", 1, 4)
    'paragraph'
    """
    gap = text[start:stop]
    lines = gap.replace("\r\n", "\n").count("\n")
    if not lines:
        return None
    if lines > 1:
        return "paragraph"
    if _ITEM.match(text, start):
        return "sentence"
    line = start - (text.rfind("\n", 0, start) + 1)
    return "sentence" if line < SHORT_LINE and text[stop : stop + 1].isupper() else None
