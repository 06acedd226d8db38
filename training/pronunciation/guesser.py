"""The guesser's recipe: an n-gram model of letter-phoneme pairs, estimated on every known word.

Words are sequences of pairs (``alignment``); their n-grams are smoothed by Kneser and Ney's method
with three discounts and stored as sorted arrays that ``text.g2p.guesser`` searches.

Source: M. Bisani, H. Ney, "Joint-sequence models for grapheme-to-phoneme conversion", Speech
Communication 50 (2008); S. Chen, J. Goodman, "An empirical study of smoothing techniques for
language modeling", Harvard TR-10-98, section 3 (modified Kneser-Ney, interpolated).
Differs: pairs come from one alignment instead of joint estimation; rare long n-grams are pruned.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from text.g2p.guesser import END, FIRST_PAIR, ORDER, START, STEP
from training.pronunciation.alignment import Pair, Phonemes, best_alignment, estimate_pairs

SAMPLE = 20_000
"""Words that the alignment is estimated on."""
RAREST_PAIR = 5
"""Words that hold a pair must be so many; the others are misaligned or foreign."""
PRUNED_FROM = 5
"""From this order on, n-grams seen once are dropped: they are most of the file."""


def align_sample(words: Mapping[str, Phonemes], seed: int = 0) -> dict[Pair, float]:
    """Returns the probabilities of letter-phoneme pairs, estimated on a sample of words."""
    spelled = _spelled(words)
    sample = random.Random(seed).sample(sorted(spelled), min(SAMPLE, len(spelled)))
    return estimate_pairs([(word, spelled[word]) for word in sample])


def train_guesser(
    words: Mapping[str, Phonemes], pairs: Mapping[Pair, float]
) -> dict[str, NDArray[np.generic]]:
    """Returns the arrays of a guesser.

    Args:
        words: spelling to phonemes.
        pairs: probabilities of pairs, of ``align_sample``.
    """
    spelled = sorted(_spelled(words).items())
    aligned = [best_alignment(word, phonemes, pairs) for word, phonemes in spelled]
    return _arrays([found for found in aligned if found])


def _spelled(words: Mapping[str, Phonemes]) -> dict[str, Phonemes]:
    """Returns the words of ASCII letters, without their apostrophes."""
    return {
        word.replace("'", ""): phonemes
        for word, phonemes in words.items()
        if len(word) > 1 and word.isascii() and word.replace("'", "").isalpha()
    }


def save_guesser(arrays: Mapping[str, NDArray[np.generic]], path: Path) -> None:
    """Writes a guesser's arrays to a compressed file."""
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]


def _arrays(aligned: Sequence[Sequence[Pair]]) -> dict[str, NDArray[np.generic]]:
    counts = Counter(pair for pairs in aligned for pair in pairs)
    inventory = sorted(pair for pair, n in counts.items() if n >= RAREST_PAIR)
    numbers = {pair: number for number, pair in enumerate(inventory, FIRST_PAIR)}
    sequences = [
        (*[START] * (ORDER - 1), *(numbers[pair] for pair in pairs), END)
        for pairs in aligned
        if all(pair in numbers for pair in pairs)
    ]
    arrays: dict[str, NDArray[np.generic]] = {
        "pairs": np.array([f"{letters}\t{' '.join(phones)}" for letters, phones in inventory])
    }
    counted = _count(sequences)
    index: dict[tuple[int, ...], int] = {(): 0}
    probabilities: dict[tuple[int, ...], float] = {(): 1.0 / (len(inventory) + FIRST_PAIR)}
    for order in range(1, ORDER + 1):
        grams, backoff = _smooth(counted[order], probabilities)
        kept = [
            gram
            for gram in grams
            if gram[:-1] in index and (order < PRUNED_FROM or counted[order][gram] > 1)
        ]
        keys = np.array([index[gram[:-1]] << 10 | gram[-1] for gram in kept], dtype=np.int64)
        rank = np.argsort(keys)
        arrays[f"backoff{order - 1}"] = _quantized(
            [backoff.get(context, 1.0) for context in sorted(index, key=index.__getitem__)]
        )
        arrays[f"keys{order}"] = keys[rank]
        arrays[f"probabilities{order}"] = _quantized([grams[kept[i]] for i in rank])
        index = {kept[i]: number for number, i in enumerate(rank)}
        probabilities = grams
    return arrays


def _count(sequences: Iterable[tuple[int, ...]]) -> list[Counter[tuple[int, ...]]]:
    """Returns counts: of the highest order how often, of the others after how many pairs."""
    counted: list[Counter[tuple[int, ...]]] = [Counter() for _ in range(ORDER + 1)]
    for sequence in sequences:
        for end in range(ORDER, len(sequence) + 1):
            counted[ORDER][sequence[end - ORDER : end]] += 1
    for order in range(ORDER - 1, 0, -1):
        for gram, n in counted[order + 1].items():
            # Nothing but a start stands before a start: there it is counted how often.
            counted[order][gram[1:]] += n if gram[1] == START else 1
        counted[order][(START,) * order] += 1
    return counted


def _smooth(
    counts: Mapping[tuple[int, ...], int], lower: Mapping[tuple[int, ...], float]
) -> tuple[dict[tuple[int, ...], float], dict[tuple[int, ...], float]]:
    """Returns the n-grams' probabilities, and the weight of lower orders by context."""
    seen = Counter(min(n, 4) for n in counts.values())
    y = seen[1] / (seen[1] + 2 * seen[2]) if seen[1] else 0.5
    discounts = [0.0] + [
        min(max(n - (n + 1) * y * seen[n + 1] / max(seen[n], 1), 0.1 * n), 0.97 * n)
        for n in (1, 2, 3)
    ]
    totals: Counter[tuple[int, ...]] = Counter()
    discounted: dict[tuple[int, ...], float] = {}
    for gram, n in counts.items():
        totals[gram[:-1]] += n
        discounted[gram[:-1]] = discounted.get(gram[:-1], 0.0) + discounts[min(n, 3)]
    backoff = {context: discounted[context] / total for context, total in totals.items()}
    unseen = lower.get((), 0.0)
    grams = {
        gram: (n - discounts[min(n, 3)]) / totals[gram[:-1]]
        + backoff[gram[:-1]] * lower.get(gram[1:], unseen)
        for gram, n in counts.items()
    }
    return grams, backoff


def _quantized(probabilities: Sequence[float]) -> NDArray[np.generic]:
    """Returns negative logarithms in steps, as bytes."""
    logs = -np.log(np.maximum(np.array(probabilities), 1e-12)) / STEP
    quantized: NDArray[np.uint8] = np.minimum(np.rint(logs), 255).astype(np.uint8)
    return quantized
