"""Three seconds of synthetic tones in the house corpus's layout: enough for a recipe to run."""

from __future__ import annotations

import io
import tarfile
import zlib
from pathlib import Path

import msgspec
import numpy as np
import soundfile

from cli.train import train as train_group
from core.mel import MelSpec
from training.data.corpus import is_held_out
from training.data.prepare import prepare
from training.data.sources import HouseCorpusLine
from training.recipe import Recipe
from training.trainer import train

UNIT = 600
RATE = 24000


def pitch_of(name: str) -> float:
    """Pitch of an utterance [Hz]."""
    return 120.0 + zlib.crc32(name.encode()) % 60


def _ids() -> list[str]:
    """Seven for training, and one held out of each speaker."""
    names = [f"T{n:04d}" for n in range(400)]
    held = [name for name in names if is_held_out(name)][:2]
    return [*[name for name in names if not is_held_out(name)][:6], *held]


def _line(name: str, index: int) -> HouseCorpusLine:
    durations = [4 + index % 3, 6, 8, 7, 3]
    return HouseCorpusLine(
        id=name,
        shard=0,
        speaker=("female", "male")[index % 2],
        text="a test",
        spoken="a test",
        samples=(sum(durations) + 12) * UNIT,
        lead=6,
        tail=6,
        phonemes=["ə", " ", "t", "ˈɛ", "."],
        durations=durations,
    )


def harmonic_tone(f0: float, samples: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """A tone with overtones at 24 kHz."""
    t = np.arange(samples) / RATE
    partials = [np.sin(2 * np.pi * f0 * k * t) / k for k in range(1, 20)]
    tone: np.ndarray[tuple[int], np.dtype[np.float64]] = np.sum(partials, axis=0) * 0.1
    return tone


def make_corpus(source: Path, out: Path) -> Path:
    """Writes a corpus into ``source``, prepares it into ``out``."""
    lines = [_line(name, index) for index, name in enumerate(_ids())]
    (source / "metadata.jsonl").write_bytes(b"\n".join(msgspec.json.encode(x) for x in lines))
    with tarfile.open(source / "speech-000.tar", "w") as archive:
        for line in lines:
            data, tone = io.BytesIO(), harmonic_tone(pitch_of(line.id), line.samples)
            soundfile.write(data, tone, RATE, format="OGG", subtype="OPUS")
            info = tarfile.TarInfo(f"{line.id}.ogg")
            info.size = data.tell()
            data.seek(0)
            archive.addfile(info, data)
    prepare(source, out, MelSpec(), processes=1)
    return out


def run(recipe: Recipe, folder: Path, steps: int, *, validate_every: int = 4) -> None:
    """Trains up to a step."""
    train(
        recipe,
        folder,
        minutes=60,
        last_step=steps,
        device="cpu",
        validate_every=validate_every,
        report=lambda line: None,
    )


def main(arguments: list[str]) -> None:
    """Runs ``rhapsode train`` in this process; errors are raised."""
    train_group.main(arguments, standalone_mode=False)
