"""Sizes of a refiner."""

from __future__ import annotations

import msgspec

FLOAT32 = ("refiner.leave", "refiner.pitch", "refiner.harmonics")
"""Parts of a network that stay in float32 where the rest does not: what the last layer makes is
added to the mel, and where harmonics lie is the cosine of a phase of many turns."""


class RefinerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Sizes; without layers there is no refiner."""

    layers: int = 0
    channels: int = 256
    hidden: int = 512
    """Channels between the two pointwise layers of a block."""
    kernel: int = 7
    noise: int = 8
    """Channels of standard normal noise per frame."""
    harmonics: int = 0
    """Lowest bands of the mel that are told where harmonics lie; 0 = the refiner reads no pitch."""
    pitch_channels: int = 128
    """Of the layers that estimate the pitch."""
