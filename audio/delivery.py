"""What a client gets: one file, or a file per chapter in a zip, with tags and chapter marks."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from audio.acx import AcxMeter, check_file, metered, summary
from audio.archive import ChapterArchive, chapter_file_name
from audio.containers.vorbis_comment import CHAPTERS
from audio.encode import AudioEncoder
from audio.mastering import edge_samples, mastered
from audio.sample_stream import SampleStream
from audio.tags import ChapterMark, Tags
from core.acx import AcxFile, AcxReport
from core.batch import StoredFile
from core.mel import Float32
from core.request import AudioFormat, Package
from core.text import Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryResult:
    """What came of writing a delivery.

    Attributes:
        clipped: samples beyond full scale.
        acx: the check against ACX's rules; None for what is no book.
        files: of a batch, where its files lie in the zip.
    """

    clipped: int
    acx: AcxReport | None
    files: tuple[StoredFile, ...] = ()


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
        gains: a factor for each chapter; its file is then mastered for ACX and checked as it is
            written: a zip of mp3 files. None = samples are written as they come.
        batch: the chapters are inputs of a batch: their titles alone name their files, which have
            no tags, as if each was written alone.
    """

    format: AudioFormat
    package: Package
    sample_rate: int
    marks: Sequence[ChapterMark]
    bit_rate: int | None = None
    channels: int = 1
    tags: Tags | None = None
    gains: Sequence[float] | None = None
    batch: bool = False

    @property
    def samples(self) -> int:
        """Length of the whole audio."""
        return sum(mark.samples for mark in self.marks)

    @property
    def file_samples(self) -> int:
        """Length of what is written, with the room tone of mastered files."""
        tone = sum(edge_samples(self.sample_rate)) if self.gains is not None else 0
        return self.samples + tone * sum(1 for mark in self.marks if mark.samples)

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

    def write(self, path: Path, blocks: Iterable[Float32]) -> DeliveryResult:
        """Writes it all.

        Args:
            path: the file or zip; replaced if it exists.
            blocks: (N,) float32; their lengths sum to ``samples``.

        Raises:
            ValueError: they do not.
            Unavailable: the disk refuses.
        """
        meter = AcxMeter(self.sample_rate)
        measured = blocks if self.tags is None else metered(meter, blocks)
        files, stored = list[AcxFile](), tuple[StoredFile, ...]()
        if self.package == "chapters":
            clipped, files, stored = self._write_chapters(path, measured)
        else:
            with self._encoder(path, self.samples, self.tags, self.marks) as encoder:
                for block in measured:
                    encoder.write(block)
            clipped = encoder.clipped
        if self.tags is None:
            return DeliveryResult(clipped=clipped, acx=None, files=stored)
        acx = summary(files) if files else meter.finish()
        return DeliveryResult(clipped=clipped, acx=acx)

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

    def _file_name(self, number: int, title: str) -> str:
        if self.batch:
            return f"{title}.{self.format}"
        return chapter_file_name(number, len(self.marks), title, self.format)

    def _write_chapters(
        self, path: Path, blocks: Iterable[Float32]
    ) -> tuple[int, list[AcxFile], tuple[StoredFile, ...]]:
        tags = self.tags or Tags(title=self.marks[0].title)
        # A chapter without audio keeps its number, and so do those behind it.
        numbered = [(n, mark) for n, mark in enumerate(self.marks, 1) if mark.samples]
        stream = SampleStream(blocks)
        clipped, checked = 0, list[AcxFile]()
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
                samples, content = mark.samples, stream.take(mark.samples)
                if self.gains is not None:
                    gain = self.gains[number - 1]
                    content = mastered(content, gain, self.sample_rate, mark.samples)
                    samples += sum(edge_samples(self.sample_rate))
                with self._encoder(file, samples, None if self.batch else own) as encoder:
                    for block in content:
                        encoder.write(block)
                clipped += encoder.clipped
                name = self._file_name(number, mark.title)
                acx = check_file(file, name) if self.gains is not None else None
                checked += [acx] if acx else []
                archive.add(name, mark.title, file, samples, acx)
                file.unlink()
            stream.end()
        return clipped, checked, archive.stored_files()
