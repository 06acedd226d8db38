"""The systems that are measured: each returns a sentence's audio or says why it cannot."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

import soundfile

from benchmarks.peers import (
    PeerMissing,
    espeak_say,
    find_espeak,
    open_piper,
    piper_say,
)
from benchmarks.quality.recognizer import MissingTool
from benchmarks.quality.sentences import BenchSentence
from core.mel import Float32

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus"
"""Beside the checkout on machines that have it; never part of the project."""

Say = Callable[[BenchSentence], tuple[Float32, int] | None]
"""Sentence → samples and rate [Hz]; None where this system has no audio of it (the teacher)."""


@dataclass(frozen=True, slots=True)
class System:
    """A row of the table.

    Attributes:
        name: of the row.
        open: loads what it needs and returns the speaking function. Raises MissingTool.
        parts: of ours: voice, and the components behind acoustic model and vocoder.
    """

    name: str
    open: Callable[[], Say]
    parts: dict[str, str] = field(default_factory=dict)


class Corpus:
    """The corpus of the teacher's recordings.

    Args:
        folder: with ``metadata.jsonl`` and ``speech-NNN.tar``.

    Raises:
        MissingTool: the folder is not there.
    """

    def __init__(self, folder: Path = CORPUS) -> None:
        self.folder = folder
        if not (folder / "metadata.jsonl").is_file():
            raise MissingTool("no corpus on this machine (../shared/corpus)")

    @cached_property
    def shards(self) -> dict[str, int]:
        """Number of the tar that holds a recording, by id."""
        with (self.folder / "metadata.jsonl").open(encoding="utf-8") as lines:
            rows = map(json.loads, lines)
            return {row["id"]: row["shard"] for row in rows}

    def read(self, id: str) -> tuple[Float32, int] | None:
        """Returns one recording, None if the corpus has no such id."""
        if id not in self.shards:
            return None
        with tarfile.open(self.folder / f"speech-{self.shards[id]:03d}.tar") as tar:
            member = tar.extractfile(f"{id}.ogg")
            if member is None:
                raise MissingTool(f"corpus lacks {id}.ogg")
            samples, rate = soundfile.read(io.BytesIO(member.read()), dtype="float32")
        return samples, int(rate)


def open_teacher() -> Say:
    """Returns the corpus's own audio of the held-out sentences."""
    corpus = Corpus()
    return lambda sentence: corpus.read(sentence.id)


def open_other_teacher(folder: Path) -> Say:
    """Returns another of the teacher's voices: ``NAME/ID-NAME.ogg`` of the held-out sentences."""

    def say(sentence: BenchSentence) -> tuple[Float32, int] | None:
        path = folder / f"{sentence.id}-{folder.name}.ogg"
        if not path.is_file():
            return None
        samples, rate = soundfile.read(path, dtype="float32")
        return samples, int(rate)

    return say


def open_piper_system() -> Say:
    """Returns Piper with its medium voice."""
    try:
        voice = open_piper(threads=1)
    except PeerMissing as error:
        raise MissingTool(str(error)) from error
    return lambda sentence: piper_say(voice, sentence.text)


def open_espeak_system() -> Say:
    """Returns espeak-ng with the voice en-us."""
    try:
        binary = find_espeak()
    except PeerMissing as error:
        raise MissingTool(str(error)) from error
    return lambda sentence: espeak_say(binary, sentence.text)


def peers(teachers: Path | None = None) -> list[System]:
    """Returns the systems that are not ours.

    Args:
        teachers: folder with a folder of recordings for each other voice of the teacher.
    """
    others = sorted(teachers.iterdir()) if teachers else []
    return [
        System("teacher", open_teacher),
        *(System(f"teacher {f.name}", partial(open_other_teacher, f)) for f in others),
        System("piper", open_piper_system),
        System("espeak-ng", open_espeak_system),
    ]
