"""What recognizers tell apart: the phonemes of a symbol table without stress, and characters.

Phoneme labels are ids of the voices' own symbol table, so no second table has to be kept in step.
Id 0, padding there, is the blank of CTC here. Stress is not told apart: ``ˈæ``, ``ˌæ`` and ``æ``
are one label. A run of punctuation and gaps is one word gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise

from text.g2p.symbols import SymbolTable, symbol_table

BLANK = 0
"""Label of CTC for "nothing new": the first row of every symbol table and of ``CHARACTERS``."""
GAP = " "
CHARACTERS = ("", GAP, "'", *"abcdefghijklmnopqrstuvwxyz")
"""Labels of the character head; the index is the label."""
_STRESS = "ˈˌ"
_CHARACTER_LABELS = {character: label for label, character in enumerate(CHARACTERS)}


@cache
def gap_label(symbols: str) -> int:
    """Returns the label of a word gap in a symbol table."""
    return symbol_table(symbols).ids([GAP])[0]


@cache
def label_of_symbol(symbols: str) -> tuple[int, ...]:
    """Returns the phoneme label of every id of a symbol table.

    >>> labels = label_of_symbol("house-ipa")
    >>> table = symbol_table("house-ipa")
    >>> [table.symbols[labels[i]] for i in table.ids(["ˈæ", "æ", "!", "t"])]
    ['æ', 'æ', ' ', 't']
    """
    table = symbol_table(symbols)
    return tuple(_label(table, symbol) for symbol in table.symbols)


def _label(table: SymbolTable, symbol: str) -> int:
    plain = symbol.lstrip(_STRESS)
    if symbol == table.symbols[BLANK]:
        return BLANK
    if not any(character.isalpha() for character in plain):
        return table.ids([GAP])[0]
    # A vowel that the table has with stress alone keeps the label of its first form.
    known = next(s for s in table.symbols if s.lstrip(_STRESS) == plain)
    return table.ids([plain if plain in table else known])[0]


def phoneme_labels(ids: Iterable[int], symbols: str) -> list[int]:
    """Returns the labels of an utterance's symbol ids: no stress, single gaps, none at the ends.

    >>> ids = symbol_table("house-ipa").ids([" ", "ˈaɪ", ",", " ", "ˈaɪ", "."])
    >>> [symbol_table("house-ipa").symbols[label] for label in phoneme_labels(ids, "house-ipa")]
    ['aɪ', ' ', 'aɪ']
    """
    label, gap = label_of_symbol(symbols), gap_label(symbols)
    return _single_gaps([label[i] for i in ids if i != BLANK], gap)


def character_labels(text: str) -> list[int]:
    """Returns the labels of a normalized text: lower case, anything but letters is a gap.

    >>> "".join(CHARACTERS[label] for label in character_labels("Don't - stop!"))
    "don't stop"
    """
    folded = text.lower().replace("’", "'")
    gap = _CHARACTER_LABELS[GAP]
    return _single_gaps([_CHARACTER_LABELS.get(c, gap) for c in folded], gap)


def _single_gaps(labels: Sequence[int], gap: int) -> list[int]:
    kept = [b for a, b in pairwise([gap, *labels]) if not a == b == gap]
    return kept[:-1] if kept and kept[-1] == gap else kept


def least_slots(labels: Sequence[int]) -> int:
    """Returns how many frames of output CTC needs for labels: one each, a blank between equals.

    >>> least_slots([3, 3, 4])
    4
    """
    return len(labels) + sum(a == b for a, b in pairwise(labels))
