"""Labels of a recognizer's output, and how many of them are wrong."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from core.mel import Float32
from recognition.labels import BLANK, CHARACTERS


def best_path(scores: Float32) -> list[int]:
    """Returns the labels of the likeliest frames: repeats are one, blanks none.

    Args:
        scores: (J, labels) log-probabilities.

    >>> import numpy as np
    >>> best_path(np.eye(3, dtype=np.float32)[[1, 1, 0, 1, 2, 2]])
    [1, 1, 2]
    """
    return collapsed(scores.argmax(1).tolist())


def collapsed(frames: Iterable[int]) -> list[int]:
    """Returns what the labels of frames spell in CTC: repeats are one, blanks none."""
    return [label for label, _ in groupby(frames) if label != BLANK]


def words_of(characters: Sequence[int]) -> list[str]:
    """Returns the words of character labels."""
    return "".join(CHARACTERS[label] for label in characters).split()


@dataclass(frozen=True, slots=True)
class ErrorCounts:
    """Errors of what was recognized.

    Attributes:
        substitutions: labels that were taken for others.
        deletions: labels that are missing.
        insertions: labels that are too many.
        labels: of the reference.
    """

    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    labels: int = 0

    def __add__(self, other: ErrorCounts) -> ErrorCounts:
        """Returns the sums."""
        return ErrorCounts(
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
            self.labels + other.labels,
        )

    @property
    def rate(self) -> float:
        """All errors per label of the reference."""
        return (self.substitutions + self.deletions + self.insertions) / max(1, self.labels)


def count_errors(wanted: Sequence[Hashable], found: Sequence[Hashable]) -> ErrorCounts:
    """Returns the errors on a shortest way from what was found to what was wanted.

    Source: Levenshtein 1966; of ways of equal length one with few insertions is taken.

    >>> count_errors("kitten", "sitting")
    ErrorCounts(substitutions=2, deletions=0, insertions=1, labels=6)
    """
    # Each cell: cost, substitutions, deletions, insertions; tuples compare by cost first.
    row = [(j, 0, 0, j) for j in range(len(found) + 1)]
    for i, a in enumerate(wanted, 1):
        above, row = row, [(i, 0, i, 0)]
        for j, b in enumerate(found, 1):
            if a == b:
                row.append(above[j - 1])
                continue
            c, s, d, n = above[j - 1]
            substituted = (c + 1, s + 1, d, n)
            c, s, d, n = above[j]
            deleted = (c + 1, s, d + 1, n)
            c, s, d, n = row[j - 1]
            inserted = (c + 1, s, d, n + 1)
            row.append(min(substituted, deleted, inserted, key=lambda cell: cell[0]))
    _, substitutions, deletions, insertions = row[-1]
    return ErrorCounts(substitutions, deletions, insertions, len(wanted))
