"""FastSpeech 2 equals ming024's: teacher forced and under every control."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from acoustic.fastspeech2.config import FastSpeech2Config, FeatureStats
from acoustic.fastspeech2.network import AffineControl, FastSpeech2, Predictions, Targets
from tests.parity.reference_figures import Figure, load, max_delta, tolerance

FIGURES = (
    "fastspeech2_tiny",
    "fastspeech2_tiny_framelevel_log",
    "fastspeech2_mid",
    "fastspeech2_full_seeded",
)
CONTROLS = [
    *(
        ("inf", control)
        for control in ("base", "pitch1.3", "energy0.6", "dur1.7", "dur0.55", "all")
    ),
    ("inffix", "energy0.6"),
    ("inffix", "all"),
]


def config_of(meta: dict[str, Any]) -> FastSpeech2Config:
    """The reference's three YAML files as our config, its unmasked convolutions included."""
    model, feature = meta["model"], meta["preprocess"]["preprocessing"]
    sizes, embedding = model["transformer"], model["variance_embedding"]
    return FastSpeech2Config(
        n_mels=feature["mel"]["n_mel_channels"],
        encoder_layers=sizes["encoder_layer"],
        encoder_heads=sizes["encoder_head"],
        encoder_hidden=sizes["encoder_hidden"],
        decoder_layers=sizes["decoder_layer"],
        decoder_heads=sizes["decoder_head"],
        decoder_hidden=sizes["decoder_hidden"],
        conv_filter=sizes["conv_filter_size"],
        variance_filter=model["variance_predictor"]["filter_size"],
        n_bins=embedding["n_bins"],
        pitch=FeatureStats(*meta["stats"]["pitch"]),
        energy=FeatureStats(*meta["stats"]["energy"]),
        pitch_level=feature["pitch"]["feature"].removesuffix("_level"),
        energy_level=feature["energy"]["feature"].removesuffix("_level"),
        pitch_bins=embedding["pitch_quantization"],
        energy_bins=embedding["energy_quantization"],
        postnet_channels=meta["postnet_embedding_dim"] or 512,
        mask_convolutions=False,
    )


@lru_cache(maxsize=1)
def opened(name: str) -> tuple[Figure, FastSpeech2]:
    figure = load(name)
    network = FastSpeech2(config_of(figure.meta["config"])).eval()
    network.load_state_dict(figure.state_dict, strict=True)
    return figure, network


def run(figure: Figure, network: FastSpeech2, **controls: Any) -> Predictions:
    given = figure.inputs
    with torch.inference_mode():
        predictions: Predictions = network(
            given["texts"], given["src_lens"], given["speakers"], **controls
        )
    return predictions


@pytest.mark.parametrize("name", FIGURES)
def test_teacher_forced(name: str) -> None:
    figure, network = opened(name)
    given, theirs = figure.inputs, figure.outputs
    targets = Targets(given["dur"], given["pitch"], given["energy"])
    predicted = run(figure, network, targets=targets)
    assert max_delta(predicted.mel, theirs["tf.mel"]) <= tolerance(name)
    assert max_delta(predicted.mel_postnet, theirs["tf.mel_postnet"]) <= tolerance(name)
    assert max_delta(predicted.log_durations, theirs["tf.log_dur"]) <= tolerance(name)
    scale = max(1.0, float(theirs["tf.pitch"].abs().max()))  # hertz at frame level
    assert max_delta(predicted.pitch, theirs["tf.pitch"]) <= tolerance(name) * scale
    assert max_delta(predicted.energy, theirs["tf.energy"]) <= tolerance(name) * scale
    assert torch.equal(predicted.mel_lengths, theirs["tf.mel_lens"])


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize(("kind", "control"), CONTROLS)
def test_controls(name: str, kind: str, control: str) -> None:
    figure, network = opened(name)
    prefix = f"{kind}.{control}."
    theirs = {k[len(prefix) :]: v for k, v in figure.outputs.items() if k.startswith(prefix)}
    factor = figure.meta["notes"]["controls"][control]
    # The reference passes the pitch control to the energy, too; "inffix" is with that mended.
    energy = factor["p_control"] if kind == "inf" else factor["e_control"]
    controls = {"pitch": AffineControl(factor["p_control"]), "energy": AffineControl(energy)}
    # The reference rounds, multiplies and truncates durations; ours rounds once. Its frames are
    # given, so that all that follows them is compared.
    durations = figure.outputs[f"inf.{control}.dur_rounded"].to(torch.int64)
    predicted = predict_with(figure, network, durations, controls)
    bound = tolerance(name)
    assert torch.equal(predicted.mel_lengths, theirs["mel_lens"])
    assert max_delta(predicted.mel_postnet, theirs["mel_postnet"]) <= bound
    for feature in ("pitch", "energy"):
        scale = max(1.0, float(theirs[feature].abs().max()))
        assert max_delta(getattr(predicted, feature), theirs[feature]) <= bound * scale
    if kind == "inf":
        assert max_delta(predicted.mel, theirs["mel"]) <= bound
        assert max_delta(predicted.log_durations, theirs["log_dur"]) <= bound
    if factor["d_control"] == 1.0:
        assert torch.equal(run(figure, network, **controls).durations, durations)


def predict_with(
    figure: Figure,
    network: FastSpeech2,
    durations: torch.Tensor,
    controls: dict[str, AffineControl],
) -> Predictions:
    """One pass with given durations and predicted, controlled pitch and energy."""
    log = network.variance_adaptor.duration_predictor
    hook = log.register_forward_hook(lambda *_: torch.log(durations.float() + 1))
    try:
        predicted = run(figure, network, **controls)
    finally:
        hook.remove()
    return predicted._replace(log_durations=run(figure, network, **controls).log_durations)


@pytest.mark.parametrize("name", FIGURES)
def test_encoder(name: str) -> None:
    figure, network = opened(name)
    given = figure.inputs
    with torch.inference_mode():
        hidden, _ = network.encode(given["texts"], given["src_lens"], given["speakers"])
    assert max_delta(hidden, figure.outputs["encoder"]) <= tolerance(name)


@pytest.mark.parametrize("name", FIGURES)
def test_losses(name: str) -> None:
    """ming024's loss.py from our outputs: total, mel, postnet mel, pitch, energy, duration."""
    figure, network = opened(name)
    given = figure.inputs
    targets = Targets(given["dur"], given["pitch"], given["energy"])
    predicted = run(figure, network, targets=targets)
    symbols = torch.arange(given["texts"].shape[1]) < given["src_lens"][:, None]
    frames = torch.arange(given["mels"].shape[1]) < given["mel_lens"][:, None]
    pitched = symbols if network.config.pitch_level == "phoneme" else frames
    parts = [
        F.l1_loss(predicted.mel[frames], given["mels"][frames]),
        F.l1_loss(predicted.mel_postnet[frames], given["mels"][frames]),
        F.mse_loss(predicted.pitch[pitched], given["pitch"][pitched]),
        F.mse_loss(predicted.energy[pitched], given["energy"][pitched]),
        F.mse_loss(predicted.log_durations[symbols], torch.log(given["dur"][symbols] + 1.0)),
    ]
    ours = torch.stack([sum(parts[1:], parts[0]), *parts])
    torch.testing.assert_close(ours, figure.outputs["tf.losses"], rtol=1e-5, atol=1e-5)
