"""Recipes on a corpus of three seconds: they learn, resume exactly, and ship what loads."""

from __future__ import annotations

import io
import tarfile
import zlib
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
import torch

from acoustic.fastspeech2.config import FastSpeech2Config
from acoustic.fastspeech2.network import FastSpeech2
from core.mel import MelSpec
from core.voice import Component
from exports.component_file import load_weights
from text.symbols import symbol_table
from training.corpus import Line, Prepared, is_held_out, prepare, read_prepared
from training.fastspeech2 import FastSpeech2Recipe, cpu_size
from training.hifigan import HifiGanRecipe
from training.loop import Recipe, train
from training.ship import ship
from vocoders.hifigan.config import HifiGanConfig
from vocoders.hifigan.network import HifiGan

UNIT = 600
RATE = 24000
SMALL = HifiGanConfig(
    resblock="2",
    upsample_rates=(8, 8, 4),
    upsample_kernels=(16, 16, 8),
    upsample_channels=16,
    resblock_kernels=(3,),
    resblock_dilations=((1, 2),),
)


def tiny(prepared: Prepared, symbols: str) -> FastSpeech2Config:
    """Two blocks of 16 channels."""
    return msgspec.structs.replace(
        cpu_size(prepared, symbols),
        encoder_layers=1,
        decoder_layers=1,
        encoder_hidden=16,
        decoder_hidden=16,
        conv_filter=16,
        variance_filter=16,
    )


def _ids() -> list[str]:
    """Seven for training and one held out."""
    names = [f"T{n:04d}" for n in range(400)]
    held = next(name for name in names if is_held_out(name))
    return [*[name for name in names if not is_held_out(name)][:7], held]


def _line(name: str, index: int) -> Line:
    durations = [4 + index % 3, 6, 8, 7, 3]
    return Line(
        id=name,
        shard=0,
        speaker=("female", "male")[index % 2],
        text="a test",
        spoken="a test",
        samples=(sum(durations) + 12) * UNIT,
        lead=6,
        tail=6,
        phonemes=["ə", " ", "t", "ˈɛ", "."],
        durations=durations,
    )


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hummed tones in the house corpus's layout, prepared."""
    source = tmp_path_factory.mktemp("source")
    lines = [_line(name, index) for index, name in enumerate(_ids())]
    (source / "metadata.jsonl").write_bytes(b"\n".join(msgspec.json.encode(x) for x in lines))
    with tarfile.open(source / "speech-000.tar", "w") as archive:
        for line in lines:
            t = np.arange(line.samples) / RATE
            f0 = 120.0 + zlib.crc32(line.id.encode()) % 60
            tone = sum(np.sin(2 * np.pi * f0 * k * t) / k for k in range(1, 20)) * 0.1
            data = io.BytesIO()
            soundfile.write(data, tone, RATE, format="OGG", subtype="OPUS")
            info = tarfile.TarInfo(f"{line.id}.ogg")
            info.size = data.tell()
            data.seek(0)
            archive.addfile(info, data)
    out = tmp_path_factory.mktemp("prepared")
    prepare(source, out, MelSpec(), processes=1)
    return out


def _train(recipe: Recipe, folder: Path, steps: int) -> None:
    train(
        recipe,
        folder,
        minutes=60,
        last_step=steps,
        device="cpu",
        validate_every=4,
        tell=lambda line: None,
    )


def test_prepared_durations_fill_every_mel(corpus: Path) -> None:
    prepared = read_prepared(corpus)
    assert len(prepared.entries) == 8
    for entry in prepared.entries:
        assert sum(entry.durations) == entry.frames == entry.samples // prepared.mel.hop_length
        assert len(entry.durations) == len(entry.phonemes) == len(entry.pitch)
    hummed = [e.pitch[3] for e in prepared.entries]
    expected = [120.0 + zlib.crc32(e.id.encode()) % 60 for e in prepared.entries]
    np.testing.assert_allclose(hummed, expected, rtol=0.02)


def _fastspeech2(corpus: Path) -> FastSpeech2Recipe:
    return FastSpeech2Recipe(corpus, symbols="house-ipa", device="cpu", total_steps=6, size=tiny)


def _hifigan(corpus: Path) -> HifiGanRecipe:
    return HifiGanRecipe(corpus, device="cpu", adversary_from=3, config=SMALL)


@pytest.mark.parametrize("build", [_fastspeech2, _hifigan])
def test_a_resumed_run_is_the_same_run(build: type[Recipe], corpus: Path, tmp_path: Path) -> None:
    whole, first, second = build(corpus), build(corpus), build(corpus)
    _train(whole, tmp_path / "whole", 5)
    _train(first, tmp_path / "halves", 2)
    _train(second, tmp_path / "halves", 5)
    a, b = whole.state()["network"], second.state()["network"]
    for key in a:
        torch.testing.assert_close(a[key], b[key], rtol=0, atol=0, msg=key)


def test_shipped_components_load_strictly(corpus: Path, tmp_path: Path) -> None:
    acoustic, vocoder = _fastspeech2(corpus), _hifigan(corpus)
    for name, recipe in (("fastspeech2", acoustic), ("hifigan", vocoder)):
        _train(recipe, tmp_path / name, 4)

    def shipped(name: str, symbols: str) -> Component:
        recipe = acoustic if name == "fastspeech2" else vocoder
        return ship(
            name,  # type: ignore[arg-type]
            recipe.config,
            tmp_path / name / "checkpoint.pt",
            corpus,
            tmp_path / "components" / name,
            symbols=symbols,
            hardware="a test",
        )

    component = shipped("fastspeech2", "house-ipa")
    assert component.speakers == 2
    assert component.provenance.steps == 4
    network = FastSpeech2(msgspec.convert(component.config, FastSpeech2Config)).eval()
    network.load_state_dict(load_weights(component))
    ids = torch.tensor([symbol_table("house-ipa").ids(["ə", " ", "t"])])
    assert network(ids, torch.tensor([3]), torch.tensor([1])).mel.shape[2] == 80
    component = shipped("hifigan", "")
    generator = HifiGan(msgspec.convert(component.config, HifiGanConfig)).eval()
    generator.load_state_dict(load_weights(component))
    assert generator(torch.zeros(1, 80, 4)).shape == (1, 1, 1024)
