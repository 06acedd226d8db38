"""What a recognizer makes of speech, and what a check says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

import msgspec

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


@dataclass(frozen=True, slots=True)
class StreamWindow:
    """How much of endless speech goes through a recognizer at once [frames of its encoder].

    Attributes:
        chunk: what is recognized, more than 0.
        context: what follows it, which is looked at besides; speech is recognized so much later.
    """

    chunk: int = 8
    context: int = 8

    def __post_init__(self) -> None:
        if self.chunk < 1 or self.context < 0:
            raise ValueError(f"a window of {self.chunk} frames and {self.context} after them")


CheckMode = Literal["off", "report", "retry"]
"""off: speech is delivered as it is; report: words that do not sound as meant are reported; retry:
they are synthesized once more, too, by another seed or another acoustic model."""
FindingCode = Literal["misheard", "dropped_word", "repeated_word"]
"""misheard: something else sounds; dropped_word: nothing of the word was found; repeated_word: the
word sounds twice."""
FINDING_CODES: Final = frozenset(get_args(FindingCode))


class CheckThresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bounds of right speech, measured; on a recognizer's card."""

    word: float
    """Cost of a word's alignment per phoneme [nats], beyond that of the likeliest labels."""
    gap: float
    """Cost of what lies between two words, likewise beyond the least [nats]."""
    dropped: float | None = None
    """By how much an utterance may be likelier without a word [nats]; None = nobody looks at it."""
    repeated: float | None = None
    """By how much it may be likelier with a word twice [nats], likewise."""
    deviation: float | None = None
    """Mean difference between a word's mel as it was vocoded and that of the samples [nats]; None =
    it is not looked at."""


class WordFinding(msgspec.Struct, frozen=True):
    """A word that does not sound as meant."""

    word: int
    """Index into the utterance's words."""
    code: FindingCode
    recognized: tuple[str, ...] = ()
    """Phonemes that were found in its place, without stress."""


class UtteranceCheck(msgspec.Struct, frozen=True):
    """What a recognizer thinks of an utterance."""

    confidences: tuple[float, ...]
    """Of each word, 0 to 1: the geometric mean of its phonemes' probabilities."""
    findings: tuple[WordFinding, ...] = ()
    seconds: float = 0.0
    """Compute of the check [s]."""
