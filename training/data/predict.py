"""What a trained FastSpeech 2 predicts: mels to fine-tune vocoders on, and to train its refiner."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from acoustic.fastspeech2.network import Predictions
from acoustic.refiner.network import PITCH_CENTRE
from training.data.corpus import CorpusEntry
from training.data.dataset import bucket_batches
from training.data.phases import read_phases
from training.recipes.fastspeech2 import FastSpeech2Recipe


@torch.no_grad()
def predict(
    recipe: FastSpeech2Recipe, out: Path, report: Callable[[str], None], *, states: bool = False
) -> None:
    """Writes ``out/mel.npy``, laid out as the prepared corpus's.

    Durations and energy are the teacher's, so that every frame stays under its samples. The pitch
    is the network's own, as smooth as where it speaks freely; a refiner that reads harmonics gets
    that of the recordings, frame by frame.

    Args:
        recipe: trained; its averaged weights predict.
        out: folder.
        report: gets a line of progress.
        states: also ``out/states.npy``, the decoder's, and mels as they are before the refiner.
    """
    out.mkdir(parents=True, exist_ok=True)
    speech, config = recipe.speech, recipe.config
    widths = {"mel": config.n_mels} | ({"states": config.decoder_hidden} if states else {})
    drafts = {name: out / f".{name}.npy.{os.getpid()}" for name in widths}
    frames = speech.mels.shape[0]
    arrays = {
        name: np.lib.format.open_memmap(drafts[name], "w+", np.float16, (frames, width))
        for name, width in widths.items()
    }
    f0 = read_phases(speech.folder, speech.prepared).f0
    noise_channels = 0 if states else config.refiner.noise * bool(config.refiner.layers)
    batches = bucket_batches(speech.prepared.entries, recipe.plan.batch, 0)
    with recipe.learner.averaged():
        for done, entries in enumerate(batches, 1):
            batch = recipe.collate(entries)
            torch.manual_seed(done)
            shape = (*batch.mels.shape[:2], noise_channels)
            noise = torch.randn(shape, device=batch.mels.device) if noise_channels else None
            targets = recipe.targets(batch)._replace(
                pitch=None, octaves=_octaves(entries, f0).to(batch.mels.device)
            )
            predictions: Predictions = recipe.network(
                batch.ids, batch.lengths, batch.speakers, targets=targets, noise=noise
            )
            predicted = {"mel": predictions.mel_postnet, "states": predictions.states}
            for name, array in arrays.items():
                for e, rows in zip(entries, predicted[name].cpu().numpy(), strict=True):
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
