"""Limits of SSML, and factors checked together with those around them."""

from __future__ import annotations

from collections.abc import Sequence

from text.ssml.directives import SsmlScope
from text.ssml.errors import refusal

DEEPEST_NESTING = 64
"""Elements inside elements."""
LONGEST_PAUSE = 10.0
"""Seconds of one <break>."""
LONGEST_PRONUNCIATION = 100
"""Phonemes of one word in <phoneme>: a word is never split, so it must fit an utterance."""
SPEED_BOUNDS = (0.2, 8.0)
"""Slower, the longest utterance has more frames than an acoustic model has positions for; faster,
most phonemes have none."""
PITCH_BOUNDS = (0.25, 4.0)
"""Two octaves: beyond, the predicted pitch means nothing to a model."""


def check_nested_prosody(
    scopes: Sequence[SsmlScope], source: str, *, speed: float = 1.0, pitch: float = 1.0
) -> None:
    """Raises where factors that are allowed alone are not allowed multiplied.

    Args:
        scopes: of a document.
        source: the document.
        speed, pitch: of the request.

    Raises:
        SsmlError: at the innermost element.
    """
    around: list[tuple[SsmlScope, float, float]] = []
    for scope in sorted(scopes, key=lambda scope: (scope.start, -scope.end)):
        while around and around[-1][0].end <= scope.start:
            around.pop()
        _, fast, high = around[-1] if around else (scope, speed, pitch)
        fast, high = fast * scope.speed, high * scope.pitch
        for what, value, (low, top) in (
            ("speed", fast, SPEED_BOUNDS),
            ("pitch", high, PITCH_BOUNDS),
        ):
            if not low <= value <= top:
                message = (
                    f"{what} {value:g} together with what is around; allowed is {low:g} to {top:g}"
                )
                raise refusal(message, source, scope.start)
        around.append((scope, fast, high))
