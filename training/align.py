"""Durations that a trained aligner finds, with pitch and energy, into a prepared corpus."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from audio.mel import MelExtractor
from core.errors import ArtifactError
from core.mel import MelSpec
from training.aligner import AlignerRecipe
from training.corpus import Entry, Prepared
from training.features import energy_per_symbol, pitch_per_symbol
from training.speech import deal

CHUNK = 16  # utterances a process takes at a time


def align(
    recipe: AlignerRecipe, out: Path, *, processes: int, tell: Callable[[str], None]
) -> Prepared:
    """Writes ``out``: the recipe's corpus with the durations that its averaged weights find.

    Utterances of other speakers than the recipe's stay as they are. ``out`` may be the corpus's own
    folder if that has no durations yet; in another, the arrays are links where the disk allows.

    Args:
        recipe: trained.
        out: folder.
        processes: that measure pitch and energy.
        tell: gets a line of progress.

    Raises:
        ArtifactError: the corpus in that folder has durations, which would be lost.
    """
    speech = recipe.speech
    ours = [*speech.train_set, *speech.held_out]
    if out.resolve() == speech.folder.resolve() and any(e.durations for e in ours):
        raise ArtifactError(f"{out} has durations already: write into another folder")
    aligned = _aligned(recipe, ours, tell)
    work = [(e, speech.audio[e.audio_start :][: e.samples], speech.prepared.mel) for e in aligned]
    with ProcessPoolExecutor(processes) as pool:
        done = {(e.speaker, e.id): e for e in pool.map(_measured, work, chunksize=CHUNK)}
    entries = [done.get((e.speaker, e.id), e) for e in speech.prepared.entries]
    prepared = msgspec.structs.replace(speech.prepared, entries=entries)
    _write(speech.folder, prepared, out)
    return prepared


def _aligned(
    recipe: AlignerRecipe, entries: list[Entry], tell: Callable[[str], None]
) -> list[Entry]:
    batches, aligned = deal(entries, recipe.plan.batch, 0), list[Entry]()
    with recipe.learner.averaged():
        for done, batch in enumerate(batches, 1):
            for e, frames in zip(batch, recipe.durations(batch), strict=True):
                aligned.append(msgspec.structs.replace(e, durations=frames))
            if done % 50 == 0:
                tell(f"{done} of {len(batches)} batches")
    return aligned


def _measured(work: tuple[Entry, NDArray[np.int16], MelSpec]) -> Entry:
    """The entry with pitch and energy of its symbols."""
    entry, samples, spec = work
    torch.set_num_threads(1)
    clip = samples.astype(np.float32) / 32767.0
    linear = MelExtractor(spec).spectrogram(torch.from_numpy(clip)[None])[0]
    pitch = pitch_per_symbol(clip, spec, entry.durations)
    energy = energy_per_symbol(linear.numpy(), entry.durations)
    return msgspec.structs.replace(entry, pitch=pitch, energy=energy)


def _write(source: Path, prepared: Prepared, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name in ("audio.npy", "mel.npy"):
        if not (out / name).exists():
            _link(source / name, out / name)
    draft = out / f".index.json.{os.getpid()}"
    draft.write_bytes(msgspec.json.encode(prepared))
    draft.replace(out / "index.json")


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk, or one without links
        shutil.copyfile(source, target)
