"""Mels that a trained FastSpeech 2 predicts, for vocoders to be fine-tuned on."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from acoustic.fastspeech2.network import Predictions
from training.data.dataset import bucket_batches
from training.recipes.fastspeech2 import FastSpeech2Recipe


@torch.no_grad()
def predict(recipe: FastSpeech2Recipe, out: Path, report: Callable[[str], None]) -> None:
    """Writes ``out/mel.npy``, laid out as the prepared corpus's.

    Durations, pitch and energy are the teacher's, so that every frame stays under its samples.

    Args:
        recipe: trained; its averaged weights predict.
        out: folder.
        report: gets a line of progress.
    """
    out.mkdir(parents=True, exist_ok=True)
    draft = out / f".mel.npy.{os.getpid()}"
    speech = recipe.speech
    mels = np.lib.format.open_memmap(draft, "w+", np.float16, speech.mels.shape)
    batches = bucket_batches(speech.prepared.entries, recipe.plan.batch, 0)
    with recipe.learner.averaged():
        for done, entries in enumerate(batches, 1):
            batch = recipe.collate(entries)
            predicted: Predictions = recipe.network(
                batch.ids, batch.lengths, batch.speakers, targets=recipe.targets(batch)
            )
            for e, mel in zip(entries, predicted.mel_postnet.cpu().numpy(), strict=True):
                mels[e.mel_start : e.mel_start + e.frames] = mel[: e.frames]
            if done % 50 == 0:
                report(f"{done} of {len(batches)} batches")
    mels.flush()
    draft.replace(out / "mel.npy")
