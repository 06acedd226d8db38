"""Sizes of a FastSpeech 2."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from acoustic.refiner.config import RefinerConfig

MAX_FRAMES = 8192
"""Rows of the decoder's position table: 95 s at 86 frames/s, and the text front end ends an
utterance long before."""


class FeatureStats(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Range and scale of a variance feature over the training corpus.

    The embedded value is (raw - mean) / std, ``minimum`` and ``maximum`` are on that scale; with
    mean 0 and std 1 the feature is embedded as it is.
    """

    minimum: float
    maximum: float
    mean: float = 0.0
    std: float = 1.0

    @staticmethod
    def measure(values: NDArray[np.float64]) -> FeatureStats:
        """Returns mean and std over voiced symbols (above 0), and the range after scaling.

        Args:
            values: (N,), one of each symbol; the tails (0.1 %) are clipped.
        """
        voiced = values[values > 0]
        mean, std = float(voiced.mean()), float(voiced.std())
        low, high = np.quantile((voiced - mean) / std, [0.001, 0.999])
        return FeatureStats(float(low), float(high), mean, std)

    def affine(self, factor: float) -> tuple[float, float]:
        """Scale and shift on the embedded value that multiply the raw value by ``factor``."""
        return factor, (factor - 1.0) * self.mean / self.std


class FastSpeech2Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Sizes; the defaults are the reference's.

    Source: ming024/FastSpeech2@d4e79eb config/LJSpeech/model.yaml; FastSpeech 2 paper, table 1.
    """

    n_symbols: int = 361
    """Rows of the symbol embedding, padding (id 0) included."""
    n_mels: int = 80
    n_speakers: int = 1
    encoder_layers: int = 4
    encoder_heads: int = 2
    encoder_hidden: int = 256
    decoder_layers: int = 6
    decoder_heads: int = 2
    decoder_hidden: int = 256
    """Equal to encoder_hidden: there is no projection between them."""
    conv_filter: int = 1024
    conv_kernels: tuple[int, int] = (9, 1)
    separable: bool = False
    """Depthwise + pointwise instead of the full first convolution of a block (LightSpeech §3)."""
    dropout: float = 0.2
    variance_filter: int = 256
    variance_kernel: int = 3
    variance_dropout: float = 0.5
    n_bins: int = 256
    pitch: FeatureStats = FeatureStats(-2.8393, 11.0224, 215.840, 53.598)
    energy: FeatureStats = FeatureStats(-1.6206, 6.7718, 59.4127, 36.6257)
    pitch_level: Literal["phoneme", "frame"] = "phoneme"
    energy_level: Literal["phoneme", "frame"] = "phoneme"
    pitch_bins: Literal["linear", "log"] = "linear"
    energy_bins: Literal["linear", "log"] = "linear"
    postnet_layers: int = 5
    """0 = no postnet (the CPU size: 4.3 M parameters less)."""
    postnet_channels: int = 512
    refiner: RefinerConfig = RefinerConfig()
    """Sharpens the mel after the decoder; it reads the decoder's states, too."""
    mask_convolutions: bool = True
    """Multiply by the length mask before every convolution. Differs: the reference does not, so
    its last phonemes and frames depend on the batch; False reproduces it."""
