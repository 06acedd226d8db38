"""Guesses the pronunciation of words that no lexicon has.

A word is read as a sequence of letter-phoneme pairs such as (sh, ʃ); an n-gram model of them tells
which sequences are English. The most probable one that has exactly one primary stress, and so at
least one vowel, is taken. Recipe: ``training.pronunciation.guesser``.

Source: M. Bisani, H. Ney, "Joint-sequence models for grapheme-to-phoneme conversion", Speech
Communication 50 (2008).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ORDER = 6
"""Pairs of an n-gram: five before the one whose probability it tells."""
START, END, FIRST_PAIR = 0, 1, 2
"""Numbers of the word's edges and of the first pair of the inventory."""
STEP = 0.08
"""Probabilities are stored as negative natural logarithms in these steps, one byte each."""
_BEAM = 12
"""Sequences that are followed."""
LONGEST = 50
"""Letters; what is longer is no word."""

_Hypothesis = tuple[float, NDArray[np.int64], tuple[int, ...]]
"""Cost, place of the last 0 to ORDER - 1 pairs in the arrays (-1: not there), pairs so far."""


class Guesser:
    """Letters to phonemes. Keeps no state but a cache; safe to share between threads.

    Args:
        path: a file of the recipe.
    """

    def __init__(self, path: Path) -> None:
        with np.load(path) as file:
            pairs = [line.split("\t") for line in file["pairs"].tolist()]
            self._keys = [file[f"keys{n}"] for n in range(1, ORDER + 1)]
            self._costs = [file[f"probabilities{n}"] for n in range(1, ORDER + 1)]
            self._backoffs = [file[f"backoff{n}"] for n in range(ORDER)]
        self._phonemes = [tuple(phones.split()) for _, phones in pairs]
        by_letters: dict[str, list[int]] = {}
        for number, (letters, _) in enumerate(pairs, FIRST_PAIR):
            by_letters.setdefault(letters, []).append(number)
        self._pairs = {letters: np.array(found) for letters, found in by_letters.items()}
        self._guess = lru_cache(maxsize=8192)(self._best)

    def guess(self, word: str) -> tuple[str, ...]:
        """Returns the phonemes of a word in lower-case ASCII letters; none where none fit."""
        return self._guess(word[:LONGEST])

    def _best(self, word: str) -> tuple[str, ...]:
        finished = self._search(word)
        guesses = [
            tuple(p for number in pairs[:-1] for p in self._phonemes[number - FIRST_PAIR])
            for _, _, pairs in finished
        ]
        for guess in guesses:
            if sum(phone.startswith("ˈ") for phone in guess) == 1:
                return guess
        return _with_one_stress(guesses[0]) if guesses else ()

    def _search(self, word: str) -> list[_Hypothesis]:
        """Returns the most probable sequences of pairs that spell the word, best first."""
        waiting: list[list[_Hypothesis]] = [[] for _ in range(len(word) + 1)]
        waiting[0].append((0.0, self._start(), ()))
        for at in range(len(word)):
            beam = _best_distinct(waiting[at])
            waiting[at] = []
            if not beam:
                continue
            for length in (1, 2):
                candidates = self._pairs.get(word[at : at + length])
                if candidates is not None and at + length <= len(word):
                    waiting[at + length] += self._extend(beam, candidates)
        beam = _best_distinct(waiting[len(word)])
        return sorted(self._extend(beam, np.array([END])), key=lambda h: h[0]) if beam else []

    def _start(self) -> NDArray[np.int64]:
        state = np.zeros((1, ORDER), dtype=np.int64)
        for _ in range(ORDER - 1):
            _, state = self._score(state, np.array([START]))
        start: NDArray[np.int64] = state[0]
        return start

    def _extend(
        self, beam: Sequence[_Hypothesis], candidates: NDArray[np.int64]
    ) -> list[_Hypothesis]:
        """Returns the best of all hypotheses with all candidates after them."""
        states = np.repeat(np.stack([state for _, state, _ in beam]), len(candidates), axis=0)
        before = np.repeat(np.array([cost for cost, _, _ in beam]), len(candidates))
        pairs = np.tile(candidates, len(beam))
        costs, after = self._score(states, pairs)
        costs = costs + before
        best = np.argsort(costs, kind="stable")[: 2 * _BEAM]
        return [
            (float(costs[i]), after[i], (*beam[i // len(candidates)][2], int(pairs[i])))
            for i in best
        ]

    def _score(
        self, states: NDArray[np.int64], pairs: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Returns the costs of pairs after states, and the states after them.

        Args:
            states: (hypotheses, ORDER) places of each one's last 0, 1 … pairs.
            pairs: (hypotheses,) numbers.
        """
        costs = np.full(len(pairs), 255.0)
        after = np.zeros_like(states)
        # From short contexts to long ones: where the longer n-gram is there, its probability
        # counts, else that of the shorter one and the weight of falling back to it.
        for order in range(1, ORDER + 1):
            context = states[:, order - 1]
            found = self._find(order, context, pairs)
            there = found >= 0
            known = context >= 0
            fallback = self._backoffs[order - 1][np.maximum(context, 0)]
            costs = np.where(
                there,
                self._costs[order - 1][np.maximum(found, 0)],
                costs + np.where(known, fallback, 0),
            )
            if order < ORDER:
                after[:, order] = found
        return costs * STEP, after

    def _find(
        self, order: int, context: NDArray[np.int64], pairs: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Returns where the n-grams of an order stand in its arrays, -1 where they don't."""
        keys = self._keys[order - 1]
        wanted = np.where(context >= 0, context << 10 | pairs, -1)
        places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[places] == wanted, places, -1)


def _best_distinct(hypotheses: list[_Hypothesis]) -> list[_Hypothesis]:
    """Returns the best hypotheses, one of those that the model cannot tell apart from here on."""
    kept: dict[bytes, _Hypothesis] = {}
    for hypothesis in sorted(hypotheses, key=lambda h: h[0]):
        kept.setdefault(hypothesis[1].tobytes(), hypothesis)
        if len(kept) == _BEAM:
            break
    return list(kept.values())


def _with_one_stress(phonemes: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the phonemes with the first primary stress alone, or one put on the first vowel."""
    from text.g2p.phonemizer import VOWELS

    stressed = [i for i, phone in enumerate(phonemes) if phone.startswith("ˈ")]
    vowels = [i for i, phone in enumerate(phonemes) if phone.lstrip("ˈˌ") in VOWELS]
    if not vowels:
        return phonemes
    full = [i for i in vowels if phonemes[i] != "ə"]
    main = (stressed or full or vowels)[0]
    return tuple(
        "ˈ" + phone.lstrip("ˈˌ").replace("ə", "ʌ") if i == main else phone.replace("ˈ", "ˌ")
        for i, phone in enumerate(phonemes)
    )
