"""Utterances to one batch of padded tensors: what every recipe of mels and symbols reads."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from acoustic.masks import length_mask
from core.mel import Float32
from text.g2p.symbols import SymbolTable
from training.data.corpus import CorpusEntry


class UtteranceBatch(NamedTuple):
    """Padded tensors of B utterances of at most L symbols and T frames; padding is 0.

    Attributes:
        ids: (B, L) int64 symbol ids.
        lengths: (B,) int64 valid symbols.
        speakers: (B,) int64.
        mels: (B, T, n_mels) float32.
        mel_lengths: (B,) int64 valid frames.
        durations: (B, L) int64 frames of each symbol; 0 where ``aligned`` is False.
        aligned: (B,) bool, whether durations are known.
        pitch: (B, L) float64 mean F0 of each symbol [Hz].
        energy: (B, L) float64 mean magnitude norm of each symbol.
    """

    ids: Tensor
    lengths: Tensor
    speakers: Tensor
    mels: Tensor
    mel_lengths: Tensor
    durations: Tensor
    aligned: Tensor
    pitch: Tensor
    energy: Tensor

    @property
    def symbol_mask(self) -> Tensor:
        """(B, L) bool, True = valid."""
        return length_mask(self.lengths, self.ids.shape[1])

    @property
    def frame_mask(self) -> Tensor:
        """(B, T) bool, True = valid."""
        return length_mask(self.mel_lengths, self.mels.shape[1])

    def to(self, device: torch.device | str) -> UtteranceBatch:
        """Returns the batch on a device."""
        return UtteranceBatch(*(x.to(device) for x in self))

    def rows(self, mask: Tensor) -> UtteranceBatch:
        """Returns some of its utterances; mask (B,) bool."""
        return UtteranceBatch(*(x[mask] for x in self))


def collate(entries: list[CorpusEntry], mels: list[Float32], table: SymbolTable) -> UtteranceBatch:
    """Returns the batch of utterances on the CPU.

    Args:
        entries: utterances.
        mels: (frames, n_mels) of each.
        table: symbol table of the corpus.
    """
    shape = len(entries), max(len(e.phonemes) for e in entries)
    ids, durations = np.zeros((2, *shape), np.int64)
    pitch, energy = np.zeros((2, *shape), np.float64)
    padded = np.zeros((len(entries), max(map(len, mels)), mels[0].shape[1]), np.float32)
    for row, (entry, mel) in enumerate(zip(entries, mels, strict=True)):
        n = len(entry.phonemes)
        ids[row, :n] = table.ids(entry.phonemes)
        padded[row, : len(mel)] = mel
        if entry.durations:
            durations[row, :n] = entry.durations
        if entry.pitch:
            pitch[row, :n], energy[row, :n] = entry.pitch, entry.energy
    return UtteranceBatch(
        ids=torch.from_numpy(ids),
        lengths=torch.tensor([len(e.phonemes) for e in entries]),
        speakers=torch.tensor([e.speaker for e in entries]),
        mels=torch.from_numpy(padded),
        mel_lengths=torch.tensor([len(mel) for mel in mels]),
        durations=torch.from_numpy(durations),
        aligned=torch.tensor([bool(e.durations) for e in entries]),
        pitch=torch.from_numpy(pitch),
        energy=torch.from_numpy(energy),
    )


def symbol_of_frame(durations: Tensor, frames: int) -> Tensor:
    """Returns which symbol each frame belongs to; frames past the end belong to the last one.

    Args:
        durations: (B, L) int64, each row's sum above 0.
        frames: T.

    Returns:
        (B, T) int64.

    >>> symbol_of_frame(torch.tensor([[2, 0, 1], [1, 0, 0]]), 4).tolist()
    [[0, 0, 2, 2], [0, 0, 0, 0]]
    """
    ends = durations.cumsum(1)  # (B, L)
    clock = torch.arange(frames, device=durations.device)[None]
    within = clock.minimum(ends[:, -1:] - 1).contiguous()  # (B, T)
    return torch.searchsorted(ends, within, right=True)
