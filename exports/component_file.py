"""Components on disk: ``component.toml`` beside its safetensors, written and read with a digest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import safetensors.torch
import tomli_w
import torch
from safetensors import SafetensorError
from torch import Tensor

from core.errors import ArtifactError, ArtifactMissing, CheckpointError, DigestMismatch
from core.voice import Component

WEIGHTS_FILE = "weights.safetensors"


def write_component(
    folder: Path, component: Component, state_dict: Mapping[str, Tensor], *, half: bool = False
) -> Component:
    """Writes ``folder/weights.safetensors`` and ``folder/component.toml``.

    Args:
        folder: the component's own folder, made if need be.
        component: ``weights``, ``sha256`` and ``folder`` are filled in here.
        state_dict: as the network loads it, strictly.
        half: store floating tensors as float16; one that float16 cannot hold stays float32.

    Returns:
        The component as a reader of the folder would see it.

    Raises:
        CheckpointError: a weight is not finite.
        ArtifactError: the folder cannot be written.
    """
    tensors = {key: _stored(key, value, half) for key, value in state_dict.items()}
    data = safetensors.torch.save(tensors)
    written = msgspec.structs.replace(
        component,
        weights=WEIGHTS_FILE,
        sha256=hashlib.sha256(data).hexdigest(),
        folder=str(folder),
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / WEIGHTS_FILE, data)
        _replace(folder / "component.toml", component_toml(written).encode())
    except OSError as error:
        raise ArtifactError(f"cannot write component {component.name}: {error}") from error
    return written


def component_toml(component: Component) -> str:
    """Returns the text of ``component.toml``, without ``folder`` and fields that are None."""
    fields = msgspec.to_builtins(component)
    del fields["folder"]
    return tomli_w.dumps(_without_none(fields))


def load_weights(component: Component) -> dict[str, Tensor]:
    """Reads a component's weights on the CPU; float16 is widened to float32.

    Raises:
        ArtifactMissing: no such file.
        DigestMismatch: the bytes are not those the component.toml names.
        CheckpointError: the file is not safetensors.
    """
    try:
        data = component.weights_path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ArtifactMissing(f"weights of component {component.name}: {reason}") from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != component.sha256:
        raise DigestMismatch(
            f"weights of component {component.name} have sha256 {digest}, "
            f"component.toml says {component.sha256}"
        )
    try:
        tensors = safetensors.torch.load(data)
    except SafetensorError as error:
        raise CheckpointError(f"weights of component {component.name}: {error}") from error
    return {k: v.float() if v.dtype == torch.float16 else v for k, v in tensors.items()}


def _stored(key: str, value: Tensor, half: bool) -> Tensor:
    tensor = value.detach().cpu().contiguous().clone()
    if not tensor.is_floating_point():
        return tensor
    if not bool(torch.isfinite(tensor).all()):
        raise CheckpointError(f"weight {key} is not finite")
    narrow = tensor.half() if half else tensor.float()
    return narrow if bool(torch.isfinite(narrow).all()) else tensor.float()


def _replace(path: Path, data: bytes) -> None:
    """Readers see the old file or the new one, never a part."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(data)
    fresh.replace(path)


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_none(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_none(v) for v in value]
    return value
