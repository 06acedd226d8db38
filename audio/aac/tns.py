"""Temporal noise shaping: the noise of a frame follows the frame's envelope in time.

A spectrum that is predicted along frequency is, in time, a signal divided by its envelope.
Quantizing the prediction's residual and undoing the prediction in the decoder multiplies the noise
by the envelope: it stays below the pulses of a voice, and little of it comes before an onset.

Source: ISO/IEC 14496-3 §4.6.9; Herre and Johnston, "Enhancing the performance of perceptual audio
coders by using temporal noise shaping", AES 101 (1996).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.aac.tables import SAMPLING_FREQUENCIES

Float = NDArray[np.float64]
Int = NDArray[np.int64]

ORDER = 12
"""Greatest order of a filter for long windows. Source: ISO/IEC 14496-3 table 4.156, AAC-LC."""
FIRST_HERTZ = 1500.0
"""Below it single harmonics stand too far apart in frequency to be predicted from each other."""
LEAST_GAIN = 1.15
"""Prediction gain from which a filter is worth its bits."""
WIDTH = 16
"""Coefficients on each side of a running level."""
POSITIVE_STEPS, NEGATIVE_STEPS = 7.5 / (np.pi / 2), 8.5 / (np.pi / 2)
"""Steps of the arc sine of a reflection coefficient in four bits. Source: §4.6.9.3."""
MAX_BANDS = dict(
    zip(SAMPLING_FREQUENCIES, (31, 31, 34, 40, 42, 51, 46, 46, 42, 42, 42, 39, 39), strict=True)
)
"""Bands above which no filter reaches, by sampling rate [Hz]. Source: table 4.156, long windows."""


@dataclass(frozen=True, slots=True)
class TnsFilters:
    """Filters of frames, one each.

    Attributes:
        order: of each filter (F,); 0 = none.
        indices: quantized reflection coefficients (F, ORDER), from -8 to 7.
        bands: scale factor bands below the spectrum's end at which filters begin.
    """

    order: Int
    indices: Int
    bands: int


def shape_noise(spectra: Float, sample_rate: int, edges: Int) -> tuple[Float, TnsFilters]:
    """Returns residuals in place of spectra, and the filters that undo it.

    Args:
        spectra: (F, 1024).
        sample_rate: [Hz].
        edges: of the bands.
    """
    first_band = int(np.searchsorted(edges, FIRST_HERTZ * 2048 / sample_rate))
    start, end = edges[first_band], edges[min(len(edges) - 1, MAX_BANDS[sample_rate])]
    region = spectra[:, start:end]
    reflections, gain = _reflections(_whitened(region))
    indices = _quantize(reflections)
    used = gain >= LEAST_GAIN
    order = np.where(used, _last_used(indices), 0)
    indices = np.where(used[:, None], indices, 0)
    residuals = spectra.copy()
    residuals[:, start:end] = _predicted_away(region, _coefficients(_dequantize(indices)))
    return residuals, TnsFilters(order, indices, len(edges) - 1 - first_band)


def _whitened(region: Float) -> Float:
    """Divides by a running level along frequency, so that loud formants do not rule the filter."""
    level = np.cumsum(np.pad(np.square(region), ((0, 0), (WIDTH, WIDTH - 1)), mode="edge"), axis=1)
    level = level[:, 2 * WIDTH - 1 :] - np.pad(level, ((0, 0), (1, 0)))[:, : region.shape[1]]
    return np.asarray(region / np.sqrt(level / (2 * WIDTH - 1) + 1.0))


def _reflections(region: Float) -> tuple[Float, Float]:
    """Returns reflection coefficients (F, ORDER) and the prediction's gain (F,), by Levinson."""
    length = region.shape[1]
    lags = [
        np.einsum("fn,fn->f", region[:, lag:], region[:, : length - lag])
        for lag in range(ORDER + 1)
    ]
    r = np.stack(lags, axis=1)
    r[:, 0] = r[:, 0] * (1 + 1e-6) + 1e-9
    a = np.zeros((len(r), ORDER + 1))
    a[:, 0] = 1.0
    error = r[:, 0].copy()
    reflections = np.empty((len(r), ORDER))
    for m in range(1, ORDER + 1):
        k = -np.einsum("fi,fi->f", a[:, :m], r[:, m:0:-1]) / error
        reflections[:, m - 1] = k
        a[:, 1 : m + 1] += k[:, None] * a[:, :m][:, ::-1]
        error *= 1.0 - np.square(k)
    return reflections, r[:, 0] / error


def _quantize(reflections: Float) -> Int:
    angles = np.arcsin(reflections.clip(-1.0, 1.0))
    steps = np.where(angles >= 0, POSITIVE_STEPS, NEGATIVE_STEPS)
    return np.asarray(np.rint(angles * steps).astype(np.int64).clip(-8, 7))


def _dequantize(indices: Int) -> Float:
    steps = np.where(indices >= 0, POSITIVE_STEPS, NEGATIVE_STEPS)
    return np.sin(indices / steps)


def _last_used(indices: Int) -> Int:
    """Returns how many coefficients remain without the zeros at the end."""
    counts = (indices != 0)[:, ::-1]
    return np.where(counts.any(axis=1), ORDER - np.argmax(counts, axis=1), 0)


def _coefficients(reflections: Float) -> Float:
    """Returns prediction coefficients (F, ORDER + 1), the first one 1."""
    a = np.zeros((len(reflections), ORDER + 1))
    a[:, 0] = 1.0
    for m in range(1, ORDER + 1):
        a[:, 1 : m + 1] += reflections[:, m - 1, None] * a[:, :m][:, ::-1]
    return a


def _predicted_away(region: Float, coefficients: Float) -> Float:
    residual = region.copy()
    for lag in range(1, ORDER + 1):
        residual[:, lag:] += coefficients[:, lag, None] * region[:, :-lag]
    return residual
