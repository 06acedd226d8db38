"""Durations of texts: estimated before a job is queued, and known better when it is planned.

Before a job is queued nothing is known of its phonemes, so characters are counted.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

from core.duration import TextDuration
from core.text import Pauses, Utterance
from text.ssml.directives import SsmlDocument

SECONDS_PER_CHARACTER: Final = 0.068
"""Mean speech per character [s], spaces included: about 14.7 characters a second."""
_SENTENCE_END = re.compile(r"[.!?…]+(?=\s|$)")
_BLANK_LINES = re.compile(r"\n[^\S\n]*\n")


def plain_duration(text: str, pauses: Pauses) -> TextDuration:
    """Returns the estimated duration of a plain text."""
    paragraphs = len(_BLANK_LINES.findall(text))
    sentences = max(0, len(_SENTENCE_END.findall(text)) - paragraphs)
    silence = pauses.sentence * sentences + pauses.paragraph * paragraphs
    return TextDuration(0.0, silence, SECONDS_PER_CHARACTER * len(text))


def ssml_duration(document: SsmlDocument, pauses: Pauses) -> TextDuration:
    """Returns the estimated duration of an SSML document; breaks count as they are."""
    text = "".join(character for character, _, _ in document.characters)
    plain = plain_duration(text, pauses)
    visible = [start for character, start, _ in document.characters if not character.isspace()]
    runs: dict[int, float] = {}  # visible characters before a run of breaks → its length [s]
    for event in document.events:
        if event.kind == "break":
            before = bisect_left(visible, event.at)
            runs[before] = runs.get(before, 0.0) + event.seconds
    return TextDuration(
        max(runs.values(), default=0.0),
        plain.silence + sum(runs.values()),
        plain.speech + _slowed_seconds(document),
    )


def _slowed_seconds(document: SsmlDocument) -> float:
    """Returns what the document's prosody adds to its speech, or takes from it [s].

    Scopes nest properly, so a stack of those that are open knows the speed around each.
    """
    starts = [start for _, start, _ in document.characters]
    extra, around = 0.0, list[tuple[int, float]]()
    for scope in sorted(document.scopes, key=lambda scope: (scope.start, -scope.end)):
        while around and around[-1][0] <= scope.start:
            around.pop()
        outer = around[-1][1] if around else 1.0
        inner = outer * scope.speed
        around.append((scope.end, inner))
        characters = bisect_left(starts, scope.end) - bisect_left(starts, scope.start)
        extra += SECONDS_PER_CHARACTER * characters * (1 / inner - 1 / outer)
    return extra


def planned_duration(
    utterances: Iterable[Utterance], lead_seconds: float, audio_seconds: float, speed: float
) -> TextDuration:
    """Returns the duration of a planned text.

    Args:
        utterances: of all chapters.
        lead_seconds: silence before the first one, at speed 1 [s].
        audio_seconds: estimated length of all parts, at the request's speed [s].
        speed: of the request.
    """
    pauses = [lead_seconds, *(utterance.pause_after_seconds for utterance in utterances)]
    silence = sum(pauses)
    return TextDuration(max(pauses), silence, audio_seconds * speed - (silence - lead_seconds))
