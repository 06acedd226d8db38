"""A checkpoint in parts that fit through narrow doors: split, and joined again, digests checked."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec

from core.errors import ArtifactError, ArtifactMissing, DigestMismatch

PART_BYTES = 15_000_000
INDEX = "parts.json"


class Parts(msgspec.Struct, frozen=True):
    """The index beside the parts."""

    sha256: str
    """Of the whole, hex."""
    parts: dict[str, str]
    """File name → sha256, in order."""


def split(checkpoint: Path, folder: Path, *, part_bytes: int = PART_BYTES) -> Parts:
    """Writes a file as ``folder/part-NNN`` and an index.

    Raises:
        ArtifactMissing: no such file.
        ArtifactError: the folder holds something already.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ArtifactError(f"{folder} is not empty")
    folder.mkdir(parents=True, exist_ok=True)
    whole = hashlib.sha256()
    parts: dict[str, str] = {}
    try:
        with checkpoint.open("rb") as file:
            while data := file.read(part_bytes):
                name = f"part-{len(parts):03d}"
                (folder / name).write_bytes(data)
                whole.update(data)
                parts[name] = hashlib.sha256(data).hexdigest()
    except FileNotFoundError as error:
        raise ArtifactMissing(f"no checkpoint {checkpoint}") from error
    index = Parts(whole.hexdigest(), parts)
    (folder / INDEX).write_bytes(msgspec.json.encode(index))
    return index


def joined(folder: Path, checkpoint: Path) -> None:
    """Joins the parts of a folder; the checkpoint appears whole or not at all.

    Raises:
        ArtifactMissing: a part or the index is not there.
        DigestMismatch: a part, or the whole, differs from the index.
    """
    draft = checkpoint.with_name(f".{checkpoint.name}.{os.getpid()}")
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    whole = hashlib.sha256()
    try:
        index = msgspec.json.decode((folder / INDEX).read_bytes(), type=Parts)
        with draft.open("wb") as file:
            for name, expected in index.parts.items():
                data = (folder / Path(name).name).read_bytes()
                _require(folder / name, hashlib.sha256(data).hexdigest(), expected)
                whole.update(data)
                file.write(data)
        _require(folder, whole.hexdigest(), index.sha256)
        draft.replace(checkpoint)
    except FileNotFoundError as error:
        raise ArtifactMissing(f"{folder}: {error}") from error
    except msgspec.DecodeError as error:
        raise ArtifactError(f"{folder / INDEX}: {error}") from error
    finally:
        draft.unlink(missing_ok=True)


def _require(path: Path, digest: str, expected: str) -> None:
    if digest != expected:
        raise DigestMismatch(f"{path} has sha256 {digest}, the index says {expected}")
