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
from core.mel import Float32, MelSpec
from text.g2p.symbols import SymbolTable, symbol_table
from training.aligner.network import RANGE, Aligner
from training.aligner.recipe import find_durations, require_room
from training.data.collate import collate
from training.data.corpus import CorpusEntry, PreparedCorpus
from training.data.dataset import SpeechDataset, bucket_batches
from training.data.features import energy_per_symbol, pitch_per_symbol

CHUNK = 16  # utterances a process takes at a time
FLOOR, PEAK = 0.02, 0.95
"""Quantiles of the frames' mean levels that stand for the room and for loud speech."""
QUIET = 0.3
"""Share of the way from the one to the other below which there is no speech."""
MARGIN = 20
"""Frames, 0.2 s: the weak beginnings and ends of words."""


def align(
    speech: SpeechDataset,
    network: Aligner,
    out: Path,
    *,
    symbols: str,
    anew: bool = False,
    batch: int,
    processes: int,
    report: Callable[[str], None],
) -> PreparedCorpus:
    """Writes ``out``: the corpus with the durations that the network finds where none are known.

    ``out`` may be the corpus's own folder; in another, the arrays are links where the disk allows.

    Args:
        speech: corpus, or one speaker of it.
        network: trained, in eval mode.
        out: folder.
        symbols: name of the symbol table.
        anew: known durations are forgotten, and found, too; for another folder alone.
        batch: padded mel frames of a batch.
        processes: that measure pitch and energy.
        report: gets a line of progress.

    Raises:
        ArtifactError: known durations would be lost, or none are lacking; or an utterance has fewer
            frames than symbols.
    """
    every = [*speech.train_set, *speech.held_out]
    ours = [e for e in every if anew or not e.durations]
    if anew and out.resolve() == speech.folder.resolve() and any(e.durations for e in ours):
        raise ArtifactError(f"{out} has durations already: write into another folder")
    if not ours:
        raise ArtifactError(f"{speech.folder} has all durations already: --anew --out FOLDER")
    require_room(ours)
    aligned = list[CorpusEntry]()
    batches = bucket_batches(ours, batch, 0)
    for number, part in enumerate(batches, 1):
        mels = [speech.mel(e).astype(np.float32) for e in part]
        aligned += aligned_mels(network, part, mels, symbol_table(symbols))
        if number % 50 == 0:
            report(f"{number} of {len(batches)} batches")
    work = [(e, speech.audio[e.audio_start :][: e.samples], speech.prepared.mel) for e in aligned]
    with ProcessPoolExecutor(processes) as pool:
        done = {(e.speaker, e.id): e for e in pool.map(_measured, work, chunksize=CHUNK)}
    entries = [done.get((e.speaker, e.id), e) for e in speech.prepared.entries]
    prepared = msgspec.structs.replace(speech.prepared, entries=entries)
    _write(speech.folder, prepared, out)
    return prepared


def aligned_mels(
    network: Aligner, entries: list[CorpusEntry], mels: list[Float32], table: SymbolTable
) -> list[CorpusEntry]:
    """The entries with the durations that the network finds, as one batch on its device.

    Silence at either end, which may be of any length, belongs to the first and the last gap; the
    network does not see it.
    """
    edges = [quiet_edges(mel, len(e.phonemes)) for e, mel in zip(entries, mels, strict=True)]
    cut = [mel[a : len(mel) - b] for mel, (a, b) in zip(mels, edges, strict=True)]
    found = find_durations(network, collate(entries, cut, table).to(network.key.weight.device))
    for frames, (before, after) in zip(found, edges, strict=True):
        frames[0] += before
        frames[-1] += after
    return [
        msgspec.structs.replace(e, durations=frames)
        for e, frames in zip(entries, found, strict=True)
    ]


def quiet_edges(mel: Float32, least: int) -> tuple[int, int]:
    """Frames before and after speech, a margin left to it.

    Args:
        mel: (T, n_mels), natural log.
        least: frames that have to be left; (0, 0) where fewer would.
    """
    level = mel.clip(mel.max() - RANGE).mean(1)
    room, speech = np.quantile(level, [FLOOR, PEAK])
    loud = np.flatnonzero(level >= room + QUIET * (speech - room))
    before = max(0, int(loud[0]) - MARGIN)
    after = max(0, len(mel) - 1 - int(loud[-1]) - MARGIN)
    return (before, after) if len(mel) - before - after >= least else (0, 0)


def _measured(work: tuple[CorpusEntry, NDArray[np.int16], MelSpec]) -> CorpusEntry:
    """The entry with pitch and energy of its symbols."""
    entry, samples, spec = work
    torch.set_num_threads(1)
    clip = samples.astype(np.float32) / 32767.0
    linear = MelExtractor(spec).spectrogram(torch.from_numpy(clip)[None])[0]
    pitch = pitch_per_symbol(clip, spec, entry.durations)
    energy = energy_per_symbol(linear.numpy(), entry.durations)
    return msgspec.structs.replace(entry, pitch=pitch, energy=energy)


def _write(source: Path, prepared: PreparedCorpus, out: Path) -> None:
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
