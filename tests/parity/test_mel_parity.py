"""Our mel under each public definition equals theirs, in the linear domain.

In the log domain float32 FFT noise is amplified without bound near the clamp, so mels are
compared as the magnitudes they stand for.
"""

from __future__ import annotations

import msgspec
import pytest
import torch

from audio.griffin_lim import griffin_lim, inverse_stft, stft
from audio.log_mel import log_mel, mel_filters
from audio.mel import MelExtractor, Spectrogram
from core.mel import MelSpec
from tests.parity.reference_figures import load, max_delta

HIFIGAN = MelSpec()
TACOTRON2 = MelSpec(magnitude_epsilon=0.0, padding="reflect-half")
NEURIPS = MelSpec(f_max=11025.0, log_base="10", magnitude_epsilon=0.0)
FIGURES = {
    "mel_hifigan": HIFIGAN,
    "mel_tacotron2": TACOTRON2,
    "mel_fastspeech2": TACOTRON2,
    "mel_waveglow": TACOTRON2,
    "mel_melgan_neurips": NEURIPS,
    "mel_melgan_sw": TACOTRON2,
}
# Found by fitting: the figures name the sizes only. 24 kHz and 16 kHz recipes.
AT_24K = {"sample_rate": 24000, "f_min": 55.0, "f_max": 7600.0}
AT_16K = {"sample_rate": 16000, "f_min": 90.0, "f_max": 7600.0, "hop_length": 200}
VARIANTS: dict[str, dict[str, float]] = {
    "fmaxnone": {"f_max": 11025.0},
    "n2048h300w1200": {"n_fft": 2048, "hop_length": 300, "win_length": 1200} | AT_24K,
    "n1024w800": {"win_length": 800} | AT_16K,
    "n800": {"n_fft": 800, "win_length": 800} | AT_16K,
}
SIGNALS = ("chirp", "noise", "short", "silence", "speech", "square", "tone440")
TOLERANCE = 1e-5
INT16 = 32768


def linear(log_mel: torch.Tensor, spec: MelSpec) -> torch.Tensor:
    base = torch.e if spec.log_base == "e" else 10.0
    return base ** log_mel.double()


@pytest.mark.parametrize("name", FIGURES)
def test_mels(name: str) -> None:
    figure, compared = load(name), 0
    for key, theirs in figure.outputs.items():
        signal, _, variant = key.partition(".")
        if signal not in SIGNALS or (variant and variant not in VARIANTS):
            continue
        spec = msgspec.structs.replace(FIGURES[name], **VARIANTS.get(variant, {}))
        # WaveGlow reads 16-bit PCM, which its figures hold as integers.
        pcm = figure.outputs.get(f"{signal}.pcm")
        samples = figure.inputs[signal] if pcm is None else pcm / INT16
        ours = MelExtractor(spec)(samples[None])[0]
        assert max_delta(linear(ours, spec), linear(theirs, spec)) <= TOLERANCE, key
        without_torch = torch.from_numpy(log_mel(samples.numpy(), spec))
        assert max_delta(linear(without_torch, spec), linear(theirs, spec)) <= TOLERANCE, key
        loud = theirs > spec.silence + 5.0 / (1.0 if spec.log_base == "e" else 2.302585)
        assert max_delta(ours[loud], theirs[loud]) <= 1e-3, key
        compared += 1
    assert compared >= 3


@pytest.mark.parametrize(("key", "f_max"), [("basis_0_8000", 8000.0), ("basis_0_none", 11025.0)])
def test_filter_bank(key: str, f_max: float) -> None:
    figure = load("mel_hifigan")
    ours = torch.from_numpy(mel_filters(MelSpec(f_max=f_max)))
    assert max_delta(ours, figure.outputs[key]) <= 1e-7


def test_magnitudes_and_energy() -> None:
    tacotron, fastspeech = load("mel_tacotron2"), load("mel_fastspeech2")
    spectrogram = Spectrogram(TACOTRON2)
    speech = spectrogram(tacotron.inputs["speech"][None])[0]
    assert max_delta(speech, tacotron.outputs["speech.mag"]) <= 1e-4  # magnitudes up to 200
    for signal in SIGNALS:
        energy = spectrogram(fastspeech.inputs[signal][None])[0].norm(dim=0)
        theirs = fastspeech.outputs[f"{signal}.energy"]
        torch.testing.assert_close(energy, theirs, rtol=1e-5, atol=1e-4)
    clipped = (fastspeech.inputs["speech"] * 2.5).clamp(-1, 1)
    ours = MelExtractor(TACOTRON2)(clipped[None])[0]
    theirs = fastspeech.outputs["speech_x2.5_clipped"]
    assert max_delta(linear(ours, TACOTRON2), linear(theirs, TACOTRON2)) <= TOLERANCE


def test_inverse_stft_and_griffin_lim() -> None:
    figure = load("mel_tacotron2")
    for signal in ("speech", "tone440"):
        again = inverse_stft(stft(figure.inputs[signal][None], TACOTRON2), TACOTRON2)
        assert max_delta(again[0], figure.outputs[f"{signal}.reconstruction"]) <= TOLERANCE
    magnitudes, angles = figure.outputs["gl.mag"][None], figure.outputs["gl.angles0"][None]
    for iterations in (5, 30):
        ours = griffin_lim(magnitudes, angles, TACOTRON2, iterations)[0]
        assert max_delta(ours, figure.outputs[f"gl.signal{iterations}"]) <= 1e-4
