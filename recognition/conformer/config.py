"""Sizes of a Conformer."""

from __future__ import annotations

import msgspec

from recognition.labels import CHARACTERS


class ConformerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Sizes; the defaults have 3.3 M parameters with the symbols of house-ipa."""

    n_symbols: int
    """Rows of the symbol table; row 0 is CTC's blank."""
    n_characters: int = len(CHARACTERS)
    """Labels of the character head, blank included."""
    n_mels: int = 80
    channels: int = 176
    blocks: int = 6
    heads: int = 4
    widening: int = 2
    """Channels inside a feed-forward layer, in units of ``channels``."""
    kernel: int = 15
    """Of the depthwise convolution of a block [frames of the encoder]."""
    reach: int = 64
    """Distances that attention tells apart [frames of the encoder]; further ones count as this."""
    dropout: float = 0.1
