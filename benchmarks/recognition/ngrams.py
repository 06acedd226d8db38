"""An n-gram model from sentences, for what a language model brings a recognizer."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Sequence

from recognition.language_model import BEGIN, END, UNKNOWN, NgramModel

DISCOUNT = 0.75
LEAST = 1e-9
Gram = tuple[str, ...]


def kneser_ney(
    sentences: Iterable[Sequence[str]], order: int, most: int | None = None
) -> NgramModel:
    """Returns the model of sentences.

    Source: interpolated Kneser-Ney with one discount, Chen & Goodman 1999 §2.8; what is left over
    of the single words is shared by them and the unknown.

    Args:
        sentences: words of each.
        order: words of the longest n-grams.
        most: how many n-grams of several words are kept, and what they begin with; by default all.
    """
    seen: dict[int, Counter[Gram]] = {n: Counter() for n in range(1, order + 1)}
    counts: dict[int, Counter[Gram]] = {n: Counter() for n in range(1, order + 1)}
    for sentence in sentences:
        words = (BEGIN, *sentence, END)
        for end in range(2, len(words) + 1):
            for length in range(1, min(order, end) + 1):
                seen[length][words[end - length : end]] += 1
            longest = words[max(0, end - order) : end]
            counts[len(longest)][longest] += 1
    for length in range(order - 1, 0, -1):
        # Shorter ones count by how many different words they follow.
        counts[length].update(Counter(gram[1:] for gram in counts[length + 1]))
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
    if most is None:
        return model
    del seen[1]
    return _pruned(model, _telling(model, seen.values(), most))


def _telling(model: NgramModel, counts: Iterable[Counter[Gram]], most: int) -> set[Gram]:
    """Returns the n-grams without which a model would lose most, and what they begin with.

    Source: weighted differences, Seymore & Rosenfeld 1996 ("Scalable backoff language models") §3.

    Args:
        model: of all n-grams.
        counts: how often each n-gram of several words was seen.
        most: how many, what they begin with left aside.
    """
    losses = dict[Gram, float]()
    for own in counts:
        for gram, count in own.items():
            shorter = model.backoffs.get(gram[:-1], 0.0) + model.score(gram[1:-1], gram[-1])
            losses[gram] = count * (model.scores[gram] - shorter)
    kept = set[Gram]()
    for gram in heapq.nlargest(most, losses, key=lambda one: losses[one]):
        kept.update(gram[:length] for length in range(2, len(gram) + 1))
    return kept


def _pruned(model: NgramModel, telling: set[Gram]) -> NgramModel:
    """Returns a model with fewer n-grams of several words, whose probabilities still sum to 1."""
    single = dict[Gram, float]((g, score) for g, score in model.scores.items() if len(g) == 1)
    shorter = NgramModel(1, single, {})
    for length in range(2, model.order + 1):
        kept, left = dict[Gram, float](), dict[Gram, list[float]]()
        for gram, score in model.scores.items():
            if len(gram) == length and gram in telling:
                kept[gram] = score
                both = left.setdefault(gram[:-1], [1.0, 1.0])
                both[0] -= math.exp(score)
                both[1] -= math.exp(shorter.score(gram[1:-1], gram[-1]))
        weights = {h: math.log(max(a, LEAST) / max(b, LEAST)) for h, (a, b) in left.items()}
        shorter = NgramModel(length, shorter.scores | kept, shorter.backoffs | weights)
    return shorter
