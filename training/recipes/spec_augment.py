"""Augmentation of mels for recognizers: speech at other speeds, pitches, levels, in rooms, masked.

Everything works on log-mels, so that a batch costs milliseconds: a room is an exponential decay of
each band's power, noise a floor of power. torchaudio's transforms stretch and mask; they come with
the extra ``recognition``.

Source: SpecAugment (arXiv 1904.08779): masks of bands and of frames. Differs: masks of frames are
short, about two phonemes: a recognizer that learns to guess what it cannot hear would not notice
that a word is missing.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from scipy.signal import lfilter
from torch import Tensor

from core.mel import Float32, MelSpec
from training.aligner.augment import augment

STRETCH = 0.8, 1.3
"""Factors of speed."""
STRETCHED, COLOURED, IN_ROOMS, NOISY = 0.5, 0.5, 0.1, 0.1
"""Shares of utterances: few in rooms and noise, since what is to be checked has neither, and an
hour on a core is not enough to overfit."""
LEVEL = -2.0, 1.0
"""Gain, natural log."""
REVERBERATION_SECONDS = 0.1, 0.7
"""Time in which a room's sound decays by 60 dB."""
NOISE_BELOW = 2.0, 8.0
"""Floor of noise below the loudest band, natural log of magnitudes: 17 to 69 dB."""
BAND_MASKS, WIDEST_BANDS = 1, 14
FRAME_MASKS, LONGEST_FRAMES = 1, 12
MASKED = -5.0
"""What a masked bin holds: the middle of a log-mel of speech."""


class SpecAugment:
    """Changes mels at random.

    Args:
        spec: of the mels.

    Raises:
        ImportError: torchaudio is not installed (extra ``recognition``).
    """

    def __init__(self, spec: MelSpec) -> None:
        from torchaudio.transforms import FrequencyMasking, TimeMasking, TimeStretch

        self._spec = spec
        # Any: torchaudio has no types of its own.
        self._stretch: Any = TimeStretch(hop_length=spec.hop_length, n_freq=spec.n_mels)
        self._bands: Any = FrequencyMasking(WIDEST_BANDS, iid_masks=True)
        self._frames: Any = TimeMasking(LONGEST_FRAMES, iid_masks=True)

    def change(self, mel: Float32, draw: np.random.Generator) -> Float32:
        """Returns the mel as it might be at another speed, of another voice, in a room.

        Args:
            mel: (T, n_mels), natural log.
            draw: source of randomness.

        Returns:
            (T', n_mels) float32.
        """
        if draw.random() < STRETCHED:
            mel = self.stretched(mel, math.exp(draw.uniform(*np.log(STRETCH))))
        if draw.random() < COLOURED:
            mel = augment(mel, draw)
        if draw.random() < IN_ROOMS:
            seconds = draw.uniform(*REVERBERATION_SECONDS)
            mel = in_room(mel, seconds, draw.uniform(0.1, 1.0), self._spec)
        if draw.random() < NOISY:
            floor = mel.max() - draw.uniform(*NOISE_BELOW)
            tilt = np.linspace(0.0, draw.uniform(-3.0, 1.0), mel.shape[1])
            noise = floor + tilt + draw.normal(0.0, 0.4, mel.shape)
            mel = np.logaddexp(mel, noise).astype(np.float32)
        return (mel + np.float32(draw.uniform(*LEVEL))).astype(np.float32)

    def stretched(self, mel: Float32, rate: float) -> Float32:
        """Returns the mel at another speed, 2.0 = half as many frames; the pitch stays."""
        # A phase vocoder interpolates magnitudes; phases, which a mel has none of, are zero.
        magnitudes = torch.from_numpy(np.exp(mel.T.astype(np.float32)))
        with torch.no_grad():
            out = self._stretch(torch.complex(magnitudes, torch.zeros_like(magnitudes)), rate)
        shorter: Float32 = out.abs().clamp(min=self._spec.floor).log().T.numpy()
        return shorter

    def masked(self, mels: Tensor) -> Tensor:
        """Returns a batch (B, n_mels, T) with bands and frames masked, others in each item.

        The masks follow torch's generator, which a step's number seeds.
        """
        masked = mels[:, None]
        for _ in range(BAND_MASKS):
            masked = self._bands(masked, MASKED)
        for _ in range(FRAME_MASKS):
            masked = self._frames(masked, MASKED)
        out: Tensor = masked[:, 0]
        return out


def in_room(mel: Float32, seconds: float, wet: float, spec: MelSpec) -> Float32:
    """Returns the mel with a decaying tail behind every sound.

    Args:
        mel: (T, n_mels), natural log.
        seconds: until the tail has decayed by 60 dB [s].
        wet: power of the tail's beginning, relative to the sound.
        spec: frames per second.

    >>> mel = np.array([[0.0], [-11.0], [-11.0]], np.float32)
    >>> tail = in_room(mel, 0.3, 1.0, MelSpec())
    >>> [round(float(x), 1) for x in tail[:, 0]]
    [0.0, -0.3, -0.5]
    """
    decay = 10.0 ** (-6.0 / (seconds * spec.frames_per_second))
    power = np.exp(2.0 * mel.astype(np.float64))
    tail = lfilter([0.0, wet * decay], [1.0, -decay], power, axis=0)
    wet_mel: Float32 = (0.5 * np.log(power + tail)).astype(np.float32)
    return wet_mel
