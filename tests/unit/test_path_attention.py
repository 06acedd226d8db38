"""Attention that is taught, and forced, along known durations."""

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from acoustic.tacotron2.config import Tacotron2Config
from acoustic.tacotron2.decoder import AttentionMemory
from acoustic.tacotron2.loss import SMALLEST_WEIGHT, path_attention_loss
from acoustic.tacotron2.network import Tacotron2

SYMBOLS = 8
STEPS = torch.tensor([5])  # the last one is padding


def attending_to(symbols: list[int]) -> Tensor:
    return torch.eye(SYMBOLS)[None, symbols]


PATH = attending_to([0, 0, 1, 2, 2, 0])


def test_attention_on_the_path_costs_nothing() -> None:
    loss = path_attention_loss(attending_to([0, 0, 1, 2, 2, 7]), PATH, STEPS)
    assert float(loss) == 0.0


def test_attention_far_away_costs_most_and_padding_nothing() -> None:
    loss = path_attention_loss(attending_to([7, 7, 7, 7, 7, 0]), PATH, STEPS)
    torch.testing.assert_close(float(loss), -math.log(SMALLEST_WEIGHT), rtol=0.0, atol=1e-4)


def test_spread_attention_is_drawn_to_the_path() -> None:
    scores = torch.zeros(1, 6, SYMBOLS, requires_grad=True)
    path_attention_loss(scores.softmax(2), PATH, STEPS).backward()  # type: ignore[no-untyped-call]
    assert scores.grad is not None
    assert scores.grad[0, :5].argmin(1).tolist() == [0, 0, 1, 2, 2]
    assert not scores.grad[0, 5].any()


def test_a_step_of_two_symbols_is_best_shared_by_both() -> None:
    path = 0.25 * attending_to([3]) + 0.75 * attending_to([4])
    one_only, wrong_way = attending_to([4]), 0.75 * attending_to([3]) + 0.25 * attending_to([4])
    losses = [float(path_attention_loss(x, path, STEPS)) for x in (path, wrong_way, one_only)]
    assert losses == sorted(losses)
    assert losses[0] < losses[1]


@pytest.fixture
def network() -> Tacotron2:
    torch.manual_seed(0)
    sizes: dict[str, Any] = {
        "embedding_dim": 16,
        "attention_rnn_dim": 8,
        "decoder_rnn_dim": 8,
        "prenet_dim": 4,
    }
    config = Tacotron2Config(n_symbols=9, n_mels=4, postnet_channels=4, **sizes)
    return Tacotron2(config).eval()


def test_the_attention_goes_on_from_the_path(network: Tacotron2) -> None:
    ids, mels = torch.randint(1, 9, (1, SYMBOLS)), torch.zeros(1, 4, 6)
    own, forced, elsewhere = (
        network(ids, torch.tensor([SYMBOLS]), mels, torch.tensor([6]), None, path).alignments[0]
        for path in (None, attending_to([0, 1, 2, 3, 4, 5]), attending_to([0, 1, 2, 7, 7, 7]))
    )
    torch.testing.assert_close(own[0], forced[0])  # the first step has nothing to remember
    assert not torch.allclose(own[1], forced[1])
    torch.testing.assert_close(forced[:4], elsewhere[:4])
    assert not torch.allclose(forced[4], elsewhere[4])


@pytest.fixture
def memory(network: Tacotron2) -> AttentionMemory:
    values = torch.randn(2, SYMBOLS, 16)
    mask = torch.ones(2, SYMBOLS, dtype=torch.bool)
    return AttentionMemory(values, network.decoder.attention_layer.memory_layer(values), mask)


def one_by_one(
    network: Tacotron2, memory: AttentionMemory, prenet_out: Tensor, path: Tensor | None
) -> list[Tensor]:
    """Frames, gates and weights of a loop whose memory of where it was is the path, if any."""
    decoder, steps = network.decoder, []
    state = decoder.start(memory)
    for i in range(prenet_out.shape[1]):
        if path is not None:
            before = F.pad(path, (0, 0, 1, 0))[:, : i + 1]
            context = torch.bmm(before[:, i:], memory.values)[:, 0]
            state = state._replace(weights=before[:, i], cumulative=before.sum(1), context=context)
        state, gate = decoder.step_from(prenet_out[:, i], state, memory)
        steps.append((state.frames, gate, state.weights))
    return [torch.stack(x, dim=1) for x in zip(*steps, strict=True)]


def test_all_steps_at_once_are_the_steps_one_by_one(
    network: Tacotron2, memory: AttentionMemory
) -> None:
    prenet_out, path = torch.randn(2, 6, 4), torch.rand(2, 6, SYMBOLS).softmax(2)
    at_once = network.decoder.teacher_forced(prenet_out, memory, path)
    torch.testing.assert_close(list(at_once), one_by_one(network, memory, prenet_out, path))


def test_as_many_sampling_passes_as_steps_are_the_attention_s_own_way(
    network: Tacotron2, memory: AttentionMemory
) -> None:
    prenet_out, path = torch.randn(2, 6, 4), torch.rand(2, 6, SYMBOLS).softmax(2)
    own = one_by_one(network, memory, prenet_out, None)
    resampled = network.decoder.teacher_forced(prenet_out, memory, path, sampling_passes=6)
    torch.testing.assert_close(list(resampled), own)
    near, far = (
        (network.decoder.teacher_forced(prenet_out, memory, path, sampling_passes=n)[2] - own[2])
        .abs()
        .max()
        for n in (2, 0)
    )
    assert near < far
