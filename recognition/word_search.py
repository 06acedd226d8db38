"""Phonemes of a recognizer to words: the likeliest ones by sound and by a language model.

Every hypothesis walks through a tree of pronunciations while phonemes sound, and is weighed by the
language model where a word ends. Of hypotheses in the same place of the tree after the same last
words one is left, so their number does not grow with the length of speech.

Source: the token passing of Ney & Ortmanns 1999 ("Dynamic programming search for continuous speech
recognition") over a lexicon tree with the language model's best score of a word below each node
ahead; Hannun et al. 2014 (arXiv 1408.2873) for paths of CTC that end in a blank and those that do
not. Differs: where no word of the tree fits, an unknown one of any phonemes does, at a price.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.mel import Float32, Int64
from recognition.decoding import best_path, words_of
from recognition.labels import BLANK
from recognition.language_model import BEGIN, END, UNKNOWN, NgramModel
from recognition.pronunciations import ROOT, PronunciationTree

BEAM: Final = 14.0
"""Hypotheses whose score is by more below the best are given up [nats]."""
MOST_HYPOTHESES: Final = 400
"""Hypotheses that are kept at every frame."""
LEAST: Final = -30.0
"""Logarithm of the least probability: what a network calls impossible stays a way out."""
NOTHING: Final = -np.inf
UNKNOWN_WORD: Final = -1
Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fusion:
    """How a language model counts.

    Attributes:
        model: of words.
        alpha: weight of the acoustic score; the language model's is 1 - alpha.
        word_bonus: added for every word, since each costs the language model's score [nats].
        unknown_word: cost of a word that the model does not know, which is one of many [nats].
        missing_gap: cost of a word that follows without a gap [nats].
        inner_gap: cost of each frame of a gap inside a word [nats].
        unknown_phoneme: cost of each phoneme of a word that is in no dictionary [nats].
    """

    model: NgramModel
    alpha: float = 0.55
    word_bonus: float = 0.5
    unknown_word: float = 3.0
    missing_gap: float = 4.0
    inner_gap: float = 4.0
    unknown_phoneme: float = 3.0


class FoundWord(NamedTuple):
    """A word that was found, and its frames of CTC: from ``start`` up to ``stop``."""

    text: str
    start: int
    stop: int


class _Contexts:
    """Last words that a language model looks at, numbered, and what may follow them."""

    def __init__(self, fusion: Fusion) -> None:
        self._model, self._unknown = fusion.model, fusion.unknown_word
        self._known: list[tuple[str, ...]] = [(BEGIN,)]
        self._numbers: dict[tuple[str, ...], int] = {(BEGIN,): 0}
        self._followed = dict[tuple[int, str], tuple[float, int]]()

    def follow(self, context: int, word: str) -> tuple[float, int]:
        """Returns the model's score of a word after a context, and the context after it."""
        found = self._followed.get((context, word))
        if found is None:
            model, before = self._model, self._known[context]
            known = word in model and word != UNKNOWN
            kept = (*before, word if known else UNKNOWN)
            after = kept[max(0, len(kept) - model.order + 1) :]
            number = self._numbers.setdefault(after, len(self._known))
            if number == len(self._known):
                self._known.append(after)
            score = model.score(before, word) - (0.0 if known else self._unknown)
            found = self._followed[context, word] = score, number
        return found


class _Entry(NamedTuple):
    """A word of a hypothesis, and the index of the entry before it."""

    before: int
    word: int
    start: int
    stop: int


class _Hypotheses(NamedTuple):
    """Arrays of one length, an element a hypothesis.

    Attributes:
        node: of the tree; one past the last is that of unknown words.
        context: number of the last words.
        history: index of the entry of the word before.
        begin: frame at which the word begins.
        blank: score of the paths that end in a blank, the language model's included.
        label: of those that end in the node's label.
    """

    node: Int64
    context: Int64
    history: Int64
    begin: Int64
    blank: Float64
    label: Float64

    @property
    def total(self) -> Float64:
        """Score of all paths."""
        both: Float64 = np.logaddexp(self.blank, self.label)
        return both

    def chosen(self, which: Int64) -> _Hypotheses:
        """Returns some of them."""
        return _Hypotheses(
            self.node[which],
            self.context[which],
            self.history[which],
            self.begin[which],
            self.blank[which],
            self.label[which],
        )


def _merged(parts: Sequence[_Hypotheses]) -> _Hypotheses:
    """Returns hypotheses of which those at one node after the same words are one.

    Its words are those of the likeliest of them, its paths are those of all.
    """
    every = _Hypotheses(
        np.concatenate([part.node for part in parts]),
        np.concatenate([part.context for part in parts]),
        np.concatenate([part.history for part in parts]),
        np.concatenate([part.begin for part in parts]),
        np.concatenate([part.blank for part in parts]),
        np.concatenate([part.label for part in parts]),
    )
    order = np.lexsort((-every.total, every.context, every.node))
    every = every.chosen(order)
    new = (np.diff(every.node, prepend=-1) != 0) | (np.diff(every.context, prepend=-1) != 0)
    starts = np.flatnonzero(new)
    blank, label = (np.logaddexp.reduceat(x, starts) for x in (every.blank, every.label))
    return every.chosen(starts)._replace(blank=blank, label=label)


class _Utterance:
    """The search through one utterance, frame by frame."""

    def __init__(self, search: WordSearch) -> None:
        self._of = search
        self._contexts = _Contexts(search.fusion)
        self._entries = [_Entry(-1, UNKNOWN_WORD, 0, 0)]
        self._frame, self._loudest = 0, BLANK
        none = np.zeros(1, np.int64)
        self._beam = _Hypotheses(none, none, none, none, np.zeros(1), np.full(1, NOTHING))

    def step(self, row: Float64) -> None:
        """Looks at the next frame.

        Args:
            row: (labels,) log-probabilities.
        """
        of, beam = self._of, self._beam
        gap, blank = row[of.gap], row[BLANK]
        total, own = beam.total, of.labels[beam.node]
        at_root, unknown = beam.node == ROOT, beam.node == of.unknown
        sounds = np.where(np.arange(len(row)) == of.gap, NOTHING, row)
        loudest = int(sounds.argmax())
        begins = loudest not in (BLANK, self._loudest)
        # Hypotheses that stay where they are. Between words a gap is as good as a blank.
        fusion = of.fusion
        silent = np.where(at_root, 0.0, -fusion.inner_gap) + gap
        silent = np.logaddexp(blank, silent)
        silent[unknown] = sounds[loudest] - fusion.unknown_phoneme * begins
        repeated = np.where(own == BLANK, NOTHING, beam.label + row[own])
        stay = beam._replace(blank=total + silent, label=repeated)
        # Those that go on to a next phoneme: at most one for each node below.
        counts = of.below[beam.node]
        source = np.repeat(np.arange(len(counts)), counts)
        within = np.arange(len(source)) - np.repeat(np.cumsum(counts) - counts, counts)
        node = of.first[beam.node[source]] + within
        label = of.labels[node]
        reached = np.where(label == own[source], beam.blank[source], total[source]) + row[label]
        rank, stay_rank = reached + of.ahead[node], stay.total + of.ahead[stay.node]
        bound = max(rank.max(initial=NOTHING), stay_rank.max()) - BEAM
        good = rank > bound
        source, node, reached = source[good], node[good], reached[good]
        moved = beam.chosen(source)._replace(
            node=node,
            begin=np.where(at_root[source], self._frame, beam.begin[source]),
            blank=np.full(len(node), NOTHING),
            label=reached,
        )
        parts = [stay.chosen(np.flatnonzero(stay_rank > bound)), moved]
        if begins:
            parts.append(self._entered(np.flatnonzero(at_root), total + row[loudest], bound))
        # Without a gap in sound, a word may end in a blank, at a price.
        closing = np.logaddexp(gap, blank - fusion.missing_gap)
        ends = np.flatnonzero(of.ends[beam.node] & (total + closing + of.ahead[beam.node] > bound))
        if len(ends):
            parts.append(self._closed(ends, total + closing, bound))
        merged = _merged(parts)
        rank = merged.total + of.ahead[merged.node]
        good = np.flatnonzero(rank >= rank.max() - BEAM)
        if len(good) > MOST_HYPOTHESES:
            good = good[np.argpartition(-rank[good], MOST_HYPOTHESES)[:MOST_HYPOTHESES]]
        self._beam = merged.chosen(good)
        self._frame += 1
        self._loudest = loudest

    def _entered(self, roots: Int64, total: Float64, bound: float) -> _Hypotheses:
        """Returns unknown words that begin here, which pay for themselves at once."""
        of, beam = self._of, self._beam
        scores = [self._contexts.follow(c, UNKNOWN)[0] for c in beam.context[roots].tolist()]
        price = of.bonus - of.fusion.unknown_phoneme
        blank = total[roots] + of.weight * np.array(scores) + price
        good = blank > bound
        return beam.chosen(roots[good])._replace(
            node=np.full(int(good.sum()), of.unknown),
            begin=np.full(int(good.sum()), self._frame),
            blank=blank[good],
            label=np.full(int(good.sum()), NOTHING),
        )

    def _closed(self, ends: Int64, total: Float64, bound: float) -> _Hypotheses:
        """Returns what follows after words that end here."""
        of, beam = self._of, self._beam
        contexts, sources, words, scores = list[int](), list[int](), list[int](), list[float]()
        for index, word, score, context in self.endings(ends):
            reached = float(total[index]) + score
            if reached + of.ahead[ROOT] > bound:
                contexts.append(context)
                sources.append(index)
                words.append(word)
                scores.append(reached)
        entries = [
            _Entry(before, word, start, self._frame)
            for before, word, start in zip(
                beam.history[sources].tolist(), words, beam.begin[sources].tolist(), strict=True
            )
        ]
        count = len(entries)
        history = np.arange(len(self._entries), len(self._entries) + count)
        self._entries += entries
        return _Hypotheses(
            np.full(count, ROOT),
            np.array(contexts, np.int64),
            history,
            np.full(count, self._frame),
            np.array(scores, np.float64),
            np.full(count, NOTHING),
        )

    def endings(self, hypotheses: Int64) -> Iterator[tuple[int, int, float, int]]:
        """Yields the words that may end now.

        Yields:
            index of the hypothesis, number of the word, added score, context after the word.
        """
        of, beam, tree = self._of, self._beam, self._of.tree
        for index in hypotheses.tolist():
            node, context = int(beam.node[index]), int(beam.context[index])
            if node == of.unknown:
                # It was paid for where it began.
                yield index, UNKNOWN_WORD, 0.0, self._contexts.follow(context, UNKNOWN)[1]
                continue
            for word in tree.ended[tree.endings[node] : tree.endings[node + 1]].tolist():
                score, after = self._contexts.follow(context, tree.words[word])
                yield index, word, of.weight * score + of.bonus, after

    def entries(self) -> list[_Entry]:
        """Returns the words of the likeliest hypothesis that is complete, else of the likeliest."""
        of, beam = self._of, self._beam
        finals = list[tuple[float, int, int, int]]()  # score, history, word (-2: none), begin
        none = -2
        total = beam.total
        for index in np.flatnonzero(beam.node == ROOT).tolist():
            end = self._contexts.follow(int(beam.context[index]), END)[0]
            score = float(total[index]) + of.weight * end
            finals.append((score, int(beam.history[index]), none, 0))
        for index, word, score, context in self.endings(np.flatnonzero(of.ends[beam.node])):
            end = self._contexts.follow(context, END)[0]
            score += float(total[index]) + of.weight * end
            finals.append((score, int(beam.history[index]), word, int(beam.begin[index])))
        if not finals:
            best = int(np.argmax(total + of.ahead[beam.node]))
            finals = [(0.0, int(beam.history[best]), UNKNOWN_WORD, int(beam.begin[best]))]
        _, history, word, begin = max(finals)
        found = [] if word == none else [_Entry(history, word, begin, self._frame)]
        while history:
            found.append(self._entries[history])
            history = self._entries[history].before
        return found[::-1]


class WordSearch:
    """Finds the words that recognizer and language model together find likeliest.

    Args:
        tree: the words that are searched for.
        gap: label of a word gap.
        fusion: the language model, and what else counts.

    Raises:
        InputError: the model knows none of the words, since it is written in other letters.
    """

    def __init__(self, tree: PronunciationTree, gap: int, fusion: Fusion) -> None:
        if not any(word in fusion.model for word in tree.words):
            raise InputError("its words have to be of lower-case letters a to z and apostrophes")
        self.tree, self.gap, self.fusion = tree, gap, fusion
        self.weight = (1.0 - fusion.alpha) / fusion.alpha
        self.bonus = fusion.word_bonus / fusion.alpha
        known = fusion.model
        single = np.array(
            [known.score((), w) - fusion.unknown_word * (w not in known) for w in tree.words],
            np.float32,
        )
        ahead = tree.best_below(single) * self.weight + self.bonus
        self.unknown = len(tree.labels)
        self.ahead = np.append(ahead, 0.0)
        self.labels = np.append(tree.labels, BLANK)
        self.first = np.append(tree.first[:-1], 0)
        self.below = np.append(np.diff(tree.first), 0)
        self.ends = np.append(np.diff(tree.endings) > 0, True)

    def words(self, phonemes: Float32, characters: Float32) -> list[FoundWord]:
        """Returns the words of an utterance.

        Args:
            phonemes: (J, labels) log-probabilities.
            characters: (J, characters); they spell unknown words.

        Raises:
            InputError: a log-probability is no number.
        """
        if np.isnan(phonemes).any():
            raise InputError("what was recognized is no number")
        utterance = _Utterance(self)
        for row in np.maximum(phonemes, LEAST).astype(np.float64):
            utterance.step(row)
        found = list[FoundWord]()
        loudest = phonemes.argmax(1) if len(phonemes) else np.zeros(0, np.int64)
        sounding = (loudest != BLANK) & (loudest != self.gap)
        for entry in utterance.entries():
            if entry.word == UNKNOWN_WORD:
                labels = best_path(characters[entry.start : entry.stop])
                text = "".join(words_of(labels))
            else:
                text = self.tree.words[entry.word]
            if text:
                # Between a word's last phoneme and what ends it there may be silence.
                frames = np.flatnonzero(sounding[entry.start : entry.stop])
                stop = entry.start + int(frames[-1]) + 1 if len(frames) else entry.stop
                found.append(FoundWord(text, entry.start, stop))
        return found
