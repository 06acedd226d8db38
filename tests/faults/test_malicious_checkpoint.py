"""A checkpoint that would run code is refused before it does; a damaged one costs no memory."""

from __future__ import annotations

import json
import os
import pickle
import random
from contextlib import suppress
from pathlib import Path

import pytest
import torch

from core.errors import ArtifactMissing, CheckpointError
from exports.importers.checkpoints import import_checkpoint
from exports.importers.import_process import ImportRequest, import_apart
from exports.importers.safe_pickle import read_checkpoint
from vocoders.hifigan.config import HifiGanConfig
from vocoders.hifigan.network import HifiGan

SIZES = {
    "resblock": "1",
    "upsample_rates": [8, 8, 2, 2],
    "upsample_kernel_sizes": [16, 16, 4, 4],
    "upsample_initial_channel": 16,
    "resblock_kernel_sizes": [3],
    "resblock_dilation_sizes": [[1, 3, 5]],
    "num_mels": 80,
    "n_fft": 1024,
    "hop_size": 256,
    "win_size": 1024,
    "sampling_rate": 22050,
    "fmin": 0,
    "fmax": 8000,
}
"""A config.json of HiFi-GAN."""


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


def test_a_few_bytes_that_ask_for_gigabytes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pt"
    head = [pickle.dumps(0x1950A86A20F9469CFC6C, 2), pickle.dumps(1001, 2), pickle.dumps({}, 2)]
    # A layer that is to be remembered as number 800 million of this pickle.
    body = b"ctorch.nn.modules.linear\nLinear\nr" + (800_000_000).to_bytes(4, "little") + b"."
    path.write_bytes(b"".join(head) + body)
    request = ImportRequest(path=str(path), network="hifigan", out_folder=str(tmp_path / "out"))
    with pytest.raises(CheckpointError, match=r"bomb\.pt was not read: more than 256 MiB"):
        import_apart(request, memory_bytes=2**28)
    assert not (tmp_path / "out").exists()


def test_damaged_checkpoints_are_imported_or_refused_by_name(tmp_path: Path) -> None:
    chance, path = random.Random(3), tmp_path / "damaged.pt"
    network = HifiGan(
        HifiGanConfig(upsample_channels=16, resblock_kernels=(3,), resblock_dilations=((1, 3, 5),))
    )
    config = tmp_path / "config.json"
    config.write_text(json.dumps(SIZES), "utf-8")
    whole = []
    for new_format in (True, False):
        torch.save(
            {"generator": network.state_dict()}, path, _use_new_zipfile_serialization=new_format
        )
        whole.append(path.read_bytes())
    for number in range(120):
        data = bytearray(whole[number % 2])
        edge = min(len(data), 6000)  # where pickles and directories of zips lie
        for _ in range(chance.randrange(1, 8)):
            at = chance.randrange(edge)
            data[at if number % 3 else -1 - at] = chance.randrange(256)
        path.write_bytes(data)
        with suppress(CheckpointError, MemoryError):
            import_checkpoint(path, "hifigan", tmp_path / "out", config_path=config)
