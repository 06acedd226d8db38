"""The phase of the fundamental in every frame of a corpus: excitations can follow recordings.

Source: instantaneous phase of a partial as the angle of a short-time spectrum at its frequency:
Flanagan & Golden 1966, "Phase vocoder".
"""

from __future__ import annotations

import math
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.mel import MelSpec
from training.data.corpus import CorpusEntry, PreparedCorpus
from training.data.features import Float64, bridge_unvoiced, pitch_contour

TURN = 2.0 * math.pi
FALLBACK_HZ = 140.0
"""Pitch of an utterance without a voiced frame."""


class Phases(NamedTuple):
    """Arrays over all frames of a prepared corpus, one row per mel frame."""

    f0: NDArray[np.float32]
    """Fundamental frequency [Hz], carried on through unvoiced frames."""
    voiced: NDArray[np.bool_]
    phase: NDArray[np.float64]
    """Phase of the fundamental at the centre of the frame [rad], growing within an utterance."""


def read_phases(corpus: Path, prepared: PreparedCorpus, *, processes: int = 1) -> Phases:
    """The phases of a prepared corpus; measured and written beside it the first time."""
    folder = corpus / "phases"
    if not folder.is_dir():
        write_phases(folder, measure_phases(corpus, prepared, processes=processes))
    return Phases(*(np.load(folder / f"{name}.npy", mmap_mode="r") for name in Phases._fields))


def write_phases(folder: Path, phases: Phases) -> None:
    """Writes one array a file; a reader sees all of them or no folder."""
    draft = folder.with_suffix(".draft")
    draft.mkdir(parents=True, exist_ok=True)
    for name, values in phases._asdict().items():
        np.save(draft / f"{name}.npy", values)
    draft.replace(folder)


def measure_phases(corpus: Path, prepared: PreparedCorpus, *, processes: int = 1) -> Phases:
    """Measures every utterance of a corpus."""
    chunks = [prepared.entries[i : i + 50] for i in range(0, len(prepared.entries), 50)]
    work = [(corpus, prepared.mel, chunk) for chunk in chunks]
    with ProcessPoolExecutor(processes) as pool:
        measured = [phases for part in pool.map(_measure_chunk, work) for phases in part]
    return Phases(*(np.concatenate(column) for column in zip(*measured, strict=True)))


def _measure_chunk(work: tuple[Path, MelSpec, list[CorpusEntry]]) -> list[Phases]:
    corpus, spec, entries = work
    audio = np.load(corpus / "audio.npy", mmap_mode="r")
    clips = (audio[e.audio_start : e.audio_start + e.samples] / 32768.0 for e in entries)
    return [phases_of(clip, e.frames, spec) for clip, e in zip(clips, entries, strict=True)]


def phases_of(clip: Float64, frames: int, spec: MelSpec) -> Phases:
    """Measures one utterance.

    Args:
        clip: (N,) samples.
        frames: mel frames of it; frame t is centred on sample (t + ½) · hop.
        spec: rate and hop.
    """
    rate, hop = spec.sample_rate, spec.hop_length
    # The contour's first value stands at the first sample it is given.
    shifted = np.concatenate([clip[hop // 2 :], np.zeros(2 * hop)])
    contour = pitch_contour(shifted, rate, hop)[:frames]
    voiced = contour > 0
    f0 = bridge_unvoiced(contour) if voiced.any() else np.full(frames, FALLBACK_HZ)
    angles = _angles(clip, f0, spec)
    # Between voiced frames the measured angle says how far the integral of the pitch is off;
    # through unvoiced ones the difference is spread evenly.
    phase = np.concatenate([[0.0], np.cumsum((f0[1:] + f0[:-1]) / 2)]) * TURN * hop / rate
    anchors = np.flatnonzero(voiced)
    if len(anchors):
        error = np.angle(np.exp(1j * (angles[anchors] - phase[anchors])))
        phase = phase + np.interp(np.arange(frames), anchors, np.unwrap(error))
    return Phases(f0.astype(np.float32), voiced, phase)


def _angles(clip: Float64, f0: Float64, spec: MelSpec) -> Float64:
    """Phase of the component at f0 [Hz] at the centre of each frame, (T,) in (-π, π]."""
    size, hop = spec.n_fft, spec.hop_length
    offsets = np.arange(size) - size // 2
    padded = np.pad(clip, (size, 2 * size))
    centres = np.arange(len(f0)) * hop + hop // 2 + size
    frames = padded[centres[:, None] + offsets] * np.hanning(size + 1)[:-1]
    carriers = np.exp(-1j * TURN * f0[:, None] * offsets / spec.sample_rate)
    angles: Float64 = np.angle((frames * carriers).sum(1))
    return angles
