"""Where a sentence too long for the acoustic model is split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from text.g2p.phonemizer import Pronunciation
from text.normalization.tokens import Token

CLAUSE_PAUSE = 0.0
"""Seconds where a long sentence is split: its comma carries the silence."""
LONGEST_UTTERANCE = 152
"""Symbols, edges included. The corpus's longest has 154: beyond it positions are untrained."""
_LONGEST_PIECE = LONGEST_UTTERANCE - 2  # without the edges
_CONJUNCTIONS = frozenset(("and", "or", "but", "because", "which", "that", "while", "when", "so"))


@dataclass(frozen=True, slots=True)
class PhonemizedToken:
    """A token with its symbols; punctuation has none of a word."""

    token: Token
    pronunciation: Pronunciation


def split(
    tokens: Sequence[PhonemizedToken], lengths: Sequence[int]
) -> list[Sequence[PhonemizedToken]]:
    """Returns pieces that fit LONGEST_UTTERANCE, split at clauses, else between words.

    Args:
        tokens: of one sentence.
        lengths: symbols of each, gaps included.
    """
    pieces: list[Sequence[PhonemizedToken]] = []
    start, rest = 0, sum(lengths)
    while rest > _LONGEST_PIECE and start < len(tokens) - 1:
        # Pieces of about equal length, so that no short rest is left over.
        target = rest / -(-rest // _LONGEST_PIECE)
        stop = _best_split(tokens, lengths, start, target)
        if stop >= len(tokens):
            break
        pieces.append(tokens[start:stop])
        rest -= sum(lengths[start:stop])
        start = stop
    return [*pieces, tokens[start:]]


def _best_split(
    tokens: Sequence[PhonemizedToken], lengths: Sequence[int], start: int, target: float
) -> int:
    """Returns the index of the next piece's best first token."""
    best, best_cost, length = len(tokens), float("inf"), 0
    for stop in range(start + 1, len(tokens)):
        length += lengths[stop - 1]
        if tokens[stop].token.kind == "punctuation":
            continue  # punctuation stays with the word before it
        if length > _LONGEST_PIECE and best < len(tokens):
            break
        before, after = tokens[stop - 1].token, tokens[stop].token
        cost = abs(length - target) / target
        if after.start < before.end:
            cost += 3.0  # inside one verbalization ("one hundred")
        elif before.kind != "punctuation":
            cost += 0.6 if after.text.lower() in _CONJUNCTIONS else 1.0
        if cost < best_cost:
            best, best_cost = stop, cost
    return best
