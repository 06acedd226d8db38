"""How far the mel of samples lies from the one that was vocoded, word by word.

A recognizer understands a word through noise; what a vocoder did wrong shows here all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from core.mel import Float32
from core.text import Word

AUDIBLE = -8.0
"""Natural log of a magnitude below which a difference is not heard; networks differ most there."""


def word_deviations(
    vocoded: Float32, mel: Float32, durations: Sequence[int], words: Iterable[Word]
) -> tuple[float, ...]:
    """Returns the mean difference of two mels over each word [nats], 0 of a word without frames.

    Args:
        vocoded: (n_mels, T) natural log, what the vocoder was given.
        mel: (n_mels, T) of the samples that it made.
        durations: frames of each phoneme.
        words: of the utterance.

    >>> given, made = np.zeros((2, 4), np.float32), np.ones((2, 4), np.float32)
    >>> made[:, :3] = 0
    >>> word_deviations(given, made, [1, 1, 2], [Word("a", None, 0, 2), Word("b", None, 2, 3)])
    (0.0, 0.5)
    """
    frames = min(vocoded.shape[1], mel.shape[1])
    known, found = (np.maximum(m[:, :frames], AUDIBLE) for m in (vocoded, mel))
    difference = np.abs(found - known).mean(0)
    edges = np.concatenate([[0], np.cumsum(durations)])
    runs = [difference[edges[word.start] : edges[word.end]] for word in words]
    return tuple(float(run.mean()) if len(run) else 0.0 for run in runs)
