"""An n-gram model from sentences, for what a language model brings a recognizer."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from recognition.language_model import BEGIN, END, UNKNOWN, NgramModel

DISCOUNT = 0.75
LEAST = 1e-9
Gram = tuple[str, ...]


def kneser_ney(sentences: Iterable[Sequence[str]], order: int, least: int = 1) -> NgramModel:
    """Returns the model of sentences.

    Source: interpolated Kneser-Ney with one discount, Chen & Goodman 1999 §2.8; what is left over
    of the single words is shared by them and the unknown.

    Args:
        sentences: words of each.
        order: words of the longest n-grams.
        least: n-grams of several words that were seen less often are left out.
    """
    counts: dict[int, Counter[Gram]] = {n: Counter() for n in range(1, order + 1)}
    for sentence in sentences:
        words = (BEGIN, *sentence, END)
        for end in range(2, len(words) + 1):
            longest = words[max(0, end - order) : end]
            counts[len(longest)][longest] += 1
    for length in range(order - 1, 0, -1):
        # Shorter ones count by how many different words they follow.
        counts[length].update(Counter(gram[1:] for gram in counts[length + 1]))
    often = set[Gram]()
    for own in reversed(counts.values()):
        # What a kept one begins with carries its weight, so it is kept as well.
        often |= {gram[:-1] for gram in often}
        often.update(gram for gram, count in own.items() if count >= least)
    scores, backoffs = dict[Gram, float](), dict[Gram, float]()
    single, total = counts[1], sum(counts[1].values())
    left = DISCOUNT * len(single) / total / (len(single) + 1)
    for gram, count in single.items():
        scores[gram] = math.log((count - DISCOUNT) / total + left)
    scores[(UNKNOWN,)] = math.log(left)
    scores[(BEGIN,)] = math.log(1e-10)
    model = NgramModel(1, scores, backoffs)
    for length in range(2, order + 1):
        own = counts[length]
        totals, kinds = Counter[Gram](), Counter[Gram]()
        for gram, count in own.items():
            totals[gram[:-1]] += count
            kinds[gram[:-1]] += 1
        weights = {h: DISCOUNT * kinds[h] / totals[h] for h in totals}
        longer = {
            gram: math.log(
                (count - DISCOUNT) / totals[gram[:-1]]
                + weights[gram[:-1]] * math.exp(model.score(gram[1:-1], gram[-1]))
            )
            for gram, count in own.items()
        }
        scores.update(longer)
        backoffs.update((h, math.log(weight)) for h, weight in weights.items())
        model = NgramModel(length, scores, backoffs)
    return model if least == 1 else _pruned(model, often)


def _pruned(model: NgramModel, often: set[Gram]) -> NgramModel:
    """Returns a model with fewer n-grams of several words, whose probabilities still sum to 1."""
    single = dict[Gram, float]((g, score) for g, score in model.scores.items() if len(g) == 1)
    shorter = NgramModel(1, single, {})
    for length in range(2, model.order + 1):
        kept, left = dict[Gram, float](), dict[Gram, list[float]]()
        for gram, score in model.scores.items():
            if len(gram) == length and gram in often:
                kept[gram] = score
                both = left.setdefault(gram[:-1], [1.0, 1.0])
                both[0] -= math.exp(score)
                both[1] -= math.exp(shorter.score(gram[1:-1], gram[-1]))
        weights = {h: math.log(max(a, LEAST) / max(b, LEAST)) for h, (a, b) in left.items()}
        shorter = NgramModel(length, shorter.scores | kept, shorter.backoffs | weights)
    return shorter
