"""Loudness of a programme of any length in bounded memory, and the one gain that it gets.

A programme is EBU R 128's word for what is measured as a whole: here the audio of a job.

Source: ITU-R BS.1770-4 annex 1 (K-weighting, gating), annex 2 (true peak); EBU R 128.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray
from pyloudnorm import IIRfilter
from scipy.signal import lfilter

from core.mel import Float32
from core.text import Notice

BLOCK_SECONDS = 0.4
"""Length of a gating block. Source: BS.1770-4 annex 1."""
STEPS = 4
"""Steps in a block: 75 % overlap. Source: as above."""
ABSOLUTE_GATE = -70.0
"""LUFS. Source: as above, Γa."""
RELATIVE_GATE = -10.0
"""LU below the loudness of what passed the absolute gate. Source: as above, Γr."""
LOUDNESS_OFFSET = -0.691
"""LUFS of a mean square of one. Source: as above, eq. 2."""
OVERSAMPLING = 4
"""Of the true peak. Source: BS.1770-4 annex 2, for 48 kHz; a tone at a quarter of the rate reads
0.6 dB low at worst without it."""
SILENCE_LUFS = -120.0
"""Reported for a programme that no gate lets through: it has no loudness, and JSON no infinity."""
SILENCE_DB = -120.0
"""Reported for the peak of digital silence."""


@dataclass(frozen=True, slots=True)
class MeasuredLoudness:
    """Loudness and peaks of a programme.

    Attributes:
        integrated: loudness of the programme [LUFS].
        sample_peak: greatest magnitude of a sample, linear.
        true_peak: greatest magnitude of the waveform between samples too, linear.
    """

    integrated: float
    sample_peak: float
    true_peak: float


@dataclass(frozen=True, slots=True)
class LoudnessGain:
    """The one gain that a whole programme gets.

    Attributes:
        factor: on the samples.
        db: the same [dB].
        reached: integrated loudness after it [LUFS].
        limited: the ceiling kept it below the target.
    """

    factor: float
    db: float
    reached: float
    limited: bool


class LoudnessMeter:
    """A meter of a mono programme, which it takes block by block.

    Keeps one number per 100 ms (3 MB for ten hours) and the states of its filters.

    Differs: pyloudnorm 0.2.0 counts the last, incomplete block where it rounds up; BS.1770-4 does
    not. A programme shorter than one block has a loudness here, that of all of it.

    Args:
        sample_rate: [Hz].
    """

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._filters = [_Biquad(*f) for f in _k_weighting(sample_rate)]
        self._energies: list[float] = []
        self._open, self._seen = 0.0, 0
        self._sample_peak = self._true_peak = 0.0
        over = OVERSAMPLING * sample_rate
        self._resampler = soxr.ResampleStream(sample_rate, over, 1, dtype="float32", quality="HQ")

    def push(self, block: Float32) -> None:
        """Takes (N,) float32 more."""
        if not len(block):
            return
        self._sample_peak = max(self._sample_peak, float(np.abs(block).max()))
        self._track_true_peak(np.ascontiguousarray(block, np.float32), last=False)
        weighted = block.astype(np.float64)
        for stage in self._filters:
            weighted = stage(weighted)
        self._accumulate(np.square(weighted))

    def finish(self) -> MeasuredLoudness:
        """Returns the programme's loudness; call once."""
        self._track_true_peak(np.zeros(0, np.float32), last=True)
        peak = max(self._true_peak, self._sample_peak)
        return MeasuredLoudness(integrated(self._blocks()), self._sample_peak, peak)

    def _track_true_peak(self, block: Float32, *, last: bool) -> None:
        dense = self._resampler.resample_chunk(block, last=last)
        if len(dense):
            self._true_peak = max(self._true_peak, float(np.abs(dense).max()))

    def _accumulate(self, squares: NDArray[np.float64]) -> None:
        """Sums energies over quarter blocks; their edges are rounded one by one, not summed."""
        at = 0
        while at < len(squares):
            edge = round((len(self._energies) + 1) * BLOCK_SECONDS / STEPS * self._rate)
            taken = min(edge - self._seen, len(squares) - at)
            self._open += float(squares[at : at + taken].sum())
            at, self._seen = at + taken, self._seen + taken
            if self._seen == edge:
                self._energies.append(self._open)
                self._open = 0.0

    def _blocks(self) -> NDArray[np.float64]:
        """Returns mean squares of all whole blocks (J,); a programme shorter than one is one."""
        steps = np.asarray(self._energies)
        if len(steps) < STEPS:
            return np.array([(steps.sum() + self._open) / max(1, self._seen)])
        sums = np.lib.stride_tricks.sliding_window_view(steps, STEPS).sum(axis=1)
        return np.asarray(sums / (BLOCK_SECONDS * self._rate))


def integrated(mean_squares: NDArray[np.float64]) -> float:
    """Returns the gated loudness of blocks [LUFS].

    Args:
        mean_squares: (J,) float64, K-weighted.

    >>> integrated(np.full(10, 1.0))
    -0.691
    """
    loud = mean_squares[mean_squares > _mean_square(ABSOLUTE_GATE)]
    if not len(loud):
        return SILENCE_LUFS
    gate = _mean_square(_lufs(float(loud.mean())) + RELATIVE_GATE)
    return _lufs(float(loud[loud > gate].mean()))


def gain_for(
    target_lufs: float, measured: MeasuredLoudness, ceiling_db: float = -1.0
) -> LoudnessGain:
    """Returns the gain that brings a programme to a loudness, or its peak to the ceiling.

    Nothing is compressed: the ceiling keeps the gain down instead, and the result says so.

    Args:
        target_lufs: wanted [LUFS].
        measured: of the programme.
        ceiling_db: greatest true peak [dBTP]. EBU R 128 allows -1.

    >>> gain_for(-18.0, MeasuredLoudness(-20.0, 0.5, 0.5)).db
    2.0
    >>> gain_for(-10.0, MeasuredLoudness(-20.0, 0.5, 0.5), ceiling_db=-3.0).limited
    True
    """
    if measured.integrated <= SILENCE_LUFS:
        return LoudnessGain(1.0, 0.0, SILENCE_LUFS, limited=False)
    wanted = target_lufs - measured.integrated
    room = ceiling_db - decibels(measured.true_peak)
    db = min(wanted, room)
    return LoudnessGain(10.0 ** (db / 20.0), db, measured.integrated + db, limited=room < wanted)


def gain_notice(target_lufs: float, gain: LoudnessGain) -> Notice | None:
    """Returns the notice that a programme stays below its target, or None where it does not."""
    if not gain.limited:
        return None
    message = (
        f"{gain.reached:.1f} LUFS instead of {target_lufs:.1f}: more would pass the peak ceiling"
    )
    return Notice("loudness_limited", message)


def decibels(magnitude: float) -> float:
    """Returns 20 · log10, never below ``SILENCE_DB``.

    >>> decibels(0.1), decibels(0.0)
    (-20.0, -120.0)
    """
    return max(SILENCE_DB, 20.0 * math.log10(magnitude)) if magnitude > 0.0 else SILENCE_DB


class _Biquad:
    """A biquad filter over blocks."""

    def __init__(self, b: NDArray[np.float64], a: NDArray[np.float64], gain: float) -> None:
        self._b, self._a, self._gain = b, a, gain
        self._state = np.zeros(max(len(a), len(b)) - 1)

    def __call__(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        out, self._state = lfilter(self._b, self._a, samples, zi=self._state)
        return np.asarray(out * self._gain)


def _k_weighting(
    sample_rate: int,
) -> list[tuple[NDArray[np.float64], NDArray[np.float64], float]]:
    """Returns head filter and low cut, as pyloudnorm designs them for any rate.

    Source: csteinmetz1/pyloudnorm 0.2.0 pyloudnorm/meter.py (MIT), filter class "K-weighting".
    """
    shelf = IIRfilter(4.0, 1.0 / math.sqrt(2.0), 1500.0, sample_rate, "high_shelf")
    cut = IIRfilter(0.0, 0.5, 38.0, sample_rate, "high_pass")
    return [(f.b, f.a, float(f.passband_gain)) for f in (shelf, cut)]


def _lufs(mean_square: float) -> float:
    return LOUDNESS_OFFSET + 10.0 * math.log10(mean_square)


def _mean_square(lufs: float) -> float:
    return float(10.0 ** ((lufs - LOUDNESS_OFFSET) / 10.0))
