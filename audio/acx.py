"""The levels that ACX (Audible's marketplace) wants of each file of an audiobook.

Source: ACX, "Audio Submission Requirements": each file measures between -23 dB and -18 dB RMS, has
peaks of at most -3 dB and a noise floor of at most -60 dB RMS.
"""

from __future__ import annotations

import math

import numpy as np

from audio.loudness import SILENCE_DB, decibels
from core.acx import AcxReport, AcxRule
from core.mel import Float32

RMS_LOW_DB, RMS_HIGH_DB = -23.0, -18.0
"""Source: as above."""
PEAK_DB = -3.0
"""Source: as above."""
NOISE_FLOOR_DB = -60.0
"""Source: as above."""
WINDOW_SECONDS = 0.5
"""Window of the noise floor. ACX does not say how it is measured; half a second is what the check
that Audacity's users run takes, and shorter than our pauses between paragraphs."""
STEPS = 5
"""Windows begin every 100 ms."""


class AcxMeter:
    """A meter of a mono file, which it takes block by block; it keeps one window.

    The noise floor is the RMS of the quietest window of 500 ms among those that begin at whole
    multiples of 100 ms; a file shorter than a window is one.

    Args:
        sample_rate: [Hz].
    """

    def __init__(self, sample_rate: int) -> None:
        self._step = max(1, round(sample_rate * WINDOW_SECONDS / STEPS))
        self._peak = self._energy = self._open = 0.0
        self._samples = self._filled = 0
        self._window: list[float] = []
        self._quietest = math.inf

    def push(self, block: Float32) -> None:
        """Takes (N,) float32 more."""
        if not len(block):
            return
        self._peak = max(self._peak, float(np.abs(block).max()))
        self._samples += len(block)
        squares = np.square(block.astype(np.float64))
        self._energy += float(squares.sum())
        at = 0
        while at < len(squares):
            taken = min(self._step - self._filled, len(squares) - at)
            self._open += float(squares[at : at + taken].sum())
            at, self._filled = at + taken, self._filled + taken
            if self._filled == self._step:
                self._end_step()

    def _end_step(self) -> None:
        self._window = [*self._window[-(STEPS - 1) :], self._open]
        self._open, self._filled = 0.0, 0
        if len(self._window) == STEPS:
            self._quietest = min(self._quietest, sum(self._window) / (STEPS * self._step))

    def finish(self) -> AcxReport:
        """Returns the file's levels and which limits they miss."""
        mean = self._energy / max(1, self._samples)
        quietest = mean if math.isinf(self._quietest) else self._quietest
        rms, peak, floor = decibels(math.sqrt(mean)), decibels(self._peak), SILENCE_DB
        if quietest > 0.0:
            floor = decibels(math.sqrt(quietest))
        return AcxReport(rms, peak, floor, _failures(rms, peak, floor))


def _failures(rms: float, peak: float, floor: float) -> tuple[AcxRule, ...]:
    missed: dict[AcxRule, bool] = {
        "rms_low": rms < RMS_LOW_DB,
        "rms_high": rms > RMS_HIGH_DB,
        "peak_high": peak > PEAK_DB,
        "noise_floor_high": floor > NOISE_FLOOR_DB,
    }
    return tuple(rule for rule, misses in missed.items() if misses)
