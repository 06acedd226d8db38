"""The inverse STFT of short frames is the one of long frames, in every form that is exported."""

import torch
from msgspec.structs import replace

from vocoders.conv1d_as_2d import Conv1dAs2d
from vocoders.inverse_stft import InverseStft, ShortInverseStft, bins_of
from vocoders.melgan.config import MelGanConfig, halo_frames
from vocoders.melgan.network import MelGan

SMALL = MelGanConfig(form="seungwonpark", channels=32, upsample_rates=(8, 4), stft_hop=8)


def test_short_frames_overlap_as_long_ones_do() -> None:
    torch.manual_seed(0)
    level, real, imag = torch.randn(3, 2, bins_of(4), 11)
    spectrum = torch.cat([level.exp() * real, level.exp() * imag], 1)
    expected = InverseStft(16, 4)(spectrum.transpose(1, 2))
    samples = ShortInverseStft(4)(torch.cat([level, real, imag], 1))
    torch.testing.assert_close(samples[:, 0], expected, rtol=0, atol=2e-6)


def test_a_melgan_with_time_as_the_width_computes_the_same_samples() -> None:
    torch.manual_seed(1)
    network = MelGan(SMALL).eval()
    with torch.no_grad():
        mel = torch.randn(2, 80, 9) * 2 - 5
        expected, samples = network(mel), Conv1dAs2d(network)(mel)
    assert expected.shape == (2, 1, 9 * 256)
    torch.testing.assert_close(samples, expected, rtol=0, atol=1e-6)


def test_a_melgan_sees_as_far_as_its_halo_says() -> None:
    """Positive weights and inputs keep it linear, and float64 from losing the far frames."""
    for config in (SMALL, replace(SMALL, form="descript")):
        network = MelGan(config).double()
        for name, parameter in network.named_parameters():
            parameter.data.abs_()
            if name.endswith("bias"):
                parameter.data.zero_()
        mel = torch.zeros(1, 80, 41, dtype=torch.float64, requires_grad=True)
        network(mel + 1e-3)[0, 0, 20 * 256 : 21 * 256].sum().backward()
        assert mel.grad is not None
        seen = torch.nonzero(mel.grad[0].sum(0)).flatten()
        assert max(20 - int(seen.min()), int(seen.max()) - 20) == halo_frames(config)
