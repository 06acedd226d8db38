"""float32 samples to 16-bit PCM: clipped, never wrapped.

No dither: the quantization noise of 16 bits (-98 dBFS) lies far below the noise floor of a vocoder
trained on 16-bit speech, pauses stay digital zero, and the same samples give the same bytes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.mel import Float32

FULL_SCALE = 32768.0
"""int16 = round(sample × this), so that reading back (int16 / 32768) returns the same samples."""


def to_pcm16(samples: Float32) -> NDArray[np.int16]:
    """Returns samples rounded to whole numbers and clipped.

    Args:
        samples: (N,) float32, nominally in [-1, 1]; must be finite.

    Returns:
        (N,) int16.

    Raises:
        ValueError: a sample is not finite.

    Differs: jik876/hifi-gan@4769534 casts without clipping, where +1.0 wraps to -32768.

    >>> to_pcm16(np.array([0.5, 1.0, -1.0, 7.0], np.float32)).tolist()
    [16384, 32767, -32768, 32767]
    """
    if not np.isfinite(samples).all():
        raise ValueError("samples are not finite")
    scaled = np.rint(samples.clip(-1.0, 1.0) * np.float32(FULL_SCALE))  # a power of two: exact
    return scaled.clip(-32768, 32767).astype(np.int16)


def from_pcm16(pcm: NDArray[np.int16]) -> Float32:
    """Returns (N,) int16 as (N,) float32 in [-1, 1).

    >>> from_pcm16(np.array([-32768, 16384], np.int16)).tolist()
    [-1.0, 0.5]
    """
    return pcm.astype(np.float32) / np.float32(FULL_SCALE)


def count_clipped(samples: Float32) -> int:
    """Returns how many samples lie outside [-1, 1].

    >>> count_clipped(np.array([0.5, 1.0, -1.5], np.float32))
    1
    """
    return int(np.count_nonzero(np.abs(samples) > 1.0))
