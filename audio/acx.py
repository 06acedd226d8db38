"""What ACX (Audible's marketplace) wants of each file of an audiobook.

Source: ACX, "Audio Submission Requirements": each file measures between -23 dB and -18 dB RMS, has
peaks of at most -3 dB and a noise floor of at most -60 dB RMS; it is an mp3 of 44.1 kHz at a
constant bit rate of 192 kbit/s or more, of at most 120 minutes, with 0.5 to 1 second of room tone
at its beginning and 1 to 5 seconds at its end.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import get_args

import numpy as np
import soundfile

from audio.containers.mp3 import mp3_bit_rates
from audio.encode import file_error
from audio.loudness import SILENCE_DB, decibels
from core.acx import AcxFile, AcxReport, AcxRule
from core.mel import Float32

RMS_LOW_DB, RMS_HIGH_DB = -23.0, -18.0
"""Source: as above."""
PEAK_DB = -3.0
"""Source: as above."""
NOISE_FLOOR_DB = -60.0
"""Source: as above."""
SAMPLE_RATE = 44100
"""Source: as above."""
LEAST_BIT_RATE = 192_000
"""Source: as above."""
LONGEST_SECONDS = 120 * 60.0
"""Source: as above."""
HEAD_SECONDS = (0.5, 1.0)
"""Source: as above."""
TAIL_SECONDS = (1.0, 5.0)
"""Source: as above."""
SPEECH_DB = -50.0
"""Room tone lies below it, speech above. ACX does not say how an edge is found; this is 10 dB above
the noise floor that it allows."""
EDGE_SECONDS = 0.02
"""Blocks in which edges are looked for."""
READ_SAMPLES = 2**16
LISTED = 50
"""Files that a report lists: it is read at every poll."""
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


def metered(meter: AcxMeter, blocks: Iterable[Float32]) -> Iterator[Float32]:
    """Yields the blocks, each measured before it is."""
    for block in blocks:
        meter.push(block)
        yield block


def check_file(path: Path, name: str) -> AcxFile:
    """Returns a finished mp3 file's check, as whoever decodes it measures it.

    Args:
        path: the file.
        name: under which it is delivered.

    Raises:
        Unavailable: the disk refuses to read it.
        SynthesisError: it is no sound file (code ``encoding_failed``).
    """
    try:
        with soundfile.SoundFile(path) as file:
            rate, meter, edges = file.samplerate, AcxMeter(file.samplerate), _Edges(file.samplerate)
            for block in file.blocks(READ_SAMPLES, dtype="float32", always_2d=True):
                meter.push(block[:, 0])
                edges.push(block[:, 0])
        bit_rates = mp3_bit_rates(path)
    except (soundfile.LibsndfileError, OSError) as error:
        raise file_error(f"cannot read {path}", error) from error
    levels, head, tail = meter.finish(), edges.head, edges.tail
    missed: dict[AcxRule, bool] = {
        "sample_rate": rate != SAMPLE_RATE,
        "bit_rate": len(bit_rates) != 1 or min(bit_rates) < LEAST_BIT_RATE,
        "head": not HEAD_SECONDS[0] <= head <= HEAD_SECONDS[1],
        "tail": not TAIL_SECONDS[0] <= tail <= TAIL_SECONDS[1],
        "too_long": edges.seconds > LONGEST_SECONDS,
    }
    return AcxFile(
        file=name,
        rms_db=levels.rms_db,
        peak_db=levels.peak_db,
        noise_floor_db=levels.noise_floor_db,
        failures=(*levels.failures, *(rule for rule, misses in missed.items() if misses)),
    )


def summary(files: Sequence[AcxFile]) -> AcxReport:
    """Returns one report of files: the loudest, the highest peak and floor, and what any misses."""
    failed = [file for file in files if file.failures]
    missed = {rule for file in failed for rule in file.failures}
    return AcxReport(
        max(file.rms_db for file in files),
        max(file.peak_db for file in files),
        max(file.noise_floor_db for file in files),
        tuple(rule for rule in get_args(AcxRule) if rule in missed),
        files=len(files),
        failed_files=tuple(failed[:LISTED]),
    )


class _Edges:
    """Finds where speech begins and ends in a file.

    Attributes:
        head, tail: room tone before and behind it [s].
        seconds: length of the file [s].
    """

    def __init__(self, sample_rate: int) -> None:
        self._size, self._rate = round(EDGE_SECONDS * sample_rate), sample_rate
        self._left = np.zeros(0, np.float32)
        self._blocks, self._samples = 0, 0
        self._first: int | None = None
        self._last = 0

    def push(self, block: Float32) -> None:
        """Takes (N,) float32 more."""
        self._samples += len(block)
        samples = np.concatenate([self._left, block])
        whole = len(samples) // self._size
        self._left = samples[whole * self._size :]
        levels = np.square(samples[: whole * self._size].reshape(whole, -1)).mean(axis=1)
        loud = np.flatnonzero(levels > 10.0 ** (SPEECH_DB / 10.0)) + self._blocks
        self._blocks += whole
        if len(loud):
            self._first = int(loud[0]) if self._first is None else self._first
            self._last = int(loud[-1]) + 1

    @property
    def seconds(self) -> float:
        return self._samples / self._rate

    @property
    def head(self) -> float:
        return self.seconds if self._first is None else self._first * self._size / self._rate

    @property
    def tail(self) -> float:
        return self.seconds - self._last * self._size / self._rate


def _failures(rms: float, peak: float, floor: float) -> tuple[AcxRule, ...]:
    missed: dict[AcxRule, bool] = {
        "rms_low": rms < RMS_LOW_DB,
        "rms_high": rms > RMS_HIGH_DB,
        "peak_high": peak > PEAK_DB,
        "noise_floor_high": floor > NOISE_FLOOR_DB,
    }
    return tuple(rule for rule, misses in missed.items() if misses)
