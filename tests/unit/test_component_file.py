"""Components are written and read back with their digest."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from core.errors import ArtifactError, ArtifactMissing, CheckpointError, DigestMismatch
from core.mel import MelSpec
from core.voice import Component, Provenance, read_catalogue
from exports.component_file import load_weights, write_component


@pytest.fixture
def component() -> Component:
    return Component(
        name="tiny-hifigan",
        network="hifigan",
        kind="vocoder",
        weights="",
        sha256="",
        config={"upsample_rates": [8, 8, 4], "resblock_dilation_sizes": [[1, 2], [2, 6]]},
        mel=MelSpec(),
        provenance=Provenance(source='a "quoted" source\n', licence="MIT"),
    )


def test_a_reader_sees_what_was_written(component: Component, tmp_path: Path) -> None:
    weights = {"a": torch.randn(3, 4), "n": torch.tensor(7)}
    written = write_component(tmp_path / "components" / component.name, component, weights)
    read = read_catalogue([tmp_path]).components[component.name]
    assert read == written
    loaded = load_weights(read)
    assert torch.equal(loaded["a"], weights["a"])
    assert torch.equal(loaded["n"], weights["n"])


def test_half_is_read_back_as_float32(component: Component, tmp_path: Path) -> None:
    big = torch.tensor([1e6])
    weights = {"a": torch.randn(64, 64), "big": big}
    written = write_component(tmp_path, component, weights, half=True)
    loaded = load_weights(written)
    assert {t.dtype for t in loaded.values()} == {torch.float32}
    assert torch.equal(loaded["a"], weights["a"].half().float())
    assert torch.equal(loaded["big"], big), "float16 cannot hold it, so it stays float32"


def test_changed_bytes_are_refused(component: Component, tmp_path: Path) -> None:
    written = write_component(tmp_path, component, {"a": torch.zeros(8)})
    data = bytearray(written.weights_path.read_bytes())
    data[-1] ^= 1
    written.weights_path.write_bytes(data)
    with pytest.raises(DigestMismatch, match="sha256"):
        load_weights(written)


def test_missing_weights_are_named(component: Component, tmp_path: Path) -> None:
    written = write_component(tmp_path, component, {"a": torch.zeros(8)})
    written.weights_path.unlink()
    with pytest.raises(ArtifactMissing, match="tiny-hifigan"):
        load_weights(written)


def test_weights_that_are_not_finite_are_refused(component: Component, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="weight a"):
        write_component(tmp_path, component, {"a": torch.tensor([float("nan")])})


@pytest.mark.parametrize("content", [b'name = "\xe9"', b"a = " + b"[" * 5000, b"no toml"])
def test_a_file_that_is_no_toml_is_named(content: bytes, tmp_path: Path) -> None:
    folder = tmp_path / "components" / "broken"
    folder.mkdir(parents=True)
    (folder / "component.toml").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"broken/component\.toml"):
        read_catalogue([tmp_path])
