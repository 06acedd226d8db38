"""Characters of a recognizer to the words of a language model.

Source: prefix beam search, Hannun et al. 2014 (arXiv 1408.2873) algorithm 1: for every prefix the
probabilities of all paths that spell it are summed, apart for those that end in a blank. Differs: a
word counts when it is complete, and one that leaves the known words pays for it at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.errors import InputError
from core.mel import Float32
from recognition.labels import BLANK, CHARACTERS, GAP
from recognition.language_model import BEGIN, END, NgramModel

BEAMS: Final = 48
"""Prefixes that are kept at every frame."""
LEAST_PROBABILITY: Final = 1e-3
"""Labels below are not looked at."""
LONGEST_WORD: Final = 64
"""Characters; stems of longer ones would take memory by length squared."""
NOTHING: Final = -math.inf
_GAP: Final = CHARACTERS.index(GAP)
_SPELLING: Final = frozenset(CHARACTERS) - {GAP}


@dataclass(frozen=True, slots=True)
class Fusion:
    """How a language model counts.

    Attributes:
        model: of words.
        alpha: weight of the acoustic score; the language model's is 1 - alpha.
        word_bonus: added for every word, since each costs the language model's score [nats].
    """

    model: NgramModel
    alpha: float = 0.6
    word_bonus: float = 1.0


@dataclass(slots=True)
class _Prefix:
    """What is known of a prefix.

    Attributes:
        blank: log-probability of the paths that end in a blank.
        label: of those that end in its last label.
        language: what the language model adds.
    """

    blank: float
    label: float
    language: float

    @property
    def acoustic(self) -> float:
        return _added(self.blank, self.label)


class BeamSearch:
    """Finds the words that recognizer and language model together find likeliest.

    Raises:
        InputError: no word of the model can be spelled, since it is written in other letters.
    """

    def __init__(self, fusion: Fusion) -> None:
        self._fusion = fusion
        known = fusion.model.words
        words = [w for w in known if len(w) <= LONGEST_WORD and _SPELLING.issuperset(w)]
        if not words:
            raise InputError("its words have to be of lower-case letters a to z and apostrophes")
        self._stems = {word[:n] for word in words for n in range(len(word) + 1)}

    def words(self, scores: Float32) -> list[str]:
        """Returns the words of (J, characters) log-probabilities."""
        beams = {"": _Prefix(0.0, NOTHING, 0.0)}
        for row in scores:
            labels = np.flatnonzero(row > math.log(LEAST_PROBABILITY)).tolist()
            beams = self._kept(self._step(beams, row.tolist(), labels))
        ended = {text: self._end(text, prefix) for text, prefix in beams.items()}
        return max(ended, key=lambda text: ended[text]).split()

    def _kept(self, beams: dict[str, _Prefix]) -> dict[str, _Prefix]:
        alpha = self._fusion.alpha

        def rank(entry: tuple[str, _Prefix]) -> float:
            return alpha * entry[1].acoustic + entry[1].language

        return dict(sorted(beams.items(), key=rank, reverse=True)[:BEAMS])

    def _step(
        self, beams: dict[str, _Prefix], row: list[float], labels: list[int]
    ) -> dict[str, _Prefix]:
        found = dict[str, _Prefix]()

        def at(text: str, language: float) -> _Prefix:
            return found.setdefault(text, _Prefix(NOTHING, NOTHING, language))

        for text, prefix in beams.items():
            whole = prefix.acoustic
            for label in labels:
                emitted = row[label]
                if label == BLANK:
                    same = at(text, prefix.language)
                    same.blank = _added(same.blank, whole + emitted)
                    continue
                character = CHARACTERS[label]
                if text.endswith(character):
                    same = at(text, prefix.language)
                    same.label = _added(same.label, prefix.label + emitted)
                    before = prefix.blank
                else:
                    before = whole
                if label == _GAP and (not text or text.endswith(GAP)):
                    continue
                longer = text + character
                if before > NOTHING:
                    known = found.get(longer)
                    language = known.language if known else self._language(text, label, prefix)
                    new = at(longer, language)
                    new.label = _added(new.label, before + emitted)
        return found

    def _language(self, text: str, label: int, prefix: _Prefix) -> float:
        """Returns what the language model adds to a prefix that grows by a label."""
        weight, model = 1.0 - self._fusion.alpha, self._fusion.model
        words = text.split(GAP)
        word = words[-1]
        if label == _GAP:
            left = weight * model.score([BEGIN, *words[:-1]], word) + self._fusion.word_bonus
            # The unknown has been paid for where it left the known words.
            return prefix.language + (left if word in self._stems else self._fusion.word_bonus)
        leaves = word in self._stems and word + CHARACTERS[label] not in self._stems
        if leaves:
            unknown = word + CHARACTERS[label]
            return prefix.language + weight * model.score([BEGIN, *words[:-1]], unknown)
        return prefix.language

    def _end(self, text: str, prefix: _Prefix) -> float:
        """Returns the score of a prefix whose last word ends here."""
        weight, model = 1.0 - self._fusion.alpha, self._fusion.model
        language, words = prefix.language, text.split()
        if text and not text.endswith(GAP):
            language = self._language(text, _GAP, prefix)
        language += weight * model.score([BEGIN, *words], END)
        return self._fusion.alpha * prefix.acoustic + language


def _added(one: float, other: float) -> float:
    """Returns log(exp(one) + exp(other)).

    >>> round(_added(math.log(0.25), math.log(0.5)), 6) == round(math.log(0.75), 6)
    True
    """
    if one < other:
        one, other = other, one
    return one if other == NOTHING else one + math.log1p(math.exp(other - one))
