"""What markup asks for together with the elements around it and the request."""

from __future__ import annotations

from collections.abc import Sequence

from text.ssml.directives import Scope
from text.ssml.parser import refusal

SPEED_BOUNDS = (0.2, 8.0)
"""Slower, the longest utterance has more frames than an acoustic model has positions for; faster,
most phonemes have none."""
PITCH_BOUNDS = (0.25, 4.0)
"""Two octaves: beyond, the predicted pitch means nothing to a model."""


def check_products(
    scopes: Sequence[Scope], source: str, *, speed: float = 1.0, pitch: float = 1.0
) -> None:
    """Refuses factors that are allowed alone, but not multiplied.

    Args:
        scopes: of a document.
        source: the document.
        speed, pitch: of the request.

    Raises:
        SsmlError: at the innermost element.
    """
    around: list[tuple[Scope, float, float]] = []
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
                told = f"{what} {value:g} together with what is around; {low:g} to {top:g} are said"
                raise refusal(told, source, scope.start)
        around.append((scope, fast, high))
