"""Where a sentence too long for the acoustic model is cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from text.g2p.phonemizer import Voiced
from text.normalization.tokens import Token

CLAUSE_PAUSE = 0.0
"""Seconds where a long sentence is cut: its comma carries the silence."""
LONGEST_UTTERANCE = 152
"""Symbols, edges included. The corpus's longest has 154: beyond it positions are untrained."""
_LONGEST_PIECE = LONGEST_UTTERANCE - 2  # without the edges
_CONJUNCTIONS = frozenset(("and", "or", "but", "because", "which", "that", "while", "when", "so"))


@dataclass(frozen=True, slots=True)
class Item:
    """A token with its symbols; points have no word."""

    token: Token
    voiced: Voiced


def cut(items: Sequence[Item], lengths: Sequence[int]) -> list[Sequence[Item]]:
    """Pieces that fit LONGEST_UTTERANCE with their edges, cut at clauses, else between words."""
    pieces: list[Sequence[Item]] = []
    start, rest = 0, sum(lengths)
    while rest > _LONGEST_PIECE and start < len(items) - 1:
        target = rest / -(-rest // _LONGEST_PIECE)
        stop = _cut_near(items, lengths, start, target)
        if stop >= len(items):
            break
        pieces.append(items[start:stop])
        rest -= sum(lengths[start:stop])
        start = stop
    return [*pieces, items[start:]]


def _cut_near(items: Sequence[Item], lengths: Sequence[int], start: int, target: float) -> int:
    """Index of the best first item of the next piece."""
    best, best_cost, said = len(items), float("inf"), 0
    for stop in range(start + 1, len(items)):
        said += lengths[stop - 1]
        if items[stop].token.kind == "point":
            continue  # a point stays with the word before it
        if said > _LONGEST_PIECE and best < len(items):
            break
        before, after = items[stop - 1].token, items[stop].token
        cost = abs(said - target) / target
        if after.start < before.end:
            cost += 3.0  # inside a reading ("one hundred")
        elif before.kind != "point":
            cost += 0.6 if after.text.lower() in _CONJUNCTIONS else 1.0
        if cost < best_cost:
            best, best_cost = stop, cost
    return best
