"""Sizes of a Vocos, and how far it sees."""

from __future__ import annotations

import msgspec

from vocoders.halo import Reach


class VocosConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Backbone, head and pitch estimator; the defaults are for a CPU."""

    n_mels: int = 80
    sample_rate: int = 22050
    hop_length: int = 256
    """Samples per mel frame."""
    channels: int = 256
    hidden: int = 640
    """Channels between the two pointwise layers of a block."""
    layers: int = 6
    kernel: int = 7
    n_fft: int = 512
    """Length of a spectral frame and of its Hann window [samples]."""
    stft_hop: int = 128
    """Distance of two spectral frames [samples]; a quarter of ``n_fft``, divides ``hop_length``."""
    pitch_centre: float = 140.0
    """F0 [Hz] that the pitch estimator counts octaves from."""
    pitch_channels: int = 128
    pitch_layers: int = 3
    pitch_kernel: int = 5

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
