"""HiFi-GAN as graphs."""

from __future__ import annotations

from torch import nn

from core.graphs import GraphSpec
from vocoders.hifigan.blocked import BlockedHifiGan
from vocoders.vocode_graphs import vocode_graphs


def graphs(network: nn.Module) -> tuple[GraphSpec, ...]:
    """``vocode``: mel → samples; see vocoders/vocode_graphs.py."""
    return vocode_graphs(
        network,
        onnx_form=BlockedHifiGan,
        # The last convolution writes the samples: half a bit of int16 is lost in float16.
        keep_float32=("conv_post", "inverse"),
    )
