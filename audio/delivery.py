"""What a client gets of a programme: one file, or a file per chapter in a zip; tagged."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from audio.archive import ChapterArchive, chapter_file_name
from audio.encode import Encoder
from audio.tags import Tags, write_tags
from core.mel import Float32
from core.request import AudioFormat, Package


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a chapter stands in the file's samples.

    Attributes:
        title: of the chapter.
        start: its first sample.
        samples: how many; may be 0.
    """

    title: str
    start: int
    samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How a programme is written.

    Attributes:
        format: container and codec of each file.
        package: one file, or a zip of one per chapter.
        sample_rate: [Hz].
        marks: of all chapters, in order, without gaps, from sample 0; at least one.
        tags: of the whole; None = none are written.
    """

    format: AudioFormat
    package: Package
    sample_rate: int
    marks: Sequence[Mark]
    tags: Tags | None = None

    @property
    def samples(self) -> int:
        """Of the programme."""
        return sum(mark.samples for mark in self.marks)

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
        with Encoder(path, self.format, self.sample_rate, self.samples) as encoder:
            for title, block in marked(blocks, self.marks):
                if title is not None and self.tags is not None:
                    encoder.begin_chapter(title)
                encoder.write(block)
        if self.tags is not None:
            write_tags(path, self.format, self.tags)
        return encoder.clipped

    def _write_chapters(self, path: Path, blocks: Iterable[Float32]) -> int:
        tags = self.tags or Tags(title=self.marks[0].title)
        # A chapter that could not be spoken keeps its number: those behind it keep theirs, too.
        spoken = [(n, mark) for n, mark in enumerate(self.marks, 1) if mark.samples]
        stream = _Stream(blocks)
        clipped = 0
        with (
            ChapterArchive(
                path, title=tags.title, authors=tags.artists, sample_rate=self.sample_rate
            ) as archive,
            tempfile.TemporaryDirectory(dir=path.parent, prefix=".chapters-") as folder,
        ):
            for number, mark in spoken:
                file = Path(folder) / f"{number}.{self.format}"
                with Encoder(file, self.format, self.sample_rate, mark.samples) as encoder:
                    for block in stream.take(mark.samples):
                        encoder.write(block)
                clipped += encoder.clipped
                own = replace(tags, title=mark.title, album=tags.title)
                write_tags(file, self.format, replace(own, track=number, tracks=len(self.marks)))
                name = chapter_file_name(number, len(self.marks), mark.title, self.format)
                archive.add(name, mark.title, file, mark.samples)
                file.unlink()
            stream.end()
        return clipped


def marked(
    blocks: Iterable[Float32], marks: Iterable[Mark]
) -> Iterator[tuple[str | None, Float32]]:
    """The blocks, cut so that every mark begins one; there with its title.

    A chapter without samples is passed by: it has no place of its own.
    """
    stream = _Stream(blocks)
    for mark in marks:
        title: str | None = mark.title
        for block in stream.take(mark.samples):
            yield title, block
            title = None
    stream.end()


class _Stream:
    """Blocks as one stream to be taken from."""

    def __init__(self, blocks: Iterable[Float32]) -> None:
        self._blocks = iter(blocks)
        self._left: Float32 | None = None

    def take(self, samples: int) -> Iterator[Float32]:
        """Blocks that sum to so many. Raises ValueError where there are fewer."""
        while samples:
            block = self._next()
            if block is None:
                raise ValueError(f"the programme ends {samples} samples early")
            now, self._left = block[:samples], block[samples:]
            samples -= len(now)
            yield now

    def end(self) -> None:
        """Raises ValueError where anything is left."""
        if (block := self._next()) is not None:
            raise ValueError(f"{len(block)} samples more than the programme has")

    def _next(self) -> Float32 | None:
        while self._left is None or not len(self._left):
            self._left = next(self._blocks, None)
            if self._left is None:
                return None
        return self._left
