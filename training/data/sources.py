"""Corpora on disk to recordings: the house's tar shards, and LJSpeech's layout.

The house's comes with phonemes and durations. LJSpeech's has them in a file of alignments; without
one, or where it lacks an utterance, symbols are those of the text front end, and durations are left
to the aligner.
"""

from __future__ import annotations

import csv
import io
import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
import soundfile

from core.errors import ArtifactError, ArtifactMissing
from core.mel import Float32
from core.units import samples_of
from text.frontend import open_frontend
from training.data.transcripts import GAP, symbols_of

UNIT_SECONDS = 0.025  # the house corpus's duration unit: 600 samples at 24 kHz
MARGIN_UNITS = 2  # silence kept at either end of a clip, where the symbol is a word gap
SPEAKER = "speaker"
ALIGNMENTS = "alignments.jsonl"
LINES_PER_PART = 200
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Recording:
    """One utterance as it was read.

    Attributes:
        durations: samples of each symbol, Σ = len(audio); None = nobody knows yet.
        audio: (N,) float32.
        rate: of the audio [Hz].
    """

    id: str
    speaker: str
    text: str
    symbols: list[str]
    durations: list[int] | None
    audio: Float32
    rate: int


CorpusPart = Callable[[], Iterator[Recording]]
"""A part of a corpus, for one process."""


class HouseCorpusLine(msgspec.Struct, frozen=True):
    """One utterance of the house corpus: a line of metadata.jsonl. Durations in units of 25 ms."""

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


class Alignment(msgspec.Struct, frozen=True):
    """One utterance of an LJSpeech-shaped corpus: a line of alignments.jsonl."""

    id: str
    phonemes: list[str]
    """Symbols of the table; gaps and silences are symbols, too."""
    seconds: list[float]
    """Of each symbol, one after the other."""
    start: float = 0.0
    """Where the first symbol begins [s]; audio outside the symbols is left out."""
    speaker: str = SPEAKER


def parts_of(corpus: Path) -> list[CorpusPart]:
    """The corpus in parts.

    Raises:
        ArtifactMissing: neither layout lies there.
        ArtifactError: an utterance has no alignment, and nothing says whose it is.
    """
    if (corpus / "metadata.jsonl").exists():
        lines = _read(corpus / "metadata.jsonl", HouseCorpusLine)
        shards = sorted({line.shard for line in lines})
        return [partial(_shard, corpus, n, [x for x in lines if x.shard == n]) for n in shards]
    if (corpus / "metadata.csv").exists():
        aligned, others = _transcribed(corpus)
        speaker = _speaker(corpus, aligned, others)
        return [
            *(partial(_waves, corpus, part) for part in _parts(aligned)),
            *(partial(_unaligned, corpus, speaker, part) for part in _parts(others)),
        ]
    raise ArtifactMissing(f"no metadata.jsonl and no metadata.csv in {corpus}")


def _parts(utterances: Iterable[T]) -> list[list[T]]:
    every = list(utterances)
    return [every[i : i + LINES_PER_PART] for i in range(0, len(every), LINES_PER_PART)]


def _read(path: Path, kind: type[T]) -> list[T]:
    try:
        return [msgspec.json.decode(line, type=kind) for line in path.read_bytes().splitlines()]
    except OSError as error:
        raise ArtifactMissing(f"{path}: {error}") from error
    except msgspec.DecodeError as error:
        raise ArtifactError(f"{path}: {error}") from error


def framed(line: HouseCorpusLine) -> tuple[list[str], list[int], int]:
    """Symbols and durations [25 ms] with a gap at either end; the clip's first unit."""
    lead, tail = min(line.lead, MARGIN_UNITS), min(line.tail, MARGIN_UNITS)
    return [GAP, *line.phonemes, GAP], [lead, *line.durations, tail], line.lead - lead


def _shard(corpus: Path, number: int, lines: list[HouseCorpusLine]) -> Iterator[Recording]:
    by_id = {line.id: line for line in lines}
    with tarfile.open(corpus / f"speech-{number:03d}.tar") as archive:
        for member in archive:
            line = by_id.get(Path(member.name).stem)
            if line is not None:
                data = archive.extractfile(member)
                assert data is not None
                yield _house(line, data.read())


def _house(line: HouseCorpusLine, ogg: bytes) -> Recording:
    audio, rate = soundfile.read(io.BytesIO(ogg), dtype="float32")
    symbols, units, first = framed(line)
    unit = round(UNIT_SECONDS * rate)
    clip = audio[first * unit : (first + sum(units)) * unit]
    durations = [n * unit for n in units]
    return Recording(line.id, line.speaker, line.text, symbols, durations, clip, rate)


def _transcripts(corpus: Path) -> Iterator[tuple[str, str]]:
    """Id and text of every line of metadata.csv (id|text, or id|text|normalized)."""
    with (corpus / "metadata.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file, delimiter="|", quoting=csv.QUOTE_NONE):
            yield row[0], row[-1]


def _transcribed(corpus: Path) -> tuple[list[tuple[str, Alignment]], list[tuple[str, str]]]:
    """Of metadata.csv: text and alignment of lines that have one, id and text of the others."""
    path, aligned, others = corpus / ALIGNMENTS, list[tuple[str, Alignment]](), []
    alignments = {a.id: a for a in _read(path, Alignment)} if path.exists() else {}
    for name, text in _transcripts(corpus):
        if name in alignments:
            aligned.append((text, alignments[name]))
        else:
            others.append((name, text))
    return aligned, others


def _speaker(
    corpus: Path, aligned: list[tuple[str, Alignment]], others: list[tuple[str, str]]
) -> str:
    """Returns the speaker of utterances without alignment: the one that alignments name."""
    speakers = sorted({a.speaker for _, a in aligned} or {SPEAKER})
    if others and len(speakers) > 1:
        reason = f"no alignment of {others[0][0]}, who may be {' or '.join(speakers)}"
        raise ArtifactError(f"{corpus / ALIGNMENTS}: {reason}")
    return speakers[0]


def _waves(corpus: Path, utterances: list[tuple[str, Alignment]]) -> Iterator[Recording]:
    for text, aligned in utterances:
        path = corpus / "wavs" / f"{aligned.id}.wav"
        yield _cut(path, text, aligned, *_wave(path))


def _unaligned(
    corpus: Path, speaker: str, transcripts: list[tuple[str, str]]
) -> Iterator[Recording]:
    frontend = open_frontend("house-ipa")
    for name, text in transcripts:
        path = corpus / "wavs" / f"{name}.wav"
        audio, rate = _wave(path)
        if audio.ndim != 1:
            raise ArtifactError(f"{path}: not mono")
        yield Recording(name, speaker, text, symbols_of(frontend, name, text), None, audio, rate)


def _wave(path: Path) -> tuple[Float32, int]:
    try:
        audio, rate = soundfile.read(path, dtype="float32")
    except soundfile.LibsndfileError as error:
        raise ArtifactError(f"{path}: {error}") from error
    return audio, rate


def _cut(path: Path, text: str, aligned: Alignment, audio: Float32, rate: int) -> Recording:
    clock = aligned.start + np.concatenate([[0.0], np.cumsum(aligned.seconds)])
    # Boundaries are rounded, not durations: no drift.
    edges = [samples_of(float(t), rate) for t in clock]
    durations = [b - a for a, b in pairwise(edges)]
    clip = audio[edges[0] : edges[-1]]
    if audio.ndim != 1 or len(aligned.phonemes) != len(durations) or min(durations) < 0:
        raise ArtifactError(f"{path}: not mono, or phonemes and seconds do not fit together")
    if len(clip) != sum(durations):
        raise ArtifactError(f"{path}: {len(audio)} samples, the alignment ends at {edges[-1]}")
    return Recording(aligned.id, aligned.speaker, text, aligned.phonemes, durations, clip, rate)
