"""Recordings to a prepared corpus: resampled, dithered, measured."""

from __future__ import annotations

import zlib
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import soxr
import torch
from numpy.typing import NDArray

from audio.mel import MelExtractor
from core.mel import Float32, MelSpec
from core.units import rebin_durations
from training.data.corpus import CorpusEntry, PreparedCorpus
from training.data.features import energy_per_symbol, pitch_per_symbol
from training.data.sources import CorpusPart, Recording, parts_of

DITHER = 1.0 / 32768.0  # digital silence has no logarithm worth learning


class Analysed(msgspec.Struct, frozen=True):
    """An utterance, measured: entry (speaker and offsets 0), samples, mel (T, n_mels)."""

    entry: CorpusEntry
    speaker: str
    samples: NDArray[np.int16]
    mel: Float32


def analyse(recording: Recording, spec: MelSpec) -> Analysed:
    """Resamples a recording, takes its mel; where durations are known, pitch and energy, too."""
    clip = soxr.resample(recording.audio, recording.rate, spec.sample_rate)
    noise = np.random.default_rng(zlib.crc32(recording.id.encode())).standard_normal(len(clip))
    clip = np.clip(clip + noise * DITHER, -1.0, 1.0).astype(np.float32)
    extractor = MelExtractor(spec)
    with torch.no_grad():
        linear = extractor.spectrogram(torch.from_numpy(clip)[None])
        mel = extractor.compress(extractor.filters @ linear)[0].T.numpy()
    durations: list[int] = []
    if recording.durations is not None:
        ratio = spec.frames_per_second / recording.rate
        durations = rebin_durations(recording.durations, ratio, len(mel))
    known = bool(durations)
    entry = CorpusEntry(
        id=recording.id,
        speaker=0,
        text=recording.text,
        phonemes=recording.symbols,
        durations=durations,
        pitch=pitch_per_symbol(clip, spec, durations) if known else [],
        energy=energy_per_symbol(linear[0].numpy(), durations) if known else [],
        audio_start=0,
        samples=len(clip),
        mel_start=0,
        frames=len(mel),
    )
    return Analysed(entry, recording.speaker, np.round(clip * 32767.0).astype(np.int16), mel)


def _analyse_all(work: tuple[CorpusPart, MelSpec]) -> list[Analysed]:
    job, spec = work
    torch.set_num_threads(1)
    return [analyse(recording, spec) for recording in job()]


def prepare(corpus: Path, out: Path, spec: MelSpec, *, processes: int) -> PreparedCorpus:
    """Decodes, cuts and measures a corpus into ``out``: audio.npy, mel.npy, index.json.

    Raises:
        ArtifactError: the corpus lacks a file, an alignment, or a word to speak.
    """
    work = [(job, spec) for job in parts_of(corpus)]
    with ProcessPoolExecutor(processes) as pool:
        results = [item for part in pool.map(_analyse_all, work) for item in part]
    speakers = sorted({item.speaker for item in results})
    entries, audio_at, mel_at = [], 0, 0
    for item in results:
        speaker = speakers.index(item.speaker)
        placed = {"speaker": speaker, "audio_start": audio_at, "mel_start": mel_at}
        entries.append(msgspec.structs.replace(item.entry, **placed))
        audio_at, mel_at = audio_at + len(item.samples), mel_at + len(item.mel)
    out.mkdir(parents=True, exist_ok=True)
    np.save(out / "audio.npy", np.concatenate([item.samples for item in results]))
    np.save(out / "mel.npy", np.concatenate([item.mel for item in results]).astype(np.float16))
    prepared = PreparedCorpus(spec, speakers, entries)
    (out / "index.json").write_bytes(msgspec.json.encode(prepared))
    return prepared
