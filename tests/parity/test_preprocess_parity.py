"""Pitch, energy and mel of training against ming024's preprocessor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from audio.mel import MelExtractor
from core.mel import MelSpec
from training.data.features import bridge_unvoiced, mean_per_symbol, pitch_contour

# FastSpeech 2's mel: padded by half a window, no epsilon under the root.
SPEC = msgspec.structs.replace(MelSpec(), padding="reflect-half", magnitude_epsilon=0.0)


@pytest.fixture(scope="module")
def figure(shared: Path) -> dict[str, Any]:
    """Tensors of the figure, the clip cut to the spoken phones."""
    figure: dict[str, Any] = load_file(shared / "parity" / "fastspeech2_preprocess.safetensors")
    bounds = json.loads((shared / "parity" / "fastspeech2_preprocess.json").read_text())["config"][
        "bounds_s"
    ]
    # phones[0] (sil) and the last one (sp) are trimmed.
    start, end = (int(b * SPEC.sample_rate) for b in (bounds[1], bounds[-2]))
    figure["clip"] = figure["in.wav"][start:end]
    figure["durations"] = figure["out.phoneme_level.duration"].tolist()
    return figure


def test_pitch_is_the_reference_s(figure: dict[str, Any]) -> None:
    f0 = pitch_contour(figure["clip"].astype(np.float64), SPEC.sample_rate, SPEC.hop_length)
    frames = sum(figure["durations"])
    np.testing.assert_allclose(f0[:frames], figure["out.frame_level.pitch"], atol=1e-4)
    means = mean_per_symbol(bridge_unvoiced(f0[:frames]), figure["durations"])
    np.testing.assert_allclose(means, figure["out.phoneme_level.pitch"], atol=1e-4)


def test_energy_and_mel_are_the_reference_s(figure: dict[str, Any]) -> None:
    extractor = MelExtractor(SPEC)
    linear = extractor.spectrogram(torch.from_numpy(figure["clip"])[None])
    frames = sum(figure["durations"])
    energy = linear[0].norm(dim=0).double().numpy()[:frames]
    np.testing.assert_allclose(energy, figure["out.frame_level.energy"], rtol=1e-4)
    means = mean_per_symbol(energy, figure["durations"])
    np.testing.assert_allclose(means, figure["out.phoneme_level.energy"], rtol=1e-4)
    mel = extractor(torch.from_numpy(figure["clip"])[None])[0].T.numpy()[:frames]
    np.testing.assert_allclose(np.exp(mel), np.exp(figure["out.phoneme_level.mel"]), atol=1e-5)
