"""Sizes of a MelGAN, and how far it sees."""

from __future__ import annotations

from typing import Literal

import msgspec

from vocoders.halo import Reach

MIN_FRAMES = 4
"""Fewest frames it reads: the first convolution reflects three on either side."""


class MelGanConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Generator sizes; the defaults are the paper's (arXiv 1910.06711, appendix A, table 4)."""

    form: Literal["descript", "seungwonpark"] = "descript"
    """Whose keys and input. descript: keys ``model.N``, the mel as it is (log10 when public);
    seungwonpark: keys ``generator.N``, the network scales a natural-log mel by (mel + 5) / 5."""
    n_mels: int = 80
    channels: int = 512
    """Channels before the first upsampling; halved by each."""
    upsample_rates: tuple[int, ...] = (8, 8, 2, 2)
    residual_layers: int = 3
    """Residual layers of each stage, layer j with dilation 3^j."""

    @property
    def hop_length(self) -> int:
        """Samples per mel frame.

        >>> MelGanConfig().hop_length
        256
        """
        hop = 1
        for rate in self.upsample_rates:
            hop *= rate
        return hop


def halo_frames(config: MelGanConfig) -> int:
    """Mel frames per side on which a frame's samples depend.

    >>> halo_frames(MelGanConfig())
    6
    """
    reach = Reach(0, 0).conv(7)
    for rate in reversed(config.upsample_rates):
        for layer in range(config.residual_layers):
            reach = reach.conv(3, 3**layer)
        reach = reach.transposed(2 * rate, rate, rate // 2 + rate % 2)
    return reach.conv(7).widest()
