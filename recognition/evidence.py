"""How well speech fits the words that were meant: costs of a forced alignment, word by word."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.mel import Float32, Int64
from core.text import Utterance, Word
from recognition.alignment import forced_alignments
from recognition.decoding import best_path
from recognition.labels import BLANK, gap_label, label_of_symbol


@dataclass(frozen=True, slots=True)
class MeantLabels:
    """The labels that an utterance should have.

    Attributes:
        labels: phonemes and single gaps.
        words: index of each label's word; -1 of a gap.
        count: how many words there are; some may have no label.
    """

    labels: tuple[int, ...]
    words: tuple[int, ...]
    count: int


def meant_labels(utterance: Utterance, symbols: str) -> MeantLabels:
    """Returns the labels of an utterance and whose they are.

    Args:
        utterance: with its words.
        symbols: name of its symbol table.
    """
    of_symbol, gap = label_of_symbol(symbols), gap_label(symbols)
    owner = np.full(len(utterance.phoneme_ids), -1)
    for index, word in enumerate(utterance.words):
        owner[word.start : word.end] = index
    labels, words = list[int](), list[int]()
    for i, at in zip(utterance.phoneme_ids, owner.tolist(), strict=True):
        label = of_symbol[i]
        if label == BLANK or (label == gap and (not labels or labels[-1] == gap)):
            continue
        labels.append(label)
        words.append(-1 if label == gap else at)
    if labels and labels[-1] == gap:
        del labels[-1], words[-1]
    return MeantLabels(tuple(labels), tuple(words), len(utterance.words))


def joined_labels(utterances: Sequence[Utterance], symbols: str) -> tuple[MeantLabels, list[Word]]:
    """Returns the labels of utterances, a gap between each two, and all their words."""
    labels, owners, words = list[int](), list[int](), list[Word]()
    for utterance in utterances:
        own = meant_labels(utterance, symbols)
        if labels and own.labels:
            labels.append(gap_label(symbols))
            owners.append(-1)
        labels += own.labels
        owners += [owner + len(words) if owner >= 0 else -1 for owner in own.words]
        words += utterance.words
    return MeantLabels(tuple(labels), tuple(owners), len(words)), words


@dataclass(frozen=True, slots=True)
class RunEvidence:
    """A run of frames of CTC, a word's or a gap's.

    Attributes:
        cost: minus the log-probability of the path through it [nats].
        least: the same of its likeliest labels, the least that any path could cost [nats].
        meant: the labels that it should have, without gaps.
        found: the labels of the likeliest frames, without gaps.
        start: its first frame of CTC.
        stop: one past its last frame.
    """

    cost: float
    least: float
    meant: tuple[int, ...]
    found: tuple[int, ...]
    start: int
    stop: int

    @property
    def confidence(self) -> float:
        """Geometric mean of the probabilities of its labels, 0 to 1."""
        return math.exp(-self.cost / max(1, len(self.meant)))


@dataclass(frozen=True, slots=True)
class UtteranceEvidence:
    """All of an utterance.

    Attributes:
        words: of each word; None of one without labels.
        gaps: before each word, and after the last: n + 1.
    """

    words: tuple[RunEvidence | None, ...]
    gaps: tuple[RunEvidence, ...]


def find_evidence(
    scores: Sequence[Float32], meant: Sequence[MeantLabels], symbols: str
) -> list[UtteranceEvidence | None]:
    """Returns how well utterances fit what was meant, None where they are too short for it.

    Args:
        scores: (J, V) log-probabilities of phonemes of each utterance.
        meant: labels of each.
        symbols: name of their table.
    """
    paths = forced_alignments(scores, [one.labels for one in meant])
    return [
        None if path is None else _evidence(rows, one, path, gap_label(symbols))
        for rows, one, path in zip(scores, meant, paths, strict=True)
    ]


def _evidence(scores: Float32, meant: MeantLabels, path: Int64, gap: int) -> UtteranceEvidence:
    labels = np.array([*meant.labels, BLANK])
    on_label = path % 2 == 1
    emitted = np.where(on_label, labels[np.minimum(path // 2, len(labels) - 1)], BLANK)
    costs = -scores[np.arange(len(path)), emitted].astype(np.float64)
    owners = np.array([*meant.words, -1])
    owner = np.where(on_label, owners[np.minimum(path // 2, len(owners) - 1)], -1)
    words = list[RunEvidence | None]()
    gaps, at = list[RunEvidence](), 0
    for index in range(meant.count):
        own = np.flatnonzero(owner == index)
        if not len(own):
            words.append(None)
            gaps.append(RunEvidence(0.0, 0.0, (), (), at, at))
            continue
        start, stop = int(own[0]), int(own[-1]) + 1
        labels_of_word = tuple(
            label for label, w in zip(meant.labels, meant.words, strict=True) if w == index
        )
        gaps.append(_run(scores, costs, (), at, start, gap))
        words.append(_run(scores, costs, labels_of_word, start, stop, gap))
        at = stop
    gaps.append(_run(scores, costs, (), at, len(path), gap))
    return UtteranceEvidence(tuple(words), tuple(gaps))


def _run(
    scores: Float32,
    costs: NDArray[np.float64],
    meant: tuple[int, ...],
    start: int,
    stop: int,
    gap: int,
) -> RunEvidence:
    found = best_path(scores[start:stop]) if stop > start else []
    return RunEvidence(
        cost=float(costs[start:stop].sum()),
        least=-float(scores[start:stop].max(1).sum()) if stop > start else 0.0,
        meant=meant,
        found=tuple(label for label in found if label != gap),
        start=start,
        stop=stop,
    )
