"""A checkpoint that would run code is refused before it does."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
import torch

from core.errors import ArtifactMissing, CheckpointError
from exports.importers.checkpoints import import_checkpoint
from exports.importers.safe_pickle import read_checkpoint


class Bomb:
    """Calls os.system when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.mark}",)


@pytest.mark.parametrize("new_format", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("network", ["waveglow", "tacotron2", "hifigan"])
def test_a_call_of_os_system(network: str, new_format: bool, tmp_path: Path) -> None:
    path, mark = tmp_path / "bomb.pt", tmp_path / "went-off"
    checkpoint = {"model": Bomb(mark), "state_dict": {"a": torch.zeros(1)}}
    torch.save(checkpoint, path, _use_new_zipfile_serialization=new_format)
    with pytest.raises(CheckpointError, match="system"):
        import_checkpoint(path, network, tmp_path / "out")
    assert not mark.exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["eval", "exec", "getattr", "__import__"])
def test_builtins_are_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "bomb.pt"
    # A hand-written protocol 2 pickle behind torch's legacy header: builtins.<name>("1").
    head = [pickle.dumps(0x1950A86A20F9469CFC6C, 2), pickle.dumps(1001, 2), pickle.dumps({}, 2)]
    body = f"cbuiltins\n{name}\n(V1\ntR.".encode()
    path.write_bytes(b"".join(head) + body)
    with pytest.raises(CheckpointError, match=name):
        read_checkpoint(path)


def test_bare_pickles_are_refused(tmp_path: Path) -> None:
    path, mark = tmp_path / "bomb.pt", tmp_path / "went-off"
    path.write_bytes(pickle.dumps(Bomb(mark)))
    with pytest.raises(CheckpointError):
        read_checkpoint(path)
    assert not mark.exists()


@pytest.mark.parametrize("data", [b"", b"not a checkpoint", b"PK\x03\x04 torn zip"])
def test_other_files_are_named(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other.pt"
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=r"other\.pt"):
        read_checkpoint(path)
    with pytest.raises(ArtifactMissing):
        read_checkpoint(tmp_path / "absent.pt")
