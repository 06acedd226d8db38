"""How near the boundaries of an alignment come to those of a teacher.

A phoneme counts by its beginning and by its end, on the mel's clock (11.6 ms in the house).
Gaps and punctuation are no phonemes; they have boundaries only with the phonemes beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from core.errors import ArtifactError
from core.mel import Int64, MelSpec
from training.data.corpus import CorpusEntry, PreparedCorpus, is_held_out

SILENT = frozenset(" ,.:;?!")
"""Symbols of house-ipa that are no phonemes."""


class BoundaryErrors(NamedTuple):
    """Errors of an utterance's phonemes [frames], ours − teacher's: beginnings (P,), ends (P,)."""

    starts: Int64
    ends: Int64


class AlignmentScore(msgspec.Struct, frozen=True):
    """Agreement over the phonemes of some utterances."""

    utterances: int
    phonemes: int
    within_25_ms: float
    """Share of beginnings and ends that lie within 25 ms of the teacher's."""
    within_50_ms: float
    starts_within_25_ms: float
    """Of beginnings alone."""
    ends_within_25_ms: float
    """Of ends alone."""
    both_within_25_ms: float
    """Share of phonemes whose beginning and end do."""
    mean_error_ms: float
    """Mean distance of a boundary [ms]."""
    bias_ms: float
    """Mean of ours − teacher's [ms]; positive: ours are late."""


def errors_of(teacher: CorpusEntry, ours: Sequence[int]) -> BoundaryErrors:
    """Compares the boundaries of ``ours`` (mel frames per symbol) with the entry's durations.

    Raises:
        ArtifactError: another number of symbols.
    """
    if len(ours) != len(teacher.durations):
        raise ArtifactError(f"{teacher.id}: {len(ours)} durations, {len(teacher.durations)} known")
    difference = np.cumsum([0, *ours]) - np.cumsum([0, *teacher.durations])
    phonemes = np.array([s not in SILENT for s in teacher.phonemes])
    return BoundaryErrors(difference[:-1][phonemes], difference[1:][phonemes])


def score(errors: Sequence[BoundaryErrors], spec: MelSpec) -> AlignmentScore:
    """Returns the agreement over all utterances together."""
    frame_ms = 1000.0 / spec.frames_per_second
    starts = np.concatenate([e.starts for e in errors]) * frame_ms
    ends = np.concatenate([e.ends for e in errors]) * frame_ms
    both = np.stack([starts, ends])
    away = np.abs(both)
    return AlignmentScore(
        utterances=len(errors),
        phonemes=len(starts),
        within_25_ms=float((away <= 25.0).mean()),
        within_50_ms=float((away <= 50.0).mean()),
        starts_within_25_ms=float((away[0] <= 25.0).mean()),
        ends_within_25_ms=float((away[1] <= 25.0).mean()),
        both_within_25_ms=float((away <= 25.0).all(0).mean()),
        mean_error_ms=float(away.mean()),
        bias_ms=float(both.mean()),
    )


def compare(
    teacher: PreparedCorpus,
    aligned: PreparedCorpus,
    *,
    speaker: str | None = None,
    held_out: bool = False,
) -> AlignmentScore:
    """Returns the agreement over utterances of ``aligned``, found in ``teacher`` by speaker and id.

    Args:
        teacher: with known durations.
        aligned: with those of an aligner.
        speaker: only this one's; None = all.
        held_out: only those that are held out of training.

    Raises:
        ArtifactError: nothing to compare, or the teacher does not know an utterance's durations.
    """
    known = {(teacher.speakers[e.speaker], e.id): e for e in teacher.entries if e.durations}
    errors = []
    for e in aligned.entries:
        name = aligned.speakers[e.speaker]
        if speaker in (None, name) and (is_held_out(e.id) or not held_out):
            own = known.get((name, e.id))
            if own is None or own.phonemes != e.phonemes:
                raise ArtifactError(f"{e.id}: the teacher knows no durations of these symbols")
            errors.append(errors_of(own, e.durations))
    if not errors:
        raise ArtifactError(f"no utterance of {speaker or 'anybody'} to compare")
    return score(errors, teacher.mel)
