"""What a file for ACX needs beyond its samples: peaks kept down, and room tone at both ends.

Source: ACX, "Audio Submission Requirements" and "Mastering": peaks of at most -3 dB; 0.5 to 1
second of room tone at a file's beginning and 1 to 5 seconds at its end; no digital silence.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter1d, uniform_filter1d

from audio.sample_stream import SampleStream
from core.mel import Float32

Float64 = NDArray[np.float64]

CEILING_DB = -4.0
"""Greatest sample before encoding: that of a decoded mp3 lies up to a few tenths higher."""
LOOK_AHEAD_SECONDS = 0.01
"""How long before a peak the gain goes down, and how long it takes to come back."""
TARGET_RMS_DB = -20.0
"""RMS of a file; ACX takes -23 to -18 dB."""
HEAD_SECONDS, TAIL_SECONDS = 0.6, 1.3
"""Room tone before the first and behind the last sample of a file, within ACX's 0.5 to 1 and 1 to
5."""
SPAN_SECONDS = 0.04
"""How far the limiter's gain for a peak reaches, before and behind it together."""
MOST_EXTRA = 4.0
"""Factor by which a file's gain may exceed the one that it would need without a limiter."""
ROOM_TONE_DB = -72.0
"""RMS of the tone under the whole file: below ACX's noise floor of -60 dB, above digital
silence."""
TONE_SECONDS = 4
"""Length of the tone that is repeated."""
TONE_SEED = 20


class PeakLimiter:
    """A limiter that looks ahead, block by block; the output is as long as the input.

    The gain that a sample needs is held for as long before and after it as the limiter looks ahead
    and then averaged over the same time: every value of the average holds the needed gain or a
    lower one, so that no sample passes the ceiling and the gain never jumps.

    Args:
        sample_rate: [Hz].
        ceiling_db: greatest sample [dBFS].
    """

    def __init__(self, sample_rate: int, ceiling_db: float = CEILING_DB) -> None:
        self._ceiling = 10.0 ** (ceiling_db / 20.0)
        self._reach = round(LOOK_AHEAD_SECONDS * sample_rate)
        self._context = np.zeros(2 * self._reach, np.float32)
        """Samples that the gain of those to come depends on, and those that wait for theirs."""

    def push(self, block: Float32) -> Float32:
        """Takes (N,) float32 and returns what is ready; may be empty."""
        reach = 2 * self._reach
        samples = np.concatenate([self._context, block])
        if len(samples) <= 2 * reach:
            self._context = samples
            return np.zeros(0, np.float32)
        needed = np.minimum(1.0, self._ceiling / np.maximum(np.abs(samples), 1e-9))
        size = reach + 1
        gain = uniform_filter1d(minimum_filter1d(needed, size), size)
        ready = np.asarray((samples * gain)[reach : len(samples) - reach], np.float32)
        self._context = samples[len(samples) - 2 * reach :]
        return ready

    def finish(self) -> Float32:
        """Returns the rest; call once."""
        return self.push(np.zeros(2 * self._reach, np.float32))


@cache
def _room_tone(sample_rate: int) -> Float32:
    """Noise that falls by 6 dB an octave above 200 Hz and joins its own beginning."""
    noise = np.random.default_rng(TONE_SEED).standard_normal(TONE_SECONDS * sample_rate)
    frequencies = np.fft.rfftfreq(len(noise), 1.0 / sample_rate)
    spectrum = np.fft.rfft(noise) / np.maximum(frequencies, 200.0)
    spectrum[0] = 0.0
    tone = np.fft.irfft(spectrum, len(noise))
    level = 10.0 ** (ROOM_TONE_DB / 20.0)
    return np.asarray(tone * level / np.sqrt(np.square(tone).mean()), np.float32)


def room_tone(sample_rate: int, start: int, samples: int) -> Float32:
    """Returns room tone from a sample on, (samples,) float32."""
    tone = _room_tone(sample_rate)
    return np.take(tone, np.arange(start, start + samples), mode="wrap")


def edge_samples(sample_rate: int) -> tuple[int, int]:
    """Returns how many samples of room tone a file has before and behind its own.

    >>> edge_samples(44100)
    (26460, 57330)
    """
    return round(HEAD_SECONDS * sample_rate), round(TAIL_SECONDS * sample_rate)


def mastered(
    blocks: Iterable[Float32], gain: float, sample_rate: int, samples: int
) -> Iterator[Float32]:
    """Yields a file's blocks at a gain, limited, over room tone that begins before and ends behind.

    Args:
        blocks: (N,) float32.
        gain: factor on them.
        sample_rate: [Hz].
        samples: how many the blocks hold.
    """
    head, tail = edge_samples(sample_rate)
    limiter, position = PeakLimiter(sample_rate), head
    yield room_tone(sample_rate, 0, head)
    for block in _limited(blocks, limiter, gain):
        yield block + room_tone(sample_rate, position, len(block))
        position += len(block)
    assert position == head + samples
    yield room_tone(sample_rate, position, tail)


def _limited(blocks: Iterable[Float32], limiter: PeakLimiter, gain: float) -> Iterator[Float32]:
    for block in blocks:
        ready = limiter.push(block * np.float32(gain))
        if len(ready):
            yield ready
    yield limiter.finish()


def gains_for_rms(
    blocks: Iterable[Float32], lengths: Sequence[int], sample_rate: int
) -> list[float]:
    """Returns factors that bring files to TARGET_RMS_DB, limited and with their room tone.

    Args:
        blocks: (N,) float32, of all files one after the other.
        lengths: samples of each file.
        sample_rate: [Hz].
    """
    stream, edges = SampleStream(blocks), sum(edge_samples(sample_rate))
    gains = list[float]()
    for length in lengths:
        energies, peaks = _spans(stream.take(length), round(SPAN_SECONDS * sample_rate))
        wanted = 10.0 ** (TARGET_RMS_DB / 10.0) * (length + edges)
        gains.append(_solved_gain(energies, peaks, wanted))
    return gains


def _spans(blocks: Iterable[Float32], span: int) -> tuple[Float64, Float64]:
    """Returns energy and peak of each span of so many samples, both (spans,)."""
    energies, peaks, left = list[Float64](), list[Float64](), np.zeros(0)
    for block in blocks:
        samples = np.concatenate([left, block])
        whole = len(samples) // span
        left = samples[whole * span :]
        rows = samples[: whole * span].reshape(whole, span)
        energies.append(np.square(rows).sum(axis=1))
        peaks.append(np.abs(rows).max(axis=1, initial=0.0))
    energies.append(np.array([np.square(left).sum()]))
    peaks.append(np.array([np.abs(left).max(initial=0.0)]))
    return np.concatenate(energies), np.concatenate(peaks)


def _solved_gain(energies: Float64, peaks: Float64, wanted: float) -> float:
    """Returns the factor with which spans, each held below the ceiling, have an energy.

    The limiter takes from a span what brings its peak to the ceiling. Where even MOST_EXTRA times
    the gain without a limiter is not enough, that is taken, and the check of the file tells.
    """
    total = float(energies.sum())
    if total <= 0.0:
        return 1.0
    most = 10.0 ** (CEILING_DB / 20.0) / np.maximum(peaks, 1e-9)
    plain = math.sqrt(wanted / total)
    low, high = plain, plain * MOST_EXTRA
    for _ in range(20):
        middle = (low + high) / 2
        enough = float((energies * np.square(np.minimum(middle, most))).sum()) >= wanted
        low, high = (low, middle) if enough else (middle, high)
    return high
