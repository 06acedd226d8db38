"""Tacotron 2 equals NVIDIA's, teacher forced and in inference; a batch equals its singles."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import pytest
import torch
from torch import Tensor

from acoustic.tacotron2.config import CbhgConfig, Tacotron2Config
from acoustic.tacotron2.dropout import PrenetDropout
from acoustic.tacotron2.loss import guided_attention_loss, reconstruction_loss
from acoustic.tacotron2.network import Tacotron2, Tacotron2Output
from tests.parity.reference_figures import Figure, load, max_delta, tolerance

FIGURES = {
    "tacotron2_medium_80mel": Tacotron2Config(
        embedding_dim=128,
        attention_rnn_dim=144,
        decoder_rnn_dim=160,
        prenet_dim=64,
        attention_dim=48,
        location_filters=16,
        postnet_channels=96,
    ),
    "tacotron2_full_seeded": Tacotron2Config(),
}
# Dozens of steps, each fed with the last: rounding errors accumulate.
RECURRENT = 1e-4


@lru_cache(maxsize=2)
def opened(name: str, masked: bool) -> tuple[Figure, Tacotron2]:
    figure = load(name)
    config = FIGURES[name]
    # The reference does not mask its convolutions over padding.
    config = Tacotron2Config(
        **{f: getattr(config, f) for f in config.__struct_fields__} | {"mask_convolutions": masked}
    )
    network = Tacotron2(config).eval()
    network.load_state_dict(figure.state_dict, strict=True)
    return figure, network


def recorded(masks: Tensor) -> Callable[[], Tensor]:
    """Masks (S, 2, P) one step at a time, as a batch of one."""
    steps = iter(masks)
    return lambda: next(steps)[None]


@pytest.mark.parametrize("name", FIGURES)
def test_encoder(name: str) -> None:
    figure, network = opened(name, masked=False)
    text, lengths = figure.inputs["text"], figure.inputs["text_lens"]
    one = figure.inputs["text1"]
    with torch.inference_mode():
        padded = network.encode(text, lengths).values
        single = network.encode(one, torch.tensor([one.shape[1]])).values
    assert max_delta(padded, figure.outputs["encoder.padded_batch"]) <= tolerance(name)
    assert max_delta(single, figure.outputs["encoder.inference_b1"]) <= tolerance(name)


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("variant", ["none", "mask"])
def test_teacher_forced(name: str, variant: str) -> None:
    figure, network = opened(name, masked=False)
    given = figure.inputs
    # (T + 1, B, P) for each layer, the last one for a frame that no step reads.
    masks = torch.stack([given["tf_mask.0"], given["tf_mask.1"]], dim=2)[:-1]
    with torch.inference_mode():
        output = network(
            given["text"],
            given["text_lens"],
            given["mel"],
            given["mel_lens"],
            masks if variant == "mask" else None,
        )
        loss = reconstruction_loss(output, given["mel"], given["gate"])
    theirs = {part: figure.outputs[f"tf.{variant}.{part}"] for part in ("mel", "mel_postnet")}
    assert max_delta(output.mel, theirs["mel"]) <= RECURRENT
    assert max_delta(output.mel_postnet, theirs["mel_postnet"]) <= RECURRENT
    assert max_delta(output.gate, figure.outputs[f"tf.{variant}.gate"]) <= RECURRENT
    assert max_delta(output.alignments, figure.outputs[f"tf.{variant}.align"]) <= RECURRENT
    assert max_delta(loss[None], figure.outputs[f"tf.{variant}.loss"]) <= RECURRENT


def infer(figure: Figure, network: Tacotron2, variant: str, stop: str) -> Tacotron2Output:
    ids = figure.inputs["text1"]
    steps = figure.outputs[f"inf.{variant}.fixed.align"].shape[1]
    gate = float(figure.inputs[f"gate_threshold_{variant}"]) if stop == "gated" else 2.0
    return network.infer(
        ids,
        torch.tensor([ids.shape[1]]),
        recorded(figure.inputs["inf_mask"]) if variant == "mask" else lambda: None,
        gate_threshold=gate,
        max_steps=steps,
    )


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("stop", ["fixed", "gated"])
@pytest.mark.parametrize("variant", ["none", "mask"])
def test_inference(name: str, variant: str, stop: str) -> None:
    figure, network = opened(name, masked=True)
    output = infer(figure, network, variant, stop)
    theirs = {p: figure.outputs[f"inf.{variant}.{stop}.{p}"] for p in ("mel", "mel_postnet")}
    assert max_delta(output.mel, theirs["mel"]) <= RECURRENT
    assert max_delta(output.mel_postnet, theirs["mel_postnet"]) <= RECURRENT
    gate = figure.outputs[f"inf.{variant}.{stop}.gate"][..., 0]
    assert max_delta(output.gate, gate) <= RECURRENT
    assert max_delta(output.alignments, figure.outputs[f"inf.{variant}.{stop}.align"]) <= RECURRENT
    assert bool(output.runaway) == (stop == "fixed")


@pytest.mark.parametrize(("threshold", "bound"), [(0.8, 1e-5), (0.9, RECURRENT), (0.95, RECURRENT)])
def test_a_batch_equals_its_singles(threshold: float, bound: float) -> None:
    """Items stop at different steps: about 13 and 6; 280 and 60; never (cap 660) and 230.

    A matrix product over a batch rounds otherwise than over one row; over hundreds of steps that
    accumulates.
    """
    figure, network = opened("tacotron2_medium_80mel", masked=True)
    ids, lengths = figure.inputs["text"], figure.inputs["text_lens"]
    width, seeds = network.config.prenet_dim, [11, 12]

    def drop(of: list[int]) -> Callable[[], Tensor]:
        stream = PrenetDropout(of, width)
        return lambda: torch.from_numpy(stream.step())

    both = network.infer(ids, lengths, drop(seeds), gate_threshold=threshold)
    assert both.lengths[0] > both.lengths[1]
    assert both.runaway.tolist() == [threshold == 0.95, False]
    for i, seed in enumerate(seeds):
        n = int(lengths[i])
        alone = network.infer(
            ids[i : i + 1, :n], lengths[i : i + 1], drop([seed]), gate_threshold=threshold
        )
        t = int(alone.lengths)
        assert int(both.lengths[i]) == t
        assert bool(both.runaway[i]) == bool(alone.runaway)
        assert max_delta(both.mel_postnet[i, :, :t], alone.mel_postnet[0, :, :t]) <= bound
        assert max_delta(both.alignments[i, :t, :n], alone.alignments[0, :t]) <= bound


def test_reduction_factor_and_cbhg() -> None:
    torch.manual_seed(0)
    config = Tacotron2Config(
        n_symbols=12,
        n_mels=20,
        embedding_dim=16,
        n_frames_per_step=3,
        attention_rnn_dim=24,
        decoder_rnn_dim=24,
        prenet_dim=8,
        attention_dim=8,
        location_filters=4,
        postnet_channels=16,
        cbhg=CbhgConfig(n_linear=65, bank=4, channels=12, projection=16, highways=2, gru=10),
    )
    network = Tacotron2(config).eval()
    ids, lengths = torch.randint(0, 12, (2, 7)), torch.tensor([7, 4])
    mels, mel_lengths = torch.randn(2, 20, 12), torch.tensor([12, 6])
    with torch.inference_mode():
        output = network(ids, lengths, mels, mel_lengths, None)
        linear = network.linear(output.mel_postnet, mel_lengths)
        alone = network.linear(output.mel_postnet[1:, :, :6], mel_lengths[1:])
    assert output.mel.shape == (2, 20, 12)
    assert output.gate.shape == (2, 4)
    assert linear.shape == (2, 65, 12)
    assert max_delta(linear[1:, :, :6], alone) <= 1e-5
    assert float(guided_attention_loss(output.alignments, mel_lengths // 3, lengths)) > 0
    capped = network.infer(ids, lengths, lambda: None, gate_threshold=2.0)
    assert capped.lengths.tolist() == [config.frames_cap(7), config.frames_cap(4)]
    assert capped.runaway.all()
