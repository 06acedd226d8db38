"""Sizes of a WaveGlow, and how far it sees."""

from __future__ import annotations

import msgspec

from vocoders.halo import Reach


class WaveGlowConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Flow sizes; the defaults are NVIDIA's.

    Source: WaveGlow (arXiv 1811.00002) §3; NVIDIA/waveglow@8afb643 config.json.
    """

    n_mels: int = 80
    n_flows: int = 12
    n_group: int = 8
    """Samples squeezed into channels."""
    n_early_every: int = 4
    """After so many flows, ``n_early_size`` channels leave for the latent."""
    n_early_size: int = 2
    n_layers: int = 8
    """Dilated layers of each coupling network."""
    n_channels: int = 256
    kernel_size: int = 3
    hop_length: int = 256
    """Samples per mel frame; a multiple of n_group."""
    upsample_kernel: int = 1024
    sigma: float = 0.666
    """Standard deviation of the latent when speaking. Source: NVIDIA/tacotron2@185cd24
    inference.ipynb."""
    denoiser_strength: float = 0.01
    """Source: the same notebook. 0 switches the denoiser off."""

    @property
    def n_remaining(self) -> int:
        """Channels of the latent that pass every flow.

        >>> WaveGlowConfig().n_remaining
        4
        """
        return self.n_group - self.n_early_size * len(self.early_flows)

    @property
    def early_flows(self) -> tuple[int, ...]:
        """Flows before which channels leave, ascending.

        >>> WaveGlowConfig().early_flows
        (4, 8)
        """
        return tuple(range(self.n_early_every, self.n_flows, self.n_early_every))


def halo_frames(config: WaveGlowConfig) -> int:
    """Mel frames per side on which a frame's samples depend, through mel and noise alike.

    >>> halo_frames(WaveGlowConfig())
    99
    """
    reach = Reach(0, 0)  # in groups of samples
    for _ in range(config.n_flows):
        for layer in range(config.n_layers):
            reach = reach.conv(config.kernel_size, 2**layer)
    samples = Reach(*(side * config.n_group for side in reach))
    return samples.transposed(config.upsample_kernel, config.hop_length, 0).widest()
