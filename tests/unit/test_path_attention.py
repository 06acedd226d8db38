"""Attention that is shown where to look."""

import math

import torch

from acoustic.tacotron2.config import Tacotron2Config
from acoustic.tacotron2.loss import LEAST, path_attention_loss
from acoustic.tacotron2.network import Tacotron2

PATH = torch.tensor([[0, 0, 1, 2, 2, 0]])
STEPS = torch.tensor([5])  # the last one is padding


def looking_at(symbols: list[int]) -> torch.Tensor:
    return torch.eye(8)[None, symbols]


def test_attention_on_the_path_costs_nothing() -> None:
    loss = path_attention_loss(looking_at([0, 0, 1, 2, 2, 7]), PATH, STEPS)
    assert float(loss) == 0.0


def test_attention_far_away_costs_most_and_padding_nothing() -> None:
    loss = path_attention_loss(looking_at([7, 7, 7, 7, 7, 0]), PATH, STEPS)
    torch.testing.assert_close(float(loss), -math.log(LEAST), rtol=0.0, atol=1e-4)


def test_spread_attention_is_drawn_to_the_path() -> None:
    scores = torch.zeros(1, 6, 8, requires_grad=True)
    path_attention_loss(scores.softmax(2), PATH, STEPS).backward()  # type: ignore[no-untyped-call]
    assert scores.grad is not None
    assert scores.grad[0, :5].argmin(1).tolist() == PATH[0, :5].tolist()
    assert not scores.grad[0, 5].any()


def test_the_attention_goes_on_from_what_it_is_shown() -> None:
    torch.manual_seed(0)
    sizes = {"embedding_dim": 16, "attention_rnn_dim": 8, "decoder_rnn_dim": 8, "prenet_dim": 4}
    config = Tacotron2Config(n_symbols=9, n_mels=4, postnet_channels=4, **sizes)
    network = Tacotron2(config).eval()
    ids, mels = torch.randint(1, 9, (1, 8)), torch.zeros(1, 4, 6)
    spoken = [
        network(ids, torch.tensor([8]), mels, torch.tensor([6]), None, path).alignments[0]
        for path in (None, torch.tensor([[0, 1, 2, 3, 4, 5]]), torch.tensor([[0, 1, 2, 7, 7, 7]]))
    ]
    own, shown, elsewhere = spoken
    torch.testing.assert_close(own[0], shown[0])  # the first step has nothing to remember
    assert not torch.allclose(own[1], shown[1])
    torch.testing.assert_close(shown[:4], elsewhere[:4])
    assert not torch.allclose(shown[4], elsewhere[4])
