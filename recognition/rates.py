"""Rates of a recognizer: mel frames, frames of its encoder, frames of CTC. Without torch."""

from __future__ import annotations

SLOTS = 2
"""Frames of CTC per frame of the encoder: at a quarter of the mel's rate, 21.5 Hz, fast speech has
as many phonemes and gaps as frames, and CTC needs blanks between equal ones."""
STRIDE = 4
"""Mel frames per frame of the encoder."""


def slots_of(frames: int) -> int:
    """Returns the frames of CTC for so many mel frames.

    >>> slots_of(5)
    4
    """
    return -(-frames // STRIDE) * SLOTS
