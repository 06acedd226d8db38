"""Corpora on disk to training features.

A *corpus* is a folder of recordings with transcripts; a *prepared* corpus is one folder of arrays
that every recipe reads: all audio in one int16 array, all mels in one float16 array, and an index.
The house corpus comes with phonemes and durations (units of 25 ms).
"""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import soundfile
import soxr
import torch
from numpy.typing import NDArray

from audio.mel import MelExtractor
from core.mel import Float32, MelSpec
from core.units import rebin_durations
from training.features import bridge_unvoiced, mean_per_symbol, pitch_contour

UNIT_SECONDS = 0.025  # the corpus's duration unit: 600 samples at 24 kHz
MARGIN_UNITS = 2  # silence kept at either end of a clip, spoken by a word gap
GAP = " "
DITHER = 1.0 / 32768.0  # digital silence has no logarithm worth learning


class Line(msgspec.Struct, frozen=True):
    """One utterance of the house corpus: a line of metadata.jsonl."""

    id: str
    shard: int
    speaker: str
    text: str
    spoken: str
    samples: int
    lead: int
    tail: int
    phonemes: list[str]
    durations: list[int]


class Entry(msgspec.Struct, frozen=True):
    """One utterance of a prepared corpus; offsets into the arrays."""

    id: str
    speaker: int
    text: str
    phonemes: list[str]
    durations: list[int]
    """Mel frames per symbol; Σ = frames."""
    pitch: list[float]
    """Mean F0 per symbol [Hz]."""
    energy: list[float]
    """Mean magnitude norm per symbol."""
    audio_start: int
    samples: int
    mel_start: int
    frames: int


class Prepared(msgspec.Struct, frozen=True):
    """The index of a prepared corpus."""

    mel: MelSpec
    speakers: list[str]
    entries: list[Entry]


def is_held_out(utterance_id: str) -> bool:
    """Whether an utterance is for validation: CRC-32 of its id is a multiple of 50."""
    return zlib.crc32(utterance_id.encode()) % 50 == 0


def framed(line: Line) -> tuple[list[str], list[int], int, int]:
    """Symbols and durations [25 ms] with a gap at either end; the clip's first and last unit."""
    lead, tail = min(line.lead, MARGIN_UNITS), min(line.tail, MARGIN_UNITS)
    start = line.lead - lead
    durations = [lead, *line.durations, tail]
    return [GAP, *line.phonemes, GAP], durations, start, start + sum(durations)


def analyse(line: Line, ogg: bytes, spec: MelSpec) -> tuple[Entry, NDArray[np.int16], Float32]:
    """One utterance → its entry (offsets 0), int16 samples and mel (T, n_mels)."""
    audio, rate = soundfile.read(io.BytesIO(ogg), dtype="float32")
    symbols, units, first, last = framed(line)
    unit = round(UNIT_SECONDS * rate)
    clip = soxr.resample(audio[first * unit : last * unit], rate, spec.sample_rate)
    noise = np.random.default_rng(zlib.crc32(line.id.encode())).standard_normal(len(clip))
    clip = np.clip(clip + noise * DITHER, -1.0, 1.0).astype(np.float32)
    extractor = MelExtractor(spec)
    with torch.no_grad():
        linear = extractor.spectrogram(torch.from_numpy(clip)[None])
        mel = extractor.compress(extractor.filters @ linear)[0].T.numpy()
    frames = len(mel)
    ratio = UNIT_SECONDS * spec.frames_per_second
    durations = rebin_durations(units, ratio, frames)
    f0 = pitch_contour(clip.astype(np.float64), spec.sample_rate, spec.hop_length)
    entry = Entry(
        id=line.id,
        speaker=0,
        text=line.text,
        phonemes=symbols,
        durations=durations,
        pitch=mean_per_symbol(bridge_unvoiced(f0), durations).tolist(),
        energy=mean_per_symbol(linear[0].norm(dim=0).double().numpy(), durations).tolist(),
        audio_start=0,
        samples=len(clip),
        mel_start=0,
        frames=frames,
    )
    return entry, np.round(clip * 32767.0).astype(np.int16), mel


def _shard(
    args: tuple[Path, list[Line], MelSpec],
) -> list[tuple[Entry, NDArray[np.int16], Float32]]:
    tar, lines, spec = args
    torch.set_num_threads(1)
    by_id = {line.id: line for line in lines}
    done = []
    with tarfile.open(tar) as archive:
        for member in archive:
            line = by_id.get(Path(member.name).stem)
            if line is not None:
                data = archive.extractfile(member)
                assert data is not None
                done.append(analyse(line, data.read(), spec))
    return done


def read_lines(corpus: Path) -> Iterator[Line]:
    """The corpus's metadata."""
    for line in (corpus / "metadata.jsonl").read_bytes().splitlines():
        yield msgspec.json.decode(line, type=Line)


def prepare(corpus: Path, out: Path, spec: MelSpec, *, processes: int) -> Prepared:
    """Decodes, cuts and measures a corpus into ``out``: audio.npy, mel.npy, index.json."""
    lines = list(read_lines(corpus))
    speakers = sorted({line.speaker for line in lines})
    shards = sorted({line.shard for line in lines})
    jobs = [
        (corpus / f"speech-{n:03d}.tar", [x for x in lines if x.shard == n], spec) for n in shards
    ]
    with ProcessPoolExecutor(processes) as pool:
        results = [item for shard in pool.map(_shard, jobs) for item in shard]
    speaker_of = {line.id: speakers.index(line.speaker) for line in lines}
    entries, audio_at, mel_at = [], 0, 0
    for entry, clip, mel in results:
        entries.append(
            msgspec.structs.replace(
                entry, speaker=speaker_of[entry.id], audio_start=audio_at, mel_start=mel_at
            )
        )
        audio_at, mel_at = audio_at + len(clip), mel_at + len(mel)
    out.mkdir(parents=True, exist_ok=True)
    np.save(out / "audio.npy", np.concatenate([clip for _, clip, _ in results]))
    np.save(out / "mel.npy", np.concatenate([m for _, _, m in results]).astype(np.float16))
    prepared = Prepared(spec, speakers, entries)
    (out / "index.json").write_bytes(msgspec.json.encode(prepared))
    return prepared


def read_prepared(folder: Path) -> Prepared:
    """The index of a prepared corpus."""
    return msgspec.json.decode((folder / "index.json").read_bytes(), type=Prepared)
