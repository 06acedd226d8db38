"""Paragraphs of signs alone: they stand for a scene break and have no sound."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec import structs

from core.text import Utterance

LONGEST = 60
"""Characters of such a paragraph."""
_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")
_SIGNS_OF_SPEECH = re.compile(r"[\"'“”‘’«»?!&%$€£@]")
"""Signs that somebody may say, or that belong to speech."""
_KNOT = re.compile(r"o0o|oOo|O0O|^[\W_]+[oO0]{2,}[\W_]+$")
"""What printers set between two parts: -o0o-, —oOo—."""


def is_scene_break(paragraph: str) -> bool:
    """Returns whether a paragraph is an ornament: ``* * *``, ``#``, ``§``, ``-o0o-``, ``⁂``.

    >>> [is_scene_break(t) for t in ("* * *", "#", "-o0o-", "⁂", "—", "ooo!", "?!", "o", "1")]
    [True, True, True, True, True, False, False, False, False]
    """
    text = paragraph.strip()
    if not text or len(text) > LONGEST or _SIGNS_OF_SPEECH.search(text):
        return False
    letters = "".join(filter(str.isalnum, text))
    return not letters or (set(letters) <= set("oO0") and bool(_KNOT.search(text)))


def with_scene_pauses(
    text: str, utterances: Sequence[Utterance], seconds: float
) -> Iterator[Utterance]:
    """Yields utterances; the pause before the next scene is at least as long as asked for.

    Args:
        text: plain text, the source of the utterances.
        utterances: in order.
        seconds: between scenes [s].
    """
    for utterance, following in pairwise((*utterances, None)):
        assert utterance is not None
        if following is not None and utterance.pause_after_seconds < seconds:
            between = text[utterance.span.end : following.span.start]
            if any(map(is_scene_break, _BLANK_LINES.split(between))):
                utterance = structs.replace(utterance, pause_after_seconds=seconds)
        yield utterance
