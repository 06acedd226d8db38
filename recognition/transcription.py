"""Recordings to what sounds in them: phonemes and characters with times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
import numpy as np

from core.mel import Float32, MelSpec
from recognition.decoding import collapsed
from recognition.labels import BLANK, CHARACTERS, GAP
from recognition.word_search import FoundWord

LONGEST_SECONDS = 20.0
"""Longest piece of a recording that goes through a recognizer at once."""
SEARCHED_SHARE = 0.4
"""Last share of a piece in which its end is looked for, at the quietest frame."""


class TranscribedWord(msgspec.Struct, frozen=True):
    """A word that was recognized; times in seconds."""

    text: str
    start: float
    end: float


def pieces_of(mels: Iterable[Float32], spec: MelSpec) -> Iterator[tuple[int, Float32]]:
    """Yields pieces of a mel that comes in blocks (n_mels, T), cut where it is quiet.

    Each piece comes as soon as it is known, with its first frame.

    >>> import numpy as np
    >>> spec = MelSpec()
    >>> [mel.shape[1] for _, mel in pieces_of([np.zeros((80, 2000), np.float32)] * 2, spec)]
    [1034, 1034, 1034, 898]
    """
    longest = round(LONGEST_SECONDS * spec.frames_per_second)
    least = round(longest * (1.0 - SEARCHED_SHARE))
    start, waiting = 0, np.zeros((spec.n_mels, 0), np.float32)
    for block in mels:
        waiting = np.concatenate([waiting, block], 1)
        while waiting.shape[1] > longest:
            stop = least + int(waiting[:, least:longest].mean(0).argmin())
            yield start, waiting[:, :stop]
            start, waiting = start + stop, waiting[:, stop:]
    if waiting.shape[1]:
        yield start, waiting


def words_with_times(
    scores: Float32, frames_per_slot: int, spec: MelSpec, first: int = 0
) -> list[TranscribedWord]:
    """Returns the words on the best path of the character head.

    Args:
        scores: (J, characters) log-probabilities.
        frames_per_slot: mel frames of a row.
        spec: frames per second.
        first: mel frame at which they begin.
    """
    labels, words, begun = scores.argmax(1).tolist(), list[TranscribedWord](), list[int]()
    gap = CHARACTERS.index(GAP)

    def seconds(slot: int) -> float:
        return round((first + slot * frames_per_slot) / spec.frames_per_second, 3)

    for slot, label in enumerate([*labels, gap]):
        if label == gap and begun:
            run = labels[begun[0] : begun[-1] + 1]
            text = "".join(CHARACTERS[c] for c in collapsed(run))
            words.append(TranscribedWord(text, seconds(begun[0]), seconds(begun[-1] + 1)))
            begun = []
        elif label not in (gap, BLANK):
            begun.append(slot)
    return words


def streamed_words(
    chunks: Iterable[Float32], frames_per_slot: int, spec: MelSpec
) -> Iterator[TranscribedWord]:
    """Yields the words of endless speech, each as soon as the gap after it is known.

    Args:
        chunks: (J, characters) log-probabilities, one after the other.
        frames_per_slot: mel frames of a row.
        spec: frames per second.
    """
    longest = round(LONGEST_SECONDS * spec.frames_per_second / frames_per_slot)
    first, waiting = 0, np.zeros((0, len(CHARACTERS)), np.float32)
    for chunk in chunks:
        waiting = np.concatenate([waiting, chunk])
        gaps = np.flatnonzero(waiting.argmax(1) == CHARACTERS.index(GAP))
        # Without a gap for so long it is no word, and shall not fill the memory.
        done = int(gaps[-1]) if len(gaps) else len(waiting) * (len(waiting) > longest)
        yield from words_with_times(waiting[:done], frames_per_slot, spec, first)
        first, waiting = first + done * frames_per_slot, waiting[done:]
    yield from words_with_times(waiting, frames_per_slot, spec, first)


def timed_words(
    words: Iterable[FoundWord], frames_per_slot: int, spec: MelSpec, first: int = 0
) -> list[TranscribedWord]:
    """Returns words that were found with the times at which they sound.

    Args:
        words: with their frames of CTC.
        frames_per_slot: mel frames of a frame of CTC.
        spec: frames per second.
        first: mel frame at which the words' piece begins.
    """

    def seconds(slot: int) -> float:
        return round((first + slot * frames_per_slot) / spec.frames_per_second, 3)

    return [TranscribedWord(w.text, seconds(w.start), seconds(w.stop)) for w in words]
