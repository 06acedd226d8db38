"""A prepared corpus, opened for training: its two parts, and batches in a reproducible order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.errors import ArtifactError
from training import distributed
from training.data.corpus import CorpusEntry, is_held_out, read_prepared


class HasFrames(Protocol):
    """What is put into batches by its length."""

    @property
    def frames(self) -> int:
        """Mel frames."""


Framed = TypeVar("Framed", bound=HasFrames)


class SpeechDataset:
    """Recordings, mels and index of a prepared corpus.

    Args:
        folder: of the prepared corpus.
        mels: folder whose mel.npy is read instead, e.g. mels that an acoustic model predicts; the
            recordings' own stay at hand as ``recorded_mels``.
        speaker: only this one's utterances; None = all.
        longest: learns only from utterances up to here [s].

    Raises:
        ArtifactError: no utterance for training or none held out, or mels of another corpus.
    """

    def __init__(
        self,
        folder: Path,
        *,
        mels: Path | None = None,
        speaker: str | None = None,
        longest: float = math.inf,
    ) -> None:
        self.folder, self.prepared = folder, read_prepared(folder)
        self.audio: NDArray[np.int16] = np.load(folder / "audio.npy", mmap_mode="r")
        self.recorded_mels: NDArray[np.float16] = np.load(folder / "mel.npy", mmap_mode="r")
        self.mels: NDArray[np.float16] = np.load((mels or folder) / "mel.npy", mmap_mode="r")
        frames = sum(e.frames for e in self.prepared.entries)
        if self.mels.shape != (frames, self.prepared.mel.n_mels):
            raise ArtifactError(f"{mels or folder}: mels {self.mels.shape}, {frames} frames needed")
        names = self.prepared.speakers
        if speaker is not None and speaker not in names:
            raise ArtifactError(f"no speaker {speaker!r} in {folder}: {', '.join(names)}")
        ours = [e for e in self.prepared.entries if speaker in (None, names[e.speaker])]
        most = longest * self.prepared.mel.sample_rate
        self.train_set = [e for e in ours if not is_held_out(e.id) and e.samples <= most]
        self.held_out = [e for e in ours if is_held_out(e.id)]
        if not self.train_set or not self.held_out:
            raise ArtifactError(
                f"{folder}: {len(self.held_out)} of {len(ours)} utterances held out"
            )

    def mel(self, entry: CorpusEntry) -> NDArray[np.float16]:
        """(T, n_mels)."""
        return self.mels[entry.mel_start : entry.mel_start + entry.frames]

    def in_turn(self, place: int) -> NDArray[np.float16]:
        """Returns the mels that a vocoder's segment at this place of a batch is cut from.

        Predicted and recorded ones take turns, so that recordings are not forgotten.
        """
        return (self.mels, self.recorded_mels)[place % 2]


def bucket_batches(entries: Sequence[Framed], budget: int, epoch: int) -> list[list[Framed]]:
    """Returns batches of similar length, in an order that depends on the epoch alone.

    Args:
        entries: utterances.
        budget: frames of a batch, padding included.
        epoch: seed.
    """
    rng = np.random.default_rng(epoch)
    jitter = rng.uniform(0.9, 1.1, len(entries))
    order = sorted(range(len(entries)), key=lambda i: entries[i].frames * jitter[i])
    batches: list[list[Framed]] = [[]]
    for i in order:
        entry = entries[i]
        longest = max(e.frames for e in [*batches[-1], entry])
        if batches[-1] and longest * (len(batches[-1]) + 1) > budget:
            batches.append([])
        batches[-1].append(entry)
    rng.shuffle(batches)
    return batches


class BatchSampler(Generic[Framed]):
    """Endless epochs of batches, whose place can be saved. Processes take turns."""

    def __init__(self, entries: Sequence[Framed], budget: int) -> None:
        self.entries, self.budget = entries, budget
        self.epoch, self.taken = 0, 0
        self.batches = bucket_batches(entries, budget, 0)

    def next_batch(self) -> list[Framed]:
        """Returns the next batch of this process."""
        if self.taken >= len(self.batches):
            self.epoch, self.taken = self.epoch + 1, 0
            self.batches = bucket_batches(self.entries, self.budget, self.epoch)
        own = self.batches[(self.taken + distributed.rank()) % len(self.batches)]
        self.taken += distributed.size()
        return own

    def state(self) -> dict[str, Any]:
        """Returns the place."""
        return {"epoch": self.epoch, "taken": self.taken}

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes on from a place."""
        self.epoch = state["epoch"]
        self.batches = bucket_batches(self.entries, self.budget, self.epoch)
        # Early checkpoints know only their epoch; those go on at the start of the next.
        self.taken = state.get("taken", len(self.batches))


def speaker_odds(entries: Sequence[CorpusEntry]) -> NDArray[np.float64]:
    """Returns odds (N,) by which every speaker is drawn equally often, however little there is."""
    speakers = np.array([e.speaker for e in entries])
    names, counts = np.unique(speakers, return_counts=True)
    return (1.0 / (len(names) * counts))[np.searchsorted(names, speakers)]


class Segments:
    """Random cuts of the training part, for vocoders, equally many of every speaker.

    Args:
        speech: where from; utterances no longer than a segment are left out.
        frames: of a segment.
        batch: segments of a batch.
        device: of the tensors.
    """

    def __init__(self, speech: SpeechDataset, *, frames: int, batch: int, device: str) -> None:
        self.speech, self.frames, self.batch, self.device = speech, frames, batch, device
        self.entries = [e for e in speech.train_set if e.frames > frames]
        self.held_out = [e for e in speech.held_out if e.frames > frames]
        if not self.entries or not self.held_out:
            raise ArtifactError(f"no utterance is longer than a segment of {frames} frames")
        self.odds = speaker_odds(self.entries)

    def draw(self, number: int) -> tuple[Tensor, Tensor]:
        """A batch that depends on its number alone; see ``cut``."""
        rng = np.random.default_rng(number)
        drawn = rng.choice(len(self.entries), size=self.batch, p=self.odds)
        entries = [self.entries[i] for i in drawn]
        return self.cut(entries, [int(rng.integers(e.frames - self.frames)) for e in entries])

    def middles(self) -> tuple[Tensor, Tensor]:
        """The middle of every held-out utterance; see ``cut``."""
        return self.cut(self.held_out, [(e.frames - self.frames) // 2 for e in self.held_out])

    def cut(self, entries: list[CorpusEntry], starts: list[int]) -> tuple[Tensor, Tensor]:
        """Mels (B, n_mels, S) and the samples (B, S · hop) they stand for, float32."""
        hop, speech = self.speech.prepared.mel.hop_length, self.speech
        mels, clips = [], []
        for place, (e, start) in enumerate(zip(entries, starts, strict=True)):
            first = e.mel_start + start
            mels.append(speech.in_turn(place)[first : first + self.frames].T)
            at = e.audio_start + start * hop
            clips.append(speech.audio[at : at + self.frames * hop])
        mel = torch.from_numpy(np.stack(mels).astype(np.float32)).to(self.device)
        clip = torch.from_numpy(np.stack(clips).astype(np.float32) / 32768.0).to(self.device)
        return mel, clip

    def whole(self, entry: CorpusEntry) -> Tensor:
        """The mel of an utterance (1, n_mels, T) float32."""
        mel = self.speech.mel(entry).T.astype(np.float32)
        return torch.from_numpy(mel)[None].to(self.device)
