"""Sizes of a convolutional BiLSTM."""

from __future__ import annotations

import msgspec

from recognition.labels import CHARACTERS


class ConvolutionalBiLstmConfig(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True
):
    """Sizes; the defaults have 3.6 M parameters with the symbols of house-ipa."""

    n_symbols: int
    """Rows of the symbol table; row 0 is CTC's blank."""
    n_characters: int = len(CHARACTERS)
    """Labels of the character head, blank included."""
    n_mels: int = 80
    channels: int = 256
    """Of the convolutional front."""
    hidden: int = 256
    """Of each direction of each LSTM."""
    layers: int = 2
    dropout: float = 0.1
    """Before every LSTM and the heads."""
