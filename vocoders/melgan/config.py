"""Sizes of a MelGAN, and how far it sees."""

from __future__ import annotations

from typing import Literal

from core.networks import Depth, Width
from vocoders.generator import GeneratorConfig

MIN_FRAMES = 4
"""Fewest frames it reads: the first convolution reflects three on either side."""


class MelGanConfig(GeneratorConfig, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Generator sizes; the defaults are the paper's (arXiv 1910.06711, appendix A, table 4)."""

    form: Literal["descript", "seungwonpark"] = "descript"
    """Whose keys and input. descript: keys ``model.N``, the mel as it is (log10 when public);
    seungwonpark: keys ``generator.N``, the network scales a natural-log mel by (mel + 5) / 5."""
    channels: Width = 512
    """Channels before the first upsampling; halved by each."""
    residual_layers: Depth = 3
    """Residual layers of each stage, layer j with dilation 3^j."""


def halo_frames(config: MelGanConfig) -> int:
    """Mel frames per side on which a frame's samples depend.

    >>> halo_frames(MelGanConfig())
    6
    """
    reach = config.written.conv(7)
    sources = 0
    stages = zip(config.upsample_rates, config.source_strides, strict=True)
    for rate, stride in reversed(list(stages)):
        for layer in range(config.residual_layers):
            reach = reach.conv(3, 3**layer)
        sources = max(sources, reach.frames_of_source(stride, config.hop_length))
        reach = reach.transposed(2 * rate, rate, rate // 2 + rate % 2)
    return config.frames_seen(reach.conv(7).widest(), sources)
