"""The refiner: untrained it changes nothing; padding and other items do not reach an item."""

from __future__ import annotations

import torch

from acoustic.masks import length_mask
from acoustic.refiner.config import RefinerConfig
from acoustic.refiner.network import PITCH_CENTRE, Harmonics, Refiner
from acoustic.refiner.noise import frame_noise

CONFIG = RefinerConfig(layers=3, channels=16, hidden=24, noise=4, harmonics=40, pitch_channels=8)
BANDS, STATES = 80, 12


def refiner() -> Refiner:
    torch.manual_seed(0)
    network = Refiner(CONFIG, BANDS, STATES)
    network.mean.fill_(-5.0)
    network.std.fill_(2.0)
    return network


def batch(lengths: list[int]) -> tuple[torch.Tensor, ...]:
    random = torch.Generator().manual_seed(1)
    frames = max(lengths)
    shapes = (BANDS, STATES, CONFIG.noise)
    parts = [torch.randn(len(lengths), frames, n, generator=random) for n in shapes]
    return *parts, length_mask(torch.tensor(lengths), frames)


def test_untrained_it_is_the_identity() -> None:
    mel, states, noise, mask = batch([9])
    torch.testing.assert_close(refiner()(mel, states, noise, mask), mel)


def test_an_item_does_not_depend_on_the_batch() -> None:
    network = refiner()
    torch.nn.init.normal_(network.leave.weight)
    mel, states, noise, mask = batch([12, 7])
    together = network(mel, states, noise, mask)[1, :7]
    alone = network(*(x[1:, :7] for x in (mel, states, noise, mask)))[0]
    # The kernels of two shapes sum in two orders, and these weights are large.
    apart = 1e-5 * float(together.detach().abs().max())
    torch.testing.assert_close(together, alone, rtol=0.0, atol=apart)


def test_noise_decides() -> None:
    network = refiner()
    torch.nn.init.normal_(network.leave.weight)
    mel, states, noise, mask = batch([8])
    again = network(mel, states, noise, mask)
    torch.testing.assert_close(network(mel, states, noise, mask), again)
    assert (network(mel, states, noise.flip(1), mask) - again).abs().mean() > 0.01


def test_a_longer_item_begins_with_the_same_noise() -> None:
    assert (frame_noise(3, 20, 8)[:5] == frame_noise(3, 5, 8)).all()
    assert (frame_noise(3, 5, 8) != frame_noise(4, 5, 8)).any()


def test_a_known_pitch_takes_the_place_of_the_estimated_one() -> None:
    network = refiner()
    torch.nn.init.normal_(network.leave.weight)
    mel, states, noise, mask = batch([8])
    assert network.pitch is not None
    estimated = network.pitch(network.inputs(mel, states), mask[..., None])
    refined = network(mel, states, noise, mask)
    torch.testing.assert_close(network(mel, states, noise, mask, estimated), refined)
    higher = network(mel, states, noise, mask, estimated + 0.4)
    assert (higher - refined).abs().mean() > 0.01
    shift = torch.full_like(estimated, 0.4)
    torch.testing.assert_close(network(mel, states, noise, mask, shift=shift), higher)


def test_bands_at_harmonics_are_crests() -> None:
    harmonics = Harmonics(4)
    fundamental = 2 * PITCH_CENTRE / 1000.0  # [kHz], one octave above
    harmonics.centres.copy_(torch.tensor([0.5, 1.0, 1.5, 3.0]) * fundamental)
    crests = harmonics(torch.ones(1, 1))[0, 0]
    torch.testing.assert_close(crests, torch.tensor([-1.0, 1.0, -1.0, 1.0]))
