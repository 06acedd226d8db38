"""HiFi-GAN in the form that ONNX Runtime runs is the network."""

import pytest
import torch

from vocoders.hifigan.blocked import BlockedHifiGan
from vocoders.hifigan.config import V1, V3, HifiGanConfig
from vocoders.hifigan.network import HifiGan

SIZES = {
    "V1": HifiGanConfig(upsample_channels=32),
    "V3": HifiGanConfig(
        resblock="2",
        upsample_rates=V3.upsample_rates,
        upsample_kernels=V3.upsample_kernels,
        upsample_channels=32,
        resblock_kernels=V3.resblock_kernels,
        resblock_dilations=V3.resblock_dilations,
    ),
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
        mel = torch.randn(2, 80, 9, dtype=torch.float64) * 2 - 5
        expected, got = network(mel)[:, 0], BlockedHifiGan(network).double()(mel)
    assert 1e-3 < expected.abs().mean() < 0.9
    assert got.shape == expected.shape
    assert (got - expected).abs().max() < 1e-7  # the form keeps float32 weights
