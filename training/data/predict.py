"""What a trained acoustic model predicts: mels to tune vocoders on, and to train its refiner."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from acoustic.refiner.network import PITCH_CENTRE
from training.data.collate import UtteranceBatch
from training.data.corpus import CorpusEntry
from training.data.dataset import SpeechDataset, bucket_batches
from training.data.phases import read_phases
from training.optimization import Learner
from training.recipe import TrainingPlan


class PredictingRecipe(Protocol):
    """The recipe of an acoustic model that predicts along known durations."""

    speech: SpeechDataset
    plan: TrainingPlan
    learner: Learner

    @property
    def states_width(self) -> int:
        """Of the hidden states that its refiner reads, 0 = none."""

    def collate(self, entries: list[CorpusEntry]) -> UtteranceBatch:
        """Returns a batch on the device."""

    def predict(
        self, batch: UtteranceBatch, octaves: Tensor, *, refined: bool
    ) -> tuple[Tensor, Tensor]:
        """Returns mels and states of utterances whose durations are known.

        Args:
            batch: utterances.
            octaves: (B, T) of F0 above the refiner's centre, frame by frame.
            refined: by the refiner, if it has one.

        Returns:
            (B, T', n_mels) and (B, T', states_width), T' ≥ T.
        """


@torch.no_grad()
def predict(
    recipe: PredictingRecipe,
    out: Path,
    report: Callable[[str], None],
    *,
    states: bool = False,
    every: int = 1,
) -> None:
    """Writes ``out/mel.npy``, laid out as the prepared corpus's.

    Every frame stays under its samples, since durations are the teacher's. Utterances that are not
    predicted keep what is there already, so that the networks of several voices fill one folder;
    the first time those are the recordings' mels.

    Args:
        recipe: trained; its averaged weights predict.
        out: folder.
        report: gets a line of progress.
        states: also ``out/states.npy``, the decoder's, and mels as they are before the refiner.
        every: predicts every N-th utterance of its speakers.
    """
    out.mkdir(parents=True, exist_ok=True)
    speech = recipe.speech
    widths = {"mel": speech.prepared.mel.n_mels} | (
        {"states": recipe.states_width} if states else {}
    )
    drafts = {name: out / f".{name}.npy.{os.getpid()}" for name in widths}
    frames = speech.mels.shape[0]
    arrays = {
        name: np.lib.format.open_memmap(drafts[name], "w+", np.float16, (frames, width))
        for name, width in widths.items()
    }
    arrays["mel"][:] = speech.recorded_mels
    for name, array in arrays.items():
        if (out / f"{name}.npy").is_file():
            array[:] = np.load(out / f"{name}.npy", mmap_mode="r")
    f0 = read_phases(speech.folder, speech.prepared).f0
    chosen = [*speech.train_set, *speech.held_out][::every]
    batches = bucket_batches(chosen, recipe.plan.batch, 0)
    with recipe.learner.averaged():
        for done, entries in enumerate(batches, 1):
            batch = recipe.collate(entries)
            torch.manual_seed(done)
            octaves = _octaves(entries, f0).to(batch.mels.device)
            mels, hidden = recipe.predict(batch, octaves, refined=not states)
            predicted = {"mel": mels, "states": hidden}
            for name, array in arrays.items():
                for e, rows in zip(entries, predicted[name].float().cpu().numpy(), strict=True):
                    array[e.mel_start : e.mel_start + e.frames] = rows[: e.frames]
            if done % 50 == 0:
                report(f"{done} of {len(batches)} batches")
    for name, array in arrays.items():
        array.flush()
        drafts[name].replace(out / f"{name}.npy")


def _octaves(entries: list[CorpusEntry], f0: NDArray[np.float32]) -> Tensor:
    """Returns F0 of every frame above the refiner's centre (B, T), 0 past an utterance's end."""
    rows = [f0[e.mel_start : e.mel_start + e.frames] / PITCH_CENTRE for e in entries]
    octaves = [torch.from_numpy(np.log2(row)) for row in rows]
    return torch.nn.utils.rnn.pad_sequence(octaves, batch_first=True)
