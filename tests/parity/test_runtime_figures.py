"""Every reference figure through every runtime: export, open, compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from acoustic.fastspeech2.adapter import frame_index, regulate
from acoustic.fastspeech2.config import FeatureStats
from acoustic.tacotron2.adapter import Tacotron2Model
from core.mel import MelSpec, PhonemeBatch
from core.protocols import Array, Graph
from core.request import RuntimeName
from core.voice import Component, Provenance
from exports.component_file import write_component
from exports.exporters.export import artifact_folder, export_component
from exports.registry import spec_of
from exports.runtimes import open_runtime
from tests.parity.reference_figures import Figure, load, tolerance
from tests.parity.test_fastspeech2_parity import CONTROLS, config_of
from tests.parity.test_fastspeech2_parity import FIGURES as FASTSPEECH2
from tests.parity.test_hifigan_parity import FIGURES as HIFIGAN
from tests.parity.test_melgan_parity import FIGURES as MELGAN
from tests.parity.test_tacotron2_parity import FIGURES as TACOTRON2
from tests.parity.test_tacotron2_parity import RECURRENT
from tests.parity.test_waveglow_parity import FIGURES as WAVEGLOW
from vocoders.waveglow.network import join_noise

# OpenVINO reads the files of ONNX; small networks (test_exports.py) are enough for it.
RUNTIMES: tuple[RuntimeName, ...] = ("eager", "torchscript", "onnx")
FULL_WAVEGLOW = "waveglow_full_seeded"
FLOW = 1e-4  # twelve flows in a row, as test_waveglow_parity


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("figures")


@lru_cache(maxsize=1)
def component_of(folder: Path, network: str, name: str, config: Any) -> Component:
    component = spec_of(network).component(
        name.replace("_", "-"),
        msgspec.to_builtins(config),
        mel=MelSpec(n_mels=config.n_mels),
        provenance=Provenance(source="figure", licence="MIT"),
    )
    return write_component(folder / name, component, figure_of(name).state_dict)


@lru_cache(maxsize=1)
def figure_of(name: str) -> Figure:
    return load(name)


@lru_cache(maxsize=1)
def graphs_of(
    folder: Path, network: str, name: str, config: Any, runtime: RuntimeName
) -> Mapping[str, Graph]:
    component = component_of(folder, network, name, config)
    export_component(component, runtime, "fp32", folder / "artifacts")
    artifact = artifact_folder(folder / "artifacts", component, runtime, "fp32")
    return open_runtime(runtime).open(artifact)


def delta(ours: Array, theirs: torch.Tensor) -> float:
    assert ours.shape == tuple(theirs.shape)
    return float(np.abs(ours.astype(np.float64) - theirs.double().numpy()).max(initial=0))


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("name", [*HIFIGAN, *MELGAN])
def test_convolutional_vocoders(folder: Path, name: str, runtime: RuntimeName) -> None:
    network: str = "hifigan" if name in HIFIGAN else "melgan"
    figure = figure_of(name)
    graphs = graphs_of(folder, network, name, {**HIFIGAN, **MELGAN}[name], runtime)
    parts = [k.removeprefix("mel_") for k in figure.inputs if k.startswith("mel_")]
    assert len(parts) >= 3
    for part in parts:
        (samples,) = graphs["vocode"](figure.inputs[f"mel_{part}"].numpy())
        theirs = figure.outputs[f"wav_{part}"][:, 0]
        assert delta(samples, theirs) <= tolerance(name), part


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("name", WAVEGLOW)
def test_waveglow(folder: Path, name: str, runtime: RuntimeName) -> None:
    figure = figure_of(name)
    z = join_noise([figure.inputs[f"z.{i}"] for i in range(3)]).numpy()
    graphs = graphs_of(folder, "waveglow", name, WAVEGLOW[name], runtime)
    for sigma in (0.0, 0.666, 1.0):
        (samples,) = graphs["vocode"](figure.inputs["mel_inf"].numpy(), np.float32(sigma) * z)
        assert delta(samples, figure.outputs[f"infer.sigma{sigma}"]) <= FLOW


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("name", FASTSPEECH2)
def test_fastspeech2(folder: Path, name: str, runtime: RuntimeName) -> None:
    figure = figure_of(name)
    config = config_of(figure.meta["config"])
    # The reference's control scales the normalized feature, ours the feature itself: with mean 0
    # both are the same.
    features = {
        f: FeatureStats(getattr(config, f).minimum, getattr(config, f).maximum)
        for f in ("pitch", "energy")
    }
    graphs = graphs_of(
        folder, "fastspeech2", name, msgspec.structs.replace(config, **features), runtime
    )
    framewise = "frame" in (config.pitch_level, config.energy_level)
    for kind, control in CONTROLS:
        factor = figure.meta["notes"]["controls"][control]
        energy = factor["p_control"] if kind == "inf" else factor["e_control"]
        mel, durations = run_acoustic(
            graphs, figure, control, (factor["p_control"], energy), framewise
        )
        theirs = figure.outputs[f"{kind}.{control}.mel_postnet"].transpose(1, 2)
        assert delta(mel, theirs) <= tolerance(name), (kind, control)
        if factor["d_control"] == 1.0:
            assert (durations == figure.outputs[f"inf.{control}.dur_rounded"].numpy()).all()


def run_acoustic(
    graphs: Mapping[str, Graph],
    figure: Figure,
    control: str,
    factors: tuple[float, float],
    framewise: bool,
) -> tuple[Array, Array]:
    """Mel with the reference's durations (its truncation differs), and our own durations."""
    given = figure.inputs
    ids = given["texts"].numpy().astype(np.int64)
    controls = [np.full(ids.shape, f, np.float32) for f in (1.0, *factors)]
    lengths = given["src_lens"].numpy().astype(np.int64)
    speakers = given["speakers"].numpy().astype(np.int64)
    hidden, ours = graphs["encode"](ids, lengths, speakers, *controls)
    durations = figure.outputs[f"inf.{control}.dur_rounded"].numpy().astype(np.int64)
    totals, index = durations.sum(1), frame_index(durations)
    rows = [hidden, *controls[1:]] if framewise else [hidden]
    frames = [regulate(part, index, totals) for part in rows]
    (mel,) = graphs["decode"](frames[0], totals, *frames[1:])
    return mel, ours


class Recorded:
    """The reference's recorded dropout masks (S, 2, P), then none."""

    def __init__(self, masks: Array, seeds: Sequence[int]) -> None:
        self._steps = iter(masks)
        self._none = np.ones_like(masks[0])

    def step(self) -> Array:
        masks: Array = next(self._steps, self._none)[None]
        return masks


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("name", TACOTRON2)
def test_tacotron2(folder: Path, name: str, runtime: RuntimeName) -> None:
    figure, config = figure_of(name), TACOTRON2[name]
    graphs = graphs_of(folder, "tacotron2", name, config, runtime)
    for variant in ("none", "mask"):
        recorded = figure.inputs["inf_mask"].numpy()
        masks = recorded if variant == "mask" else np.ones_like(recorded)
        steps = figure.outputs[f"inf.{variant}.fixed.align"].shape[1]
        for stop in ("fixed", "gated"):
            gate = float(figure.inputs[f"gate_threshold_{variant}"]) if stop == "gated" else 2.0
            ends = msgspec.structs.replace(
                config, gate_threshold=gate, frames_cap_base=steps, frames_per_symbol_cap=0
            )
            mel = MelSpec(n_mels=config.n_mels)
            model = Tacotron2Model(graphs, mel, config=ends, dropout=partial(Recorded, masks))
            (ours,) = model(one_utterance(figure))
            theirs = figure.outputs[f"inf.{variant}.{stop}.mel_postnet"]
            assert delta(ours.mel[None], theirs) <= RECURRENT, (variant, stop)
            assert ours.runaway == (stop == "fixed")
            assert ours.durations.sum() == theirs.shape[2]


def one_utterance(figure: Figure) -> PhonemeBatch:
    ids = figure.inputs["text1"].numpy().astype(np.int64)
    neutral = np.ones(ids.shape, np.float32)
    zero = np.zeros(1, np.int64)
    return PhonemeBatch(ids, np.array([ids.shape[1]]), zero, neutral, neutral, neutral, zero)
