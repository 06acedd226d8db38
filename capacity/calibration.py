"""What a batch costs, out of what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MeasuredBatches:
    """Batches that one device computed.

    Attributes:
        batches: how many.
        audio_seconds: speech in all of them [s].
        seconds: what they took together [s].
    """

    batches: float
    audio_seconds: float
    seconds: float


def batch_cost(measured: Sequence[MeasuredBatches]) -> tuple[float, float]:
    """Returns the constant cost of a batch [s] and the seconds for a second of speech in it.

    Least squares of seconds = constant · batches + rtf · audio_seconds; where that would make the
    constant negative it is 0.

    >>> one, three = MeasuredBatches(1, 3.0, 0.4), MeasuredBatches(1, 9.0, 1.0)
    >>> [round(figure, 6) for figure in batch_cost([one, three])]
    [0.1, 0.1]
    """
    bb = sum(one.batches**2 for one in measured)
    ba = sum(one.batches * one.audio_seconds for one in measured)
    aa = sum(one.audio_seconds**2 for one in measured)
    bs = sum(one.batches * one.seconds for one in measured)
    as_ = sum(one.audio_seconds * one.seconds for one in measured)
    determinant = bb * aa - ba**2
    if determinant > 1e-9 * bb * aa:
        constant = (bs * aa - as_ * ba) / determinant
        if constant >= 0:
            return constant, (as_ * bb - bs * ba) / determinant
    return 0.0, as_ / aa
