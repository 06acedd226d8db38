"""Guesses the pronunciation of words that no lexicon has.

A linear-chain CRF labels every letter with its phonemes ("sh" → ʃ and nothing). The model is the
one of the package gruut-lang-en; its features are named as it was trained.

Source: rhasspy/gruut@2.4.0 gruut/g2p.py (MIT): names of the features.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from functools import lru_cache
from pathlib import Path
from threading import Lock

import pycrfsuite

_CONTEXT = 3
"""Letters to either side that a label depends on."""
_SILENT = "_"


class Guesser:
    """Letters to phonemes. Safe to share between threads.

    Args:
        model: a CRFsuite model.
    """

    def __init__(self, model: Path) -> None:
        self._crf = pycrfsuite.Tagger()
        self._crf.open(str(model))
        # CRFsuite keeps the sequence in the model between setting and decoding it.
        self._lock = Lock()
        self._cached = lru_cache(maxsize=8192)(self._guess)

    def guess(self, word: str) -> tuple[str, ...]:
        """Returns the phonemes of a lower-case word; none for an empty one."""
        return self._cached(word) if word else ()

    def _guess(self, word: str) -> tuple[str, ...]:
        features = _features([b64encode(letter.encode()).decode() for letter in word])
        with self._lock:
            labels = self._crf.tag(features)
        phonemes = (p for label in labels for p in b64decode(label).decode().split("|"))
        return tuple(p for p in phonemes if p != _SILENT)


def _features(letters: list[str]) -> list[dict[str, float]]:
    """Returns the features of every letter: itself, its neighbours, the word's edges."""
    last = len(letters) - 1
    items = []
    for at, letter in enumerate(letters):
        features = {"bias": 1.0, f"grapheme:{letter}": 1.0}
        for distance in range(1, _CONTEXT + 1):
            if at >= distance:
                features[f"grapheme-{distance}:{letters[at - distance]}"] = 1.0
            if at + distance <= last:
                features[f"grapheme+{distance}:{letters[at + distance]}"] = 1.0
        if at == 0:
            features["begin"] = 1.0
        if at == last:
            features["end"] = 1.0
        items.append(features)
    return items
