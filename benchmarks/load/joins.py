"""Checks how a long file is joined: exact length, silent pauses, no clicks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Int16 = NDArray[np.int16]

EDGE_SAMPLES = 3
"""Steps looked at on either side of an edge: a click is a step within one or two samples."""
ORDINARY = 0.999
"""Steps inside speech below this quantile are ordinary."""


@dataclass(frozen=True, slots=True)
class Joins:
    """Length, pauses and edges of a file.

    Attributes:
        samples: length of the file.
        expected: Σ utterances + Σ pauses + lead.
        edges: of utterances looked at.
        noisy_pauses: pauses that are not digital silence.
        clicks: edges with a larger step than speech has.
        largest_edge_step: between neighbouring samples at an edge, of full scale.
        ordinary_step: the 99.9 % quantile of steps inside speech, of full scale.
    """

    samples: int
    expected: int
    edges: int
    noisy_pauses: int
    clicks: int
    largest_edge_step: float
    ordinary_step: float

    @property
    def good(self) -> bool:
        """Whether the length is exact, pauses are silent and no edge clicks."""
        return self.samples == self.expected and not self.noisy_pauses and not self.clicks


def check_joins(pcm: Int16, pieces: Sequence[tuple[int, int]], lead: int = 0) -> Joins:
    """Checks every edge and pause of a file.

    Args:
        pcm: (N,) int16, the file.
        pieces: per utterance its length and the pause after it [samples].
        lead: silence before the first [samples].
    """
    spans = _spans(pieces, lead)
    expected = lead + sum(length + pause for length, pause in pieces)
    steps = np.abs(np.diff(pcm.astype(np.int32), prepend=0, append=0))  # step i: into sample i
    inside = [steps[start + EDGE_SAMPLES : end - EDGE_SAMPLES] for start, end, _ in spans]
    ordinary = float(np.quantile(np.concatenate(inside), ORDINARY)) if inside else 0.0
    edges = [edge for start, end, _ in spans for edge in (start, end)]
    at_edges = [int(steps[_around(edge, len(steps))].max(initial=0)) for edge in edges]
    pauses = [pcm[end : end + pause] for _, end, pause in spans]
    return Joins(
        samples=len(pcm),
        expected=expected,
        edges=len(edges),
        noisy_pauses=sum(bool(pause.any()) for pause in pauses),
        clicks=sum(step > ordinary for step in at_edges),
        largest_edge_step=max(at_edges, default=0) / 32768,
        ordinary_step=ordinary / 32768,
    )


def _spans(pieces: Sequence[tuple[int, int]], lead: int) -> list[tuple[int, int, int]]:
    """Returns start and end of every utterance and the pause after it."""
    spans, at = [], lead
    for length, pause in pieces:
        spans.append((at, at + length, pause))
        at += length + pause
    return spans


def _around(edge: int, size: int) -> slice:
    return slice(max(0, edge - EDGE_SAMPLES), min(size, edge + EDGE_SAMPLES + 1))
