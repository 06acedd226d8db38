"""A trained aligner in one file: averaged weights in float16, and what they are, in its header.

It is no component of the catalogue: no voice speaks with it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from core.errors import ArtifactError, ArtifactMissing, CheckpointError
from core.mel import MelSpec
from core.voice import Provenance
from training.aligner.network import Aligner, AlignerConfig

BUILT_IN = Path(__file__).with_name("aligner-house-ipa.safetensors")
"""The built-in aligner: symbols of house-ipa, mels of the house."""


class AlignerCard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The header of an aligner's file."""

    config: AlignerConfig
    mel: MelSpec
    symbols: str
    """Name of the symbol table."""
    provenance: Provenance


def write_aligner(path: Path, card: AlignerCard, weights: Mapping[str, Tensor]) -> None:
    """Writes the file; a reader sees the old or the new one, never half.

    Raises:
        CheckpointError: the weights are of another network or size.
    """
    _network(path, card.config, weights)
    halves = {key: value.detach().cpu().half().contiguous() for key, value in weights.items()}
    header = {"aligner": msgspec.json.encode(card).decode()}
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft.write_bytes(safetensors.torch.save(halves, header))
    draft.replace(path)


def read_aligner(path: Path) -> tuple[AlignerCard, Aligner]:
    """The card, and the network with its weights widened to float32, in eval mode, on the CPU.

    Raises:
        ArtifactMissing: no such file.
        CheckpointError: it is no aligner's.
    """
    try:
        with safetensors.safe_open(path, "pt") as file:
            header = (file.metadata() or {}).get("aligner", "")
            weights = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
        card = msgspec.json.decode(header, type=AlignerCard)
    except FileNotFoundError as error:
        raise ArtifactMissing(f"no aligner {path}") from error
    except (SafetensorError, msgspec.DecodeError, OSError) as error:
        raise CheckpointError(f"{path} is no aligner: {error}") from error
    return card, _network(path, card.config, weights).eval()


def require_fit(card: AlignerCard, mel: MelSpec, symbols: str) -> None:
    """Raises SpecMismatch or ArtifactError where a corpus has other mels or symbols."""
    card.mel.require_equal(mel, left="aligner", right="corpus")
    if card.symbols != symbols:
        raise ArtifactError(f"the aligner knows symbols {card.symbols!r}, not {symbols!r}")


def _network(path: Path, config: AlignerConfig, weights: Mapping[str, Tensor]) -> Aligner:
    network = Aligner(config)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"{path}: {error}") from error
    return network
