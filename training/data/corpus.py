"""A prepared corpus: one folder of arrays that every recipe reads.

audio.npy holds all samples (int16), mel.npy all mels (T, n_mels, float16), index.json what lies
where. ``training.data.prepare`` makes it of the corpora that ``training.data.sources`` knows.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.errors import ArtifactError, ArtifactMissing
from core.mel import MelSpec
from text.g2p.symbols import symbol_table


class CorpusEntry(msgspec.Struct, frozen=True):
    """One utterance; offsets into the arrays."""

    id: str
    speaker: int
    text: str
    phonemes: list[str]
    durations: list[int]
    """Mel frames per symbol; Σ = frames. Empty where nobody has aligned the utterance yet."""
    pitch: list[float]
    """Mean F0 per symbol [Hz]; empty without durations."""
    energy: list[float]
    """Mean magnitude norm per symbol; empty without durations."""
    audio_start: int
    samples: int
    mel_start: int
    frames: int


class PreparedCorpus(msgspec.Struct, frozen=True):
    """The index of a prepared corpus."""

    mel: MelSpec
    speakers: list[str]
    entries: list[CorpusEntry]


def is_held_out(utterance_id: str) -> bool:
    """Whether an utterance is for validation: CRC-32 of its id is a multiple of 50."""
    return zlib.crc32(utterance_id.encode()) % 50 == 0


def require_durations(prepared: PreparedCorpus) -> None:
    """Raises ArtifactError naming the first utterance whose durations nobody knows."""
    for entry in prepared.entries:
        if not entry.durations:
            raise ArtifactError(f"no durations of {entry.id}: `rhapsode train align` finds them")


def read_prepared(folder: Path) -> PreparedCorpus:
    """The index of a prepared corpus.

    Raises:
        ArtifactMissing: there is none.
        ArtifactError: it is no such index.
    """
    try:
        return msgspec.json.decode((folder / "index.json").read_bytes(), type=PreparedCorpus)
    except FileNotFoundError as error:
        raise ArtifactMissing(f"no prepared corpus in {folder}") from error
    except msgspec.DecodeError as error:
        raise ArtifactError(f"{folder / 'index.json'}: {error}") from error


@dataclass(frozen=True, slots=True)
class PreparedFacts:
    """What the sizes of a network may depend on; implements ``core.networks.CorpusFacts``.

    Attributes:
        prepared: its index.
        symbols: name of its symbol table.
    """

    prepared: PreparedCorpus
    symbols: str

    @property
    def mel(self) -> MelSpec:
        """The contract of the corpus's mels."""
        return self.prepared.mel

    @property
    def n_symbols(self) -> int:
        """Rows of the symbol table, padding included."""
        return symbol_table(self.symbols).size

    @property
    def n_speakers(self) -> int:
        """How many speakers the corpus has."""
        return len(self.prepared.speakers)

    def feature_values(self, feature: str) -> NDArray[np.float64]:
        """Returns ``pitch`` or ``energy`` of every symbol of the training set, (N,).

        Raises:
            ArtifactError: the corpus has no durations, so no symbol has a value of its own.
        """
        require_durations(self.prepared)
        entries = [e for e in self.prepared.entries if not is_held_out(e.id)]
        return np.concatenate([getattr(e, feature) for e in entries])
