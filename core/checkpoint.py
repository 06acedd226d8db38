"""What a public checkpoint turns out to be, read off the shapes of its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import CheckpointError
from core.mel import MelSpec


@dataclass(frozen=True, slots=True)
class CheckpointLayout:
    """What a public checkpoint turns out to be.

    Attributes:
        config: fields of the network's config.
        mel: what its mels mean.
        state_dict: tensors under our keys.
        symbols: name of the symbol table (acoustic models).
        speakers: rows of the speaker table.
    """

    config: dict[str, Any]
    mel: MelSpec
    state_dict: dict[str, Any] = field(repr=False)
    symbols: str = ""
    speakers: int = 1


def count_layers(state: Mapping[str, Any], pattern: str) -> int:
    """Returns how many keys of ``pattern`` (with ``{}`` for the number) there are, from 0 on.

    >>> count_layers({"a.0.w": 1, "a.1.w": 1, "a.3.w": 1}, "a.{}.w")
    2
    """
    n = 0
    while pattern.format(n) in state:
        n += 1
    return n


def weight_shape(state: Mapping[str, Any], key: str) -> tuple[int, ...]:
    """Returns the shape of a weight.

    Raises:
        CheckpointError: it is not there, so the checkpoint is of another network.
    """
    if key not in state:
        known = ", ".join(list(state)[:4])
        raise CheckpointError(f"another network's checkpoint: no {key}, but {known} …")
    return tuple(state[key].shape)
