"""How well speech fits the words that were meant: costs of a forced alignment, word by word."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.mel import Float32, Int64
from core.text import Utterance, Word
from recognition.alignment import ForcedAlignment, forced_alignments
from recognition.decoding import collapsed
from recognition.labels import BLANK, gap_label, label_of_symbol

Bools = NDArray[np.bool_]


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
        dropped: of a word, by how much likelier the utterance is without it [nats].
        repeated: of a word, by how much likelier the utterance is with it twice [nats].
    """

    cost: float
    least: float
    meant: tuple[int, ...]
    found: tuple[int, ...]
    start: int
    stop: int
    dropped: float = -math.inf
    repeated: float = -math.inf

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
    aligned = forced_alignments(scores, [one.labels for one in meant])
    return [
        None if alignment is None else _evidence(rows, one, alignment, gap_label(symbols))
        for rows, one, alignment in zip(scores, meant, aligned, strict=True)
    ]


def _evidence(
    scores: Float32, meant: MeantLabels, alignment: ForcedAlignment, gap: int
) -> UtteranceEvidence:
    labels, path = np.array([*meant.labels, BLANK]), alignment.path
    emitted = np.where(path % 2 == 1, labels[np.minimum(path // 2, len(labels) - 1)], BLANK)
    loudest = scores.argmax(1)
    every = np.arange(len(path))
    costs, least = (
        np.concatenate([[0.0], -np.cumsum(scores[every, chosen], dtype=np.float64)])
        for chosen in (emitted, loudest)
    )
    sounding = loudest.tolist()

    def run(own: tuple[int, ...], start: int, stop: int) -> RunEvidence:
        return RunEvidence(
            cost=float(costs[stop] - costs[start]),
            least=float(least[stop] - least[start]),
            meant=own,
            found=tuple(label for label in collapsed(sounding[start:stop]) if label != gap),
            start=start,
            stop=stop,
        )

    spans = _label_spans(meant)
    places = np.array([span for span in spans if span], np.int64).reshape(-1, 2)
    # The path never goes back, and is in every label for a frame at least.
    starts = np.searchsorted(path, 2 * places[:, 0] + 1).tolist()
    stops = np.searchsorted(path, 2 * places[:, 1] - 1, side="right").tolist()
    others = zip(*(x.tolist() for x in _other_readings(meant, alignment, places, gap)), strict=True)
    words, gaps, at = list[RunEvidence | None](), list[RunEvidence](), 0
    frames = zip(starts, stops, others, strict=True)
    for span in spans:
        if span is None:
            words.append(None)
            gaps.append(RunEvidence(0.0, 0.0, (), (), at, at))
            continue
        start, stop, (dropped, repeated) = next(frames)
        gaps.append(run((), at, start))
        word = run(meant.labels[span[0] : span[1]], start, stop)
        words.append(replace(word, dropped=dropped, repeated=repeated))
        at = stop
    gaps.append(run((), at, len(path)))
    return UtteranceEvidence(tuple(words), tuple(gaps))


def _label_spans(meant: MeantLabels) -> list[tuple[int, int] | None]:
    """Returns each word's first label and one past its last, None of a word without labels."""
    spans: list[tuple[int, int] | None] = [None] * meant.count
    for at, word in enumerate(meant.words):
        if word >= 0:
            known = spans[word]
            spans[word] = (known[0] if known else at, at + 1)
    return spans


def _other_readings(
    meant: MeantLabels, alignment: ForcedAlignment, places: Int64, gap: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns by how much likelier an utterance is without each word, and with it twice [nats].

    Args:
        meant: its labels.
        alignment: of them.
        places: (words, 2) each word's first label and one past its last.
        gap: label of a word gap.
    """
    start, stop = places.T
    is_gap = np.array([*meant.labels, BLANK, BLANK]) == gap
    count = len(meant.labels)
    # A word goes, or comes again, with the gap after it or with that before it.
    after, before = stop + is_gap[stop], start - is_gap[start - 1]

    def gain(known: Bools, first: Int64, second: Int64) -> NDArray[np.float64]:
        joined = alignment.joined(first, second).astype(np.float64)
        return np.where(known, joined - alignment.score, -np.inf)

    every = np.ones(len(start), np.bool_)
    dropped = np.maximum(gain(every, start, after), gain(stop == count, before, after))
    repeated = np.maximum(gain(after > stop, after, start), gain(before < start, stop, before))
    return dropped, repeated
