"""Public checkpoint layouts become components that speak as the reference does."""

from __future__ import annotations

import json
import sys
import types
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from core.errors import CheckpointError
from core.mel import MelSpec
from core.voice import Component, read_catalogue
from exports.component_file import load_weights
from exports.importers.checkpoints import import_checkpoint, layout_of
from exports.registry import build_network, read_config
from tests.parity.reference_figures import key_shapes, load, max_delta, tolerance
from vocoders.hifigan.config import V1
from vocoders.hifigan.network import HifiGan
from vocoders.waveglow.network import WaveGlow

CHECKPOINTS: dict[str, str] = {
    "fastspeech2_1000.pth.tar": "fastspeech2",
    "hifigan_g_00000001": "hifigan",
    "melgan_neurips_bare_state_dict.pt": "melgan",
    "tacotron2_statedict.pt": "tacotron2",
    "waveglow_pickled_module.pt": "waveglow",
    "waveglow_statedict_nowm.pt": "waveglow",
}


@pytest.fixture
def imported(shared: Path, tmp_path: Path) -> Callable[..., Component]:
    """Imports one of the tiny checkpoints and reads it back from the catalogue."""

    def run(name: str, **options: object) -> Component:
        path = shared / "parity" / "checkpoints" / name
        folder = tmp_path / "components" / name.split(".")[0]
        import_checkpoint(path, CHECKPOINTS[name], folder, **options)  # type: ignore[arg-type]
        return read_catalogue([tmp_path]).components[folder.name]

    return run


def opened(component: Component) -> nn.Module:
    return build_network(component.network, component.config, load_weights(component))


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_every_layout_is_imported(
    name: str, imported: Callable[..., Component], shared: Path
) -> None:
    config = shared / "parity" / "checkpoints" / "hifigan_config.json"
    component = imported(name, config_path=config if "hifigan" in name else None)
    assert component.network == CHECKPOINTS[name]
    assert "sha256" in component.provenance.source
    opened(component)


def test_hifigan_speaks_as_the_figure(imported: Callable[..., Component], shared: Path) -> None:
    figure = load("hifigan_v1_ch64")
    config = shared / "parity" / "checkpoints" / "hifigan_config.json"
    component = imported("hifigan_g_00000001", config_path=config)
    assert component.mel == MelSpec()
    with torch.inference_mode():
        samples = opened(component)(figure.inputs["mel_b2"])
    assert max_delta(samples, figure.outputs["wav_b2"]) <= tolerance("hifigan")


def test_melgan_speaks_as_the_figure(imported: Callable[..., Component]) -> None:
    figure = load("melgan_neurips_ngf8")
    component = imported("melgan_neurips_bare_state_dict.pt")
    assert (component.mel.log_base, component.mel.f_max) == ("10", 11025.0)
    with torch.inference_mode():
        samples = opened(component)(figure.inputs["mel_b2"])
    assert max_delta(samples, figure.outputs["wav_b2"]) <= tolerance("melgan_neurips")


def test_seungwonpark_s_melgan_is_distinguished_from_descript_s(tmp_path: Path) -> None:
    figure, path = load("melgan_sw_div4"), tmp_path / "sw.pt"
    torch.save({"model_g": figure.state_dict, "step": 1, "githash": "aca5990"}, path)
    component = import_checkpoint(path, "melgan", tmp_path / "sw")
    assert (component.mel.log_base, component.mel.f_max) == ("e", 8000.0)
    with torch.inference_mode():
        samples = opened(component)(figure.inputs["mel_b2"])
    assert max_delta(samples, figure.outputs["wav_b2"]) <= tolerance("melgan_sw")


def test_fastspeech2_speaks_as_the_figure(
    imported: Callable[..., Component], tmp_path: Path
) -> None:
    figure = load("fastspeech2_tiny")
    stats = tmp_path / "stats.json"
    stats.write_text(json.dumps(figure.meta["config"]["stats"]))
    component = imported(
        "fastspeech2_1000.pth.tar",
        config_path=stats,
        overrides={"mask_convolutions": False},
    )
    assert component.symbols == "arpabet"
    assert component.config["pitch"]["mean"] == figure.meta["config"]["stats"]["pitch"][2]
    inputs = figure.inputs
    with torch.inference_mode():
        predictions = opened(component)(inputs["texts"], inputs["src_lens"], inputs["speakers"])
    theirs = figure.outputs["inf.base.mel_postnet"]
    assert max_delta(predictions.mel_postnet, theirs) <= tolerance("fastspeech2")


def test_both_files_of_one_waveglow_speak_alike(imported: Callable[..., Component]) -> None:
    samples = []
    for name in ("waveglow_pickled_module.pt", "waveglow_statedict_nowm.pt"):
        network = opened(imported(name))
        assert isinstance(network, WaveGlow)
        n, group = network.config.n_mels, network.config.n_group
        torch.manual_seed(1)
        mel, z = torch.randn(1, n, 6), torch.randn(1, group, 6 * 256 // group)
        with torch.inference_mode():
            samples.append(network.infer(mel, z))
    assert max_delta(samples[0], samples[1]) <= 1e-4


def test_a_pickled_module_in_the_format_before_torch_1_6(
    imported: Callable[..., Component], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    component = imported("waveglow_statedict_nowm.pt")
    glow = types.ModuleType("glow")
    for theirs in ("WaveGlow", "WN", "Invertible1x1Conv"):
        setattr(glow, theirs, type(theirs, (nn.Module,), {"__module__": "glow"}))
    monkeypatch.setitem(sys.modules, "glow", glow)
    path = tmp_path / "old_format.pt"
    module = as_glow(opened(component), glow)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch finds no source of the classes made here
        torch.save({"model": module, "iteration": 3}, path, _use_new_zipfile_serialization=False)
    monkeypatch.delitem(sys.modules, "glow")
    again = load_weights(import_checkpoint(path, "waveglow", tmp_path / "again"))
    first = load_weights(component)
    assert again.keys() == first.keys()
    assert all(torch.equal(again[k], first[k]) for k in first)


def as_glow(ours: nn.Module, glow: types.ModuleType) -> nn.Module:
    """Our WaveGlow as modules of NVIDIA's class names."""
    kind = getattr(glow, type(ours).__name__, None)
    if kind is None:
        if isinstance(ours, nn.ModuleList):
            return nn.ModuleList(as_glow(child, glow) for child in ours)
        return ours
    theirs: nn.Module = kind()
    for name, child in ours.named_children():
        theirs.add_module(name, as_glow(child, glow))
    return theirs


def old_layers(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Today's WaveGlow weights under the keys of its first release."""
    old: dict[str, Tensor] = {}
    for key, value in state.items():
        wn, _, rest = key.partition(".res_skip_layers.")
        if rest:
            half = state["WN.0.start.weight"].shape[0]
            if value.shape[0] > half:
                old[f"{wn}.res_layers.{rest}"] = value[:half]
            old[f"{wn}.skip_layers.{rest}"] = value[-half:]
        elif ".cond_layer." in key:
            wn, _, part = key.partition(".cond_layer.")
            layers = sum(k.startswith(f"{wn}.in_layers.") and k.endswith("bias") for k in state)
            for i, piece in enumerate(value.chunk(layers)):
                old[f"{wn}.cond_layers.{i}.{part}"] = piece
        else:
            old[key] = value
    return old


def test_the_first_waveglow_layout(imported: Callable[..., Component], tmp_path: Path) -> None:
    new = load_weights(imported("waveglow_statedict_nowm.pt"))
    path = tmp_path / "old.pt"
    torch.save({"state_dict": old_layers(new)}, path)
    again = load_weights(import_checkpoint(path, "waveglow", tmp_path / "old"))
    assert again.keys() == new.keys()
    assert all(torch.equal(again[k], new[k]) for k in new)


@pytest.mark.parametrize(
    ("keys", "wrap"),
    [("dle", "generator"), ("coqui", "model"), ("pwg", "generator")],
)
def test_hifigan_under_other_projects_keys(
    keys: str, wrap: str, shared: Path, tmp_path: Path
) -> None:
    path = shared / "parity" / "keys" / f"{keys}_hifigan_generator.json"
    shapes = {k: v["shape"] for k, v in json.loads(path.read_text())["keys"].items()}
    torch.manual_seed(0)
    file = tmp_path / "g.pt"
    torch.save({wrap: {k: torch.randn(s) for k, s in shapes.items()}}, file)
    if keys == "pwg":
        with pytest.raises(CheckpointError, match="statistics"):
            import_checkpoint(file, "hifigan", tmp_path / "out")
        return
    component = import_checkpoint(file, "hifigan", tmp_path / "out")
    assert component.config["upsample_channels"] == V1.upsample_channels
    assert len(load_weights(component)) == len(HifiGan(V1).state_dict())


@pytest.mark.parametrize(
    ("name", "network"),
    [("melgan_sw_full", "melgan"), ("waveglow_full", "waveglow"), ("tacotron2_full", "tacotron2")],
)
def test_sizes_are_read_off_full_checkpoints(name: str, network: str) -> None:
    with torch.device("meta"):
        state = {k: torch.empty(s) for k, s in key_shapes(name).items()}
        layout = layout_of(network, state)
    default = {"form": "seungwonpark"} if network == "melgan" else {}
    assert read_config(network, layout.config) == read_config(network, default)


def test_missing_and_unexpected_keys_are_named(shared: Path, tmp_path: Path) -> None:
    path = shared / "parity" / "checkpoints" / "tacotron2_statedict.pt"
    checkpoint = torch.load(path, weights_only=True)
    state = checkpoint["state_dict"]
    state["surprise.weight"] = state.pop("decoder.gate_layer.linear_layer.bias")
    broken = tmp_path / "broken.pt"
    torch.save(checkpoint, broken)
    with pytest.raises(CheckpointError, match=r"(?s)gate_layer.*surprise"):
        import_checkpoint(broken, "tacotron2", tmp_path / "out")
    with pytest.raises(CheckpointError, match="no state dict"):
        import_checkpoint(path, "fastspeech2", tmp_path / "out")
    with pytest.raises(CheckpointError, match="another network"):
        import_checkpoint(path, "waveglow", tmp_path / "out")
