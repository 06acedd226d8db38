"""Parts of speech, for words whose pronunciation depends on them.

A linear-chain CRF with the Penn Treebank's tags. The model is the one of the package
gruut-lang-en; its features are named as it was trained.

Source: rhasspy/gruut@2.4.0 gruut/pos.py (MIT): names of the features.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from string import punctuation
from threading import Lock

import pycrfsuite

_CONTEXT = 2
"""Words to either side that a tag depends on."""
_NAMES = {0: "", **{d: f"{d:+}:" for d in range(-_CONTEXT, _CONTEXT + 1) if d}}
"""Prefix of a neighbour's features, by distance."""


class PartOfSpeechTagger:
    """Words to Penn Treebank tags. Safe to share between threads.

    Args:
        model: a CRFsuite model.
    """

    def __init__(self, model: Path) -> None:
        self._crf = pycrfsuite.Tagger()
        self._crf.open(str(model))
        # CRFsuite keeps the sequence in the model between setting and decoding it.
        self._lock = Lock()

    def tag(self, words: Sequence[str]) -> list[str]:
        """Returns the tags of a sentence's words, which come without punctuation."""
        items = [_features(words, at) for at in range(len(words))]
        with self._lock:
            return list(self._crf.tag(items))


def _features(words: Sequence[str], at: int) -> dict[str, float]:
    features: dict[str, float] = {}
    for distance, name in _NAMES.items():
        if 0 <= at + distance < len(words):
            features |= _word_features(words[at + distance], name)
    if at == 0:
        features["BOS"] = 1.0
    if at == len(words) - 1:
        features["EOS"] = 1.0
    return features


@lru_cache(maxsize=16384)
def _word_features(word: str, name: str) -> dict[str, float]:
    """Returns a word's features: itself, its length, how it begins and ends."""
    features = {
        f"{name}bias": 1.0,
        f"{name}word:{b64encode(word.encode()).decode()}": 1.0,
        f"{name}len(word)": float(len(word)),
        f"{name}word.ispunctuation": float(word in punctuation),
        f"{name}word.isdigit()": float(word.isdigit()),
    }
    for length in (2, 3):
        features[f"{name}word[:{length}]:{word[:length]}"] = 1.0
        features[f"{name}word[-{length}:]:{word[-length:]}"] = 1.0
    return features
