"""Windowed = whole, for every vocoder and runtime; the halo is enough, and no more than enough."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from msgspec.structs import replace

from core.mel import Float32, MelSpec
from core.networks import VocoderSpec, WindowPolicy
from core.protocols import Vocoder
from core.request import RuntimeName
from exports.exporters.export import artifact_folder, export_component
from exports.registry import join_vocoder, read_config, specs
from exports.runtimes import open_runtime
from tests.parity.small import CONFIGS, SOURCE, seeded, small_component
from vocoders.adapter import ConvVocoder
from vocoders.hifigan.config import LIGHT, V1, V2, V3, HifiGanConfig, halo_frames

VOCODERS = {spec.name: spec for spec in specs() if isinstance(spec, VocoderSpec)}
RUNTIMES: tuple[RuntimeName, ...] = get_args(RuntimeName)


def random_mels(lengths: list[int], spec: MelSpec, seed: int = 0) -> list[Float32]:
    values = np.random.default_rng(seed).normal(-5, 2, (len(lengths), spec.n_mels, max(lengths)))
    return [v[:, :n] for v, n in zip(values.astype(np.float32), lengths, strict=True)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("windows")


def vocoder(
    folder: Path, network: str, runtime: RuntimeName, windows: WindowPolicy, **changes: Any
) -> Vocoder:
    component = small_component(folder, network, **changes)
    export_component(component, runtime, "fp32", folder)
    graphs = open_runtime(runtime).open(artifact_folder(folder, component, runtime, "fp32"))
    return join_vocoder(network, graphs, component.mel, component.config, windows)


@pytest.mark.parametrize("static", [False, True])
@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("network", VOCODERS)
def test_windowed_is_whole_and_batch_is_singles(
    folder: Path, network: str, runtime: RuntimeName, static: bool
) -> None:
    halo = VOCODERS[network].halo(read_config(network, CONFIGS.get(network, {})))
    longest = 2 * halo + 3 * 24 + 5
    whole = vocoder(folder, network, runtime, WindowPolicy(core=10_000))
    windows = WindowPolicy(core=24, static=static, max_batch_frames=3 * (24 + 2 * halo))
    windowed = vocoder(folder, network, runtime, windows)
    mels, seeds = random_mels([longest, 3, longest - 7, 40], whole.mel_spec), [5, 6, 7, 8]
    for mel, seed, samples in zip(mels, seeds, windowed(mels, seeds), strict=True):
        (expected,) = whole([mel], [seed])
        assert samples.shape == (mel.shape[1] * 256,)
        np.testing.assert_allclose(samples, expected, rtol=0, atol=1e-6)
        (single,) = windowed([mel], [seed])
        np.testing.assert_allclose(single, samples, rtol=0, atol=1e-5)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_hifigan_with_a_source_speaks_one_frame_and_windows_of_many(
    tmp_path: Path, runtime: RuntimeName
) -> None:
    light: dict[str, Any] = {
        "upsample_rates": (8, 8),
        "upsample_kernels": (16, 16),
        "stft_hop": 4,
        "source": SOURCE,
    }
    whole = vocoder(tmp_path, "hifigan", runtime, WindowPolicy(core=10_000), **light)
    windowed = vocoder(tmp_path, "hifigan", runtime, WindowPolicy(24, stream_core=24), **light)
    mels, seeds = random_mels([0, 1, 2, 90], whole.mel_spec), [5, 6, 7, 8]
    for mel, seed, samples in zip(mels, seeds, windowed(mels, seeds), strict=True):
        assert samples.shape == (mel.shape[1] * 256,)
        assert np.abs(samples).max(initial=0) < 1
        (expected,) = whole([mel], [seed])
        np.testing.assert_allclose(samples, expected, rtol=0, atol=1e-6)
        streamed = [np.empty(0, np.float32), *windowed.stream(mel, seed)]
        np.testing.assert_allclose(np.concatenate(streamed), expected, rtol=0, atol=1e-6)


SHAPES = {
    "V1": HifiGanConfig(upsample_channels=32),
    "V2": HifiGanConfig(upsample_channels=16),
    "V3": replace(V3, upsample_channels=32),
    "light": replace(LIGHT, upsample_channels=32),
}


def test_public_halos() -> None:
    assert [halo_frames(c) for c in (V1, V2, V3, LIGHT)] == [13, 13, 11, 20]


@pytest.mark.parametrize("name", SHAPES)
def test_halo_is_sufficient_and_tight(name: str) -> None:
    """Exactly the frames within the halo have a gradient, in float64 where nothing underflows."""
    config = SHAPES[name]
    module = seeded("hifigan", {f: getattr(config, f) for f in config.__struct_fields__}).double()
    for parameter in module.parameters():
        # Positive weights and inputs: the network is linear, so nothing cancels on the way.
        parameter.data.abs_()
    mel = torch.full((1, 80, 61), 1e-100, dtype=torch.float64, requires_grad=True)
    for bias in (p for n, p in module.named_parameters() if n.endswith("bias")):
        bias.data.zero_()
    spectrum = (1, 122, 514)
    excitation = torch.ones((2, *spectrum), dtype=torch.float64, requires_grad=True)
    conditions = excitation.unbind() if config.source else ()
    module(mel, *conditions).flatten()[30 * 256 : 31 * 256].sum().backward()
    assert mel.grad is not None
    seen = torch.nonzero(mel.grad[0].sum(0)).flatten()
    assert max(30 - int(seen.min()), int(seen.max()) - 30) == halo_frames(config)
    if excitation.grad is not None:
        reached = torch.nonzero(excitation.grad.abs().sum((0, 1, 3))).flatten() // 2
        assert max(30 - int(reached.min()), int(reached.max()) - 30) <= halo_frames(config)


def test_one_frame_less_of_halo_makes_a_difference(folder: Path) -> None:
    component = small_component(folder, "hifigan")
    export_component(component, "eager", "fp32", folder)
    graphs = open_runtime("eager").open(artifact_folder(folder, component, "eager", "fp32"))
    halo = halo_frames(read_config("hifigan", component.config))
    mels = random_mels([100], component.mel)

    def vocoded(halo: int, window: int) -> Float32:
        policy = WindowPolicy(window - 2 * halo)
        return ConvVocoder(graphs, component.mel, halo=halo, policy=policy)(mels, [0])[0]

    whole = vocoded(halo, 100)
    assert np.abs(vocoded(halo, 20 + 2 * halo) - whole).max() <= 1e-6
    assert np.abs(vocoded(halo - 1, 20 + 2 * halo) - whole).max() > 1e-6
