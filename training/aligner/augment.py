"""A mel as another voice in another room might have made it: what lies where does not change.

Source: Vocal Tract Length Perturbation (Jaitly & Hinton 2013). Differs: the mel's bands are warped,
not the filters; a room's noise is added.
"""

from __future__ import annotations

import math

import numpy as np

from core.mel import Float32

WARP = 0.15  # largest logarithm of the factor on the bands
NOISE = 5.0, 11.0  # of the room, natural log below the loudest band: 43 to 96 dB
TILT = 1.0  # deviation of its level at the lowest, middle and highest band
FLICKER = 0.3  # deviation from frame to frame


def augment(mel: Float32, draw: np.random.Generator) -> Float32:
    """Returns the mel with its bands warped by a factor near 1 and a floor of noise.

    Args:
        mel: (T, n_mels), natural log.
        draw: source of randomness.

    Returns:
        (T, n_mels) float32.
    """
    bands = mel.shape[1]
    places = np.clip(np.arange(bands) * math.exp(draw.uniform(-WARP, WARP)), 0, bands - 1)
    below = np.floor(places).astype(np.int64)
    share = (places - below).astype(np.float32)
    warped = mel[:, below] * (1 - share) + mel[:, np.minimum(below + 1, bands - 1)] * share
    tilt = np.interp(np.linspace(0, 2, bands), [0, 1, 2], draw.normal(0.0, TILT, 3))
    floor = warped.max() - draw.uniform(*NOISE) + tilt
    noise = floor + draw.normal(0.0, FLICKER, mel.shape)
    noisy: Float32 = np.logaddexp(warped, noise).astype(np.float32)
    return noisy
