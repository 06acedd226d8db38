"""Tacotron 2 over every runtime: batches, stops, runaways, speed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import get_args

import msgspec
import numpy as np
import pytest

from acoustic.tacotron2.adapter import Tacotron2Model
from acoustic.tacotron2.config import Tacotron2Config
from acoustic.tacotron2.time_stretch import time_stretch
from core.errors import FieldError
from core.mel import MelSpec, PhonemeBatch
from core.protocols import Graph
from core.request import Precision, RuntimeName
from exports.exporters.export import artifact_folder, export_component
from exports.registry import read_config
from exports.runtimes import open_runtime
from tests.parity.small import CONFIGS, small_component

RUNTIMES: tuple[RuntimeName, ...] = get_args(RuntimeName)
CONFIG: Tacotron2Config = read_config("tacotron2", CONFIGS["tacotron2"])
# Of the seeded gate: some items stop at different steps, one never does.
THRESHOLD = 0.9


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tacotron2")


@lru_cache(maxsize=8)
def graphs_of(
    folder: Path, runtime: RuntimeName, precision: Precision = "fp32"
) -> Mapping[str, Graph]:
    component = small_component(folder, "tacotron2")
    export_component(component, runtime, precision, folder)
    return open_runtime(runtime).open(artifact_folder(folder, component, runtime, precision))


def model(
    folder: Path, runtime: RuntimeName, threshold: float, precision: Precision = "fp32"
) -> Tacotron2Model:
    config = msgspec.structs.replace(CONFIG, gate_threshold=threshold)
    return Tacotron2Model(graphs_of(folder, runtime, precision), MelSpec(), config=config)


def phonemes(lengths: list[int], speed: float = 1.0) -> PhonemeBatch:
    random, width = np.random.default_rng(1), max(lengths)
    valid = np.arange(width)[None] < np.array(lengths)[:, None]
    neutral = np.ones(valid.shape, np.float32)
    return PhonemeBatch(
        ids=random.integers(1, 30, valid.shape) * valid,
        lengths=np.array(lengths),
        speakers=np.zeros(len(lengths), np.int64),
        speed=neutral * np.float32(speed),
        pitch=neutral.copy(),
        energy=neutral.copy(),
        seeds=np.arange(len(lengths)) + 40,
    )


def one(batch: PhonemeBatch, item: int) -> PhonemeBatch:
    size, row = int(batch.lengths[item]), slice(item, item + 1)
    parts = {name: getattr(batch, name) for name in PhonemeBatch.__slots__}
    return PhonemeBatch(**{k: a[row, :size] if a.ndim == 2 else a[row] for k, a in parts.items()})


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_batch_equals_its_singles(folder: Path, runtime: RuntimeName) -> None:
    predict, batch = model(folder, runtime, THRESHOLD), phonemes([14, 3, 9, 20, 1])
    outputs = predict(batch)
    assert len({output.mel.shape[1] for output in outputs}) > 2
    assert {output.runaway for output in outputs} == {True, False}
    for item, output in enumerate(outputs):
        assert len(output.durations) == batch.lengths[item]
        assert output.durations.sum() == output.mel.shape[1]
        (alone,) = predict(one(batch, item))
        assert alone.runaway == output.runaway
        np.testing.assert_allclose(alone.mel, output.mel, rtol=0, atol=1e-5)


@pytest.mark.parametrize("runtime", ["torchscript", "onnx"])
def test_runtimes_agree(folder: Path, runtime: RuntimeName) -> None:
    batch = phonemes([14, 3, 9])
    ours, eager = (model(folder, r, THRESHOLD)(batch) for r in (runtime, "eager"))
    for output, expected in zip(ours, eager, strict=True):
        np.testing.assert_allclose(output.mel, expected.mel, rtol=0, atol=1e-5)


@pytest.mark.parametrize("runtime", ["torchscript", "onnx"])
def test_int8_speaks_nearly_the_same(folder: Path, runtime: RuntimeName) -> None:
    batch = phonemes([14])
    (small,) = model(folder, runtime, 2.0, "int8")(batch)
    (whole,) = model(folder, runtime, 2.0)(batch)
    assert small.mel.shape == whole.mel.shape
    assert np.sqrt(np.mean((small.mel - whole.mel) ** 2)) < 0.05


def test_an_item_that_never_stops_is_flagged_at_its_cap(folder: Path) -> None:
    outputs = model(folder, "eager", 2.0)(phonemes([6, 11]))
    assert all(output.runaway for output in outputs)
    frames = [output.mel.shape[1] for output in outputs]
    assert frames == [CONFIG.frames_cap(6), CONFIG.frames_cap(11)]


def test_an_item_that_stops_at_once_has_one_frame(folder: Path) -> None:
    outputs = model(folder, "eager", -1.0)(phonemes([6, 11]))
    assert [output.mel.shape[1] for output in outputs] == [1, 1]
    assert not any(output.runaway for output in outputs)


def test_the_seed_decides_the_dropout(folder: Path) -> None:
    predict, batch = model(folder, "eager", 2.0), phonemes([8])
    first = predict(batch)[0].mel
    assert (predict(batch)[0].mel == first).all()
    batch.seeds[0] += 1
    assert (predict(batch)[0].mel != first).any()


def test_speed_stretches(folder: Path) -> None:
    predict = model(folder, "eager", 2.0)
    (plain,), (fast,) = predict(phonemes([20])), predict(phonemes([20], speed=2.0))
    assert fast.mel.shape[1] == plain.mel.shape[1] // 2
    assert fast.durations.sum() == fast.mel.shape[1]


def test_stretch_keeps_a_ramp_a_ramp() -> None:
    ramp = np.arange(40, dtype=np.float32)[None]
    stretched, durations = time_stretch(
        ramp, np.array([10, 0, 30]), np.array([0.5, 1, 0.5], np.float32)
    )
    assert durations.tolist() == [20, 0, 60]
    np.testing.assert_allclose(np.diff(stretched[0, 1:-1]), 0.5, atol=1e-5)


@pytest.mark.parametrize("control", ["pitch", "energy"])
def test_controls_it_has_not_are_refused(folder: Path, control: str) -> None:
    batch = phonemes([5, 3])
    getattr(batch, control)[1, 2] = 1.2
    with pytest.raises(FieldError, match=control):
        model(folder, "eager", 2.0)(batch)
    getattr(batch, control)[1, 2] = 1.0
    getattr(batch, control)[1, 4] = 1.2  # padding
    assert len(model(folder, "eager", 2.0)(batch)) == 2
