"""MelGAN as graphs."""

from __future__ import annotations

from torch import nn

from core.graphs import GraphSpec
from vocoders.conv1d_as_2d import Conv1dAs2d
from vocoders.sourced import generator_of
from vocoders.vocode_graphs import Vocode, vocode_graphs


def graphs(network: nn.Module) -> tuple[GraphSpec, ...]:
    """``vocode``: mel → samples; see vocoders/vocode_graphs.py."""
    generator = generator_of(network)
    stem = "model" if generator.config.form == "descript" else "generator"
    last = len(generator.get_submodule(stem)) - 2
    return vocode_graphs(
        network,
        onnx_form=lambda generator: Vocode(Conv1dAs2d(generator)),
        # The last convolution and what follows it write the samples.
        keep_float32=(f"{stem}.{last}", f"{stem}.{last + 1}"),
    )
