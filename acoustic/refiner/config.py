"""Sizes of a refiner."""

from __future__ import annotations

import msgspec


class RefinerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Sizes; without layers there is no refiner."""

    layers: int = 0
    channels: int = 256
    hidden: int = 512
    """Channels between the two pointwise layers of a block."""
    kernel: int = 7
    noise: int = 8
    """Channels of standard normal noise per frame."""
