"""What a client gets: one file, or a file per chapter in a zip, with tags and chapter marks."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from audio.archive import ChapterArchive, chapter_file_name
from audio.containers.vorbis_comment import CHAPTERS
from audio.encode import AudioEncoder
from audio.tags import ChapterMark, Tags
from core.mel import Float32
from core.request import AudioFormat, Package
from core.text import Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How the audio of a job is written.

    Attributes:
        format: container and codec of each file.
        package: one file, or a zip of one per chapter.
        sample_rate: [Hz].
        bit_rate: bits per second; None = the format's choice.
        channels: 1, or 2 that are equal.
        marks: of all chapters, in order, without gaps, from sample 0; at least one.
        tags: of the whole; None = neither tags nor marks are written into one file.
    """

    format: AudioFormat
    package: Package
    sample_rate: int
    marks: Sequence[ChapterMark]
    bit_rate: int | None = None
    channels: int = 1
    tags: Tags | None = None

    @property
    def samples(self) -> int:
        """Length of the whole audio."""
        return sum(mark.samples for mark in self.marks)

    @property
    def notice(self) -> Notice | None:
        """What the format cannot hold of what is asked for; None = nothing is left out."""
        marks = sum(1 for mark in self.marks if mark.samples)
        if self.tags is None or self.package == "chapters":
            return None
        if self.format == "wav":
            return Notice(
                "no_chapter_marks", "wav holds neither chapter marks nor tags nor a cover"
            )
        if marks > CHAPTERS and self.format in ("flac", "ogg", "opus"):
            message = f"{self.format} holds marks of {CHAPTERS} chapters, not of {marks}"
            return Notice("no_chapter_marks", message)
        return None

    def write(self, path: Path, blocks: Iterable[Float32]) -> int:
        """Writes it all; returns how many samples were clipped.

        Args:
            path: the file or zip; replaced if it exists.
            blocks: (N,) float32; their lengths sum to ``samples``.

        Raises:
            ValueError: they do not.
            Unavailable: the disk refuses.
        """
        if self.package == "chapters":
            return self._write_chapters(path, blocks)
        with self._encoder(path, self.samples, self.tags, self.marks) as encoder:
            for block in blocks:
                encoder.write(block)
        return encoder.clipped

    def _encoder(
        self, path: Path, samples: int, tags: Tags | None, marks: Sequence[ChapterMark] = ()
    ) -> AudioEncoder:
        return AudioEncoder(
            path,
            self.format,
            self.sample_rate,
            samples,
            bit_rate=self.bit_rate,
            channels=self.channels,
            tags=tags,
            marks=marks,
        )

    def _write_chapters(self, path: Path, blocks: Iterable[Float32]) -> int:
        tags = self.tags or Tags(title=self.marks[0].title)
        # A chapter without audio keeps its number, and so do those behind it.
        numbered = [(n, mark) for n, mark in enumerate(self.marks, 1) if mark.samples]
        stream = _SampleStream(blocks)
        clipped = 0
        with (
            ChapterArchive(
                path, title=tags.title, authors=tags.authors, sample_rate=self.sample_rate
            ) as archive,
            tempfile.TemporaryDirectory(dir=path.parent, prefix=".chapters-") as folder,
        ):
            for number, mark in numbered:
                file = Path(folder) / f"{number}.{self.format}"
                own = replace(
                    tags,
                    title=mark.title,
                    album=tags.title,
                    track=number,
                    tracks=len(self.marks),
                )
                with self._encoder(file, mark.samples, own) as encoder:
                    for block in stream.take(mark.samples):
                        encoder.write(block)
                clipped += encoder.clipped
                name = chapter_file_name(number, len(self.marks), mark.title, self.format)
                archive.add(name, mark.title, file, mark.samples)
                file.unlink()
            stream.end()
        return clipped


class _SampleStream:
    """Blocks as one stream from which any number of samples can be taken."""

    def __init__(self, blocks: Iterable[Float32]) -> None:
        self._blocks = iter(blocks)
        self._left: Float32 | None = None

    def take(self, samples: int) -> Iterator[Float32]:
        """Yields so many samples in blocks. Raises ValueError where there are fewer."""
        while samples:
            block = self._next()
            if block is None:
                raise ValueError(f"the audio ends {samples} samples early")
            now, self._left = block[:samples], block[samples:]
            samples -= len(now)
            yield now

    def end(self) -> None:
        """Raises ValueError where samples are left."""
        if (block := self._next()) is not None:
            raise ValueError(f"{len(block)} samples more than the chapters have")

    def _next(self) -> Float32 | None:
        while self._left is None or not len(self._left):
            self._left = next(self._blocks, None)
            if self._left is None:
                return None
        return self._left
