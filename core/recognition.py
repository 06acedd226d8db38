"""What a recognizer makes of speech."""

from __future__ import annotations

from dataclasses import dataclass

from core.mel import Float32


@dataclass(frozen=True, slots=True)
class RecognizerOutput:
    """Log-probabilities of one utterance, frame by frame of CTC; label 0 is the blank.

    Attributes:
        phonemes: (J, n_symbols) float32.
        characters: (J, n_characters) float32.
        frames_per_slot: mel frames that a row stands for.
    """

    phonemes: Float32
    characters: Float32
    frames_per_slot: int
