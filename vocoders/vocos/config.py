"""Sizes of a Vocos, and how far it sees."""

from __future__ import annotations

from typing import Annotated

import msgspec

from core.networks import Depth, Hop, Kernel, SampleRate, Width
from vocoders.excitation import ExcitationConfig
from vocoders.halo import Reach


class VocosConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Backbone, head and pitch estimator; the defaults are for a CPU.

    Raises:
        ValueError: spectral frames do not tile those of the mel.
    """

    n_mels: Width = 80
    sample_rate: SampleRate = 22050
    hop_length: Hop = 256
    """Samples per mel frame."""
    channels: Width = 256
    hidden: Width = 640
    """Channels between the two pointwise layers of a block."""
    layers: Depth = 6
    kernel: Kernel = 7
    n_fft: Annotated[int, msgspec.Meta(ge=4, le=4096)] = 512
    """Length of a spectral frame and of its Hann window [samples]."""
    stft_hop: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 128
    """Distance of two spectral frames [samples]; a quarter of ``n_fft``, divides ``hop_length``."""
    pitch_centre: Annotated[float, msgspec.Meta(ge=10, le=2000)] = 140.0
    """F0 [Hz] that the pitch estimator counts octaves from."""
    pitch_channels: Width = 128
    pitch_layers: Depth = 3
    pitch_kernel: Kernel = 5

    def __post_init__(self) -> None:
        if self.n_fft != 4 * self.stft_hop or self.hop_length % self.stft_hop:
            raise ValueError(
                f"stft_hop {self.stft_hop} must be a quarter of n_fft {self.n_fft} and divide "
                f"hop_length {self.hop_length}"
            )

    @property
    def excitation(self) -> ExcitationConfig:
        """The pulses, and the estimator of their pitch."""
        return ExcitationConfig(
            sample_rate=self.sample_rate,
            pitch_centre=self.pitch_centre,
            pitch_channels=self.pitch_channels,
            pitch_layers=self.pitch_layers,
            pitch_kernel=self.pitch_kernel,
        )

    @property
    def bins(self) -> int:
        """Frequencies of a spectral frame.

        >>> VocosConfig().bins
        257
        """
        return self.n_fft // 2 + 1

    @property
    def subframes(self) -> int:
        """Spectral frames per mel frame.

        >>> VocosConfig().subframes
        2
        """
        return self.hop_length // self.stft_hop


def halo_frames(config: VocosConfig) -> int:
    """Mel frames per side on which a frame's samples depend, given the excitations.

    >>> halo_frames(VocosConfig())
    22
    """
    reach = Reach(0, 0)
    for _ in range(config.layers + 1):
        reach = reach.conv(config.kernel)
    # A sample lies under spectral frames up to half a window away.
    overlap = (config.n_fft - config.stft_hop) // 2
    return reach.widest() + -(-overlap // config.hop_length)
