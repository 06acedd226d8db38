"""HiFi-GAN in the form that ONNX Runtime runs is the network."""

import pytest
import torch
from msgspec.structs import replace

from vocoders.hifigan.blocked import BlockedHifiGan
from vocoders.hifigan.config import LIGHT, V1, V3, HifiGanConfig
from vocoders.hifigan.network import HifiGan

SIZES = {
    "V1": HifiGanConfig(upsample_channels=32),
    "V3": replace(V3, upsample_channels=32),
    "light": replace(LIGHT, upsample_channels=32),
    # No kernel is twice its rate, and sixteen does not divide the hop.
    "odd": HifiGanConfig(
        upsample_rates=(4, 3, 2),
        upsample_kernels=(10, 7, 2),
        upsample_channels=32,
        resblock_kernels=V1.resblock_kernels,
    ),
}


@pytest.mark.parametrize("size", SIZES)
def test_the_form_for_onnx_runtime_computes_the_same_samples(size: str) -> None:
    torch.manual_seed(1)
    network = HifiGan(SIZES[size]).eval().double()
    with torch.no_grad():
        for weights in network.parameters():
            weights.mul_(2)  # else a fresh network whispers
        torch.nn.init.zeros_(network.conv_post.bias)  # type: ignore[arg-type]
        mel = torch.randn(2, 80, 9, dtype=torch.float64) * 2 - 5
        source = torch.randn(2, 2, 9 * SIZES[size].hop_length, dtype=torch.float64) / 10
        inputs = (mel,) if SIZES[size].source is None else (mel, source)
        expected, got = network(*inputs)[:, 0], BlockedHifiGan(network).double()(*inputs)
    assert 1e-3 < expected.abs().mean() < 10
    assert got.shape == expected.shape
    # The form keeps float32 weights.
    assert (got - expected).abs().max() < 1e-7 * max(1, expected.abs().max())
