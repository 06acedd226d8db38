"""Streaming encoders: blocks of samples to a file with right headers, tags and chapter marks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import soundfile
from numpy.typing import NDArray

from audio.containers.flac import tag_flac
from audio.containers.id3 import tag_mp3
from audio.containers.ogg import tag_ogg
from audio.m4b import M4bFile
from audio.pcm import count_clipped, to_pcm16
from audio.tags import ChapterMark, Tags
from core.errors import RhapsodeError, SynthesisError, Unavailable
from core.formats import MP3_BIT_RATES, OPUS_BIT_RATES, check_bit_rate, check_format
from core.mel import Float32
from core.request import AudioFormat

SYSTEM_ERRORS = frozenset({0, 2})
"""libsndfile's codes for what the system refused: SF_ERR_SYSTEM, and 0 where concurrent use lost
the code (soundfile says so of its message). Source: libsndfile, include/sndfile.h."""
CODECS: dict[str, tuple[str, str]] = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}
"""libsndfile's names of container and codec."""
TAG_WRITERS: dict[str, Callable[[Path, Tags, Sequence[ChapterMark], int], None]] = {
    "flac": tag_flac,
    "ogg": tag_ogg,
    "opus": tag_ogg,
    "mp3": tag_mp3,
}
"""What writes tags into finished files; m4b gets them with its index."""
LOSSLESS: frozenset[AudioFormat] = frozenset({"wav", "flac"})

RIFF_LIMIT_BYTES = 2**32 - 4096
"""RIFF sizes are 32 bits; a file above this becomes RF64 (EBU Tech 3306), headers left room."""
FIRST_SAMPLES = 4096
"""Length of the first block of Vorbis."""
BLOCK_SAMPLES = 16384
"""libsndfile's Vorbis encoder allocates a whole write on the stack, so it gets small blocks."""


def codec_of(format: AudioFormat, samples: int | None, channels: int = 1) -> tuple[str, str]:
    """Returns libsndfile's container and codec for a file of so many samples (None = not known).

    >>> codec_of("wav", 22050)
    ('WAV', 'PCM_16')
    >>> codec_of("wav", 2**31)
    ('RF64', 'PCM_16')
    """
    container, codec = CODECS[format]
    if format == "wav" and 2 * channels * (samples or 0) > RIFF_LIMIT_BYTES:
        return "RF64", codec
    return container, codec


def compression_level(
    format: AudioFormat, sample_rate: int, bit_rate: int | None, channels: int
) -> float | None:
    """Returns libsndfile's setting, from 0 (most bits) to 1, for a bit rate; None = its default.

    Source: libsndfile 1.2 mpeg_l3_encode.c and ogg_opus.c, SFC_SET_COMPRESSION_LEVEL: linear
    between the greatest and the least bit rate.

    >>> compression_level("opus", 48000, 131_000, 1)
    0.5
    """
    if bit_rate is None:
        return None
    if format == "opus":
        low, high = (channels * rate for rate in OPUS_BIT_RATES)
    else:
        steps = next(rates for rate, rates in MP3_BIT_RATES.items() if sample_rate >= rate)
        low, high = 1000 * steps[0], 1000 * steps[-1]
    # Just above the least: libsndfile refuses a level of 1.
    return min(0.999, (high - bit_rate) / (high - low))


def file_error(failure: str, error: Exception) -> RhapsodeError:
    """Returns what to raise for a file that could not be written or read.

    Only what the operating system refused (a full disk, a share that is away) may go well another
    time. What libsndfile itself refuses is refused again, so trying it again would never end.

    Args:
        failure: what could not be done, without a full stop.
        error: libsndfile's, the system's, or the assertion that soundfile makes of a short write,
            which is a full disk.
    """
    if isinstance(error, soundfile.LibsndfileError) and error.code not in SYSTEM_ERRORS:
        return SynthesisError(f"{failure}: {error}", code="encoding_failed")
    return Unavailable(f"{failure}: {error}", code="disk")


class BlockWriter:
    """A writer to libsndfile for which it makes no difference how the samples are cut into blocks.

    libvorbis extends the audio before its beginning by what it guesses from the first block, so all
    first blocks are equally long.

    Args:
        file: open for writing.
        format: of the file.
        channels: 1, or 2 that are equal.
    """

    def __init__(self, file: soundfile.SoundFile, format: AudioFormat, channels: int) -> None:
        self._file, self._format, self._channels = file, format, channels
        self._first: Float32 | None = np.zeros(0, np.float32) if format == "ogg" else None

    def write(self, block: Float32) -> None:
        """Appends (N,) float32 in [-1, 1]. Raises what soundfile raises."""
        if self._first is not None:
            block = np.concatenate([self._first, block])
            if len(block) < FIRST_SAMPLES:
                self._first = block
                return
            self._first = None
            self._append(block[:FIRST_SAMPLES])
            block = block[FIRST_SAMPLES:]
        self._append(block)

    def close(self) -> None:
        """Writes what was held back and closes the file. Raises what soundfile raises."""
        if self._first is not None and len(self._first):
            self._append(self._first)
        self._first = None
        self._file.close()

    def _append(self, block: Float32) -> None:
        data: NDArray[np.generic] = to_pcm16(block) if self._format in LOSSLESS else block
        if self._channels > 1:
            data = np.repeat(data[:, None], self._channels, axis=1)
        for start in range(0, len(data), BLOCK_SAMPLES):
            self._file.write(data[start : start + BLOCK_SAMPLES])


class LibsndfileFile:
    """A file that libsndfile writes; tags and chapter marks are written when it is finished.

    Raises:
        Unavailable: the disk refuses to open it.
        SynthesisError: libsndfile cannot write such a file (code ``encoding_failed``).
    """

    def __init__(
        self,
        path: Path,
        format: AudioFormat,
        sample_rate: int,
        samples: int | None,
        *,
        bit_rate: int | None,
        channels: int,
        tags: Tags | None,
        marks: Sequence[ChapterMark],
    ) -> None:
        self._path, self._format, self._rate = path, format, sample_rate
        self._tags, self._marks = tags, [mark for mark in marks if mark.samples]
        container, codec = codec_of(format, samples, channels)
        try:
            file = soundfile.SoundFile(
                path,
                "w",
                sample_rate,
                channels,
                format=container,
                subtype=codec,
                compression_level=compression_level(format, sample_rate, bit_rate, channels),
                bitrate_mode="CONSTANT" if format == "mp3" and bit_rate else None,
            )
        except (soundfile.LibsndfileError, OSError) as error:
            raise file_error(f"cannot write {path}", error) from error
        self._file = BlockWriter(file, format, channels)

    def write(self, block: Float32) -> None:
        """Appends (N,) float32 in [-1, 1]. Raises Unavailable, SynthesisError."""
        try:
            self._file.write(block)
        except (soundfile.LibsndfileError, OSError, AssertionError) as error:
            raise file_error("cannot write audio", error) from error

    def close(self) -> None:
        """Writes headers, tags and marks. Raises Unavailable, SynthesisError."""
        self.discard()
        write_tags = TAG_WRITERS.get(self._format)
        if self._tags is None or write_tags is None:
            return
        try:
            write_tags(self._path, self._tags, self._marks, self._rate)
        except OSError as error:
            raise Unavailable(f"cannot write tags: {error}", code="disk") from error

    def discard(self) -> None:
        """Closes a file whose content does not matter any more. Raises as ``write`` does."""
        try:
            self._file.close()
        except (soundfile.LibsndfileError, OSError, AssertionError) as error:
            raise file_error("cannot finish audio", error) from error


class AudioEncoder:
    """A writer of one channel of samples, block by block; a context manager.

    A file counts as written only after ``close`` returned: it checks the promised length.

    Args:
        path: the file; replaced if it exists.
        format: container and codec.
        sample_rate: [Hz].
        samples: the length of the whole audio, promised beforehand; None = not known, then a WAV
            cannot be longer than RIFF's sizes can say.
        bit_rate: bits per second of mp3 (constant), opus and m4b (on average); None = the format's
            own choice.
        channels: 1, or 2 that are equal.
        tags: of the file; None = neither tags nor marks. WAV files get none: there are no tags in
            them that players agree on.
        marks: its chapters, in order, without gaps, from sample 0; those without samples have no
            place and are left out.

    Raises:
        FieldError: the format cannot carry the sample rate or the bit rate.
        Unavailable: the file cannot be opened.

    Attributes:
        clipped: samples so far that lay outside [-1, 1] and were clipped.
        written: samples so far.
    """

    def __init__(
        self,
        path: Path,
        format: AudioFormat,
        sample_rate: int,
        samples: int | None,
        *,
        bit_rate: int | None = None,
        channels: int = 1,
        tags: Tags | None = None,
        marks: Sequence[ChapterMark] = (),
    ) -> None:
        check_format(format, sample_rate)
        check_bit_rate(format, sample_rate, bit_rate, channels)
        self.clipped = self.written = 0
        self._limit = self._samples = samples
        if samples is None and format == "wav":
            self._limit = RIFF_LIMIT_BYTES // (2 * channels)
        self._file: LibsndfileFile | M4bFile
        if format == "m4b":
            self._file = M4bFile(
                path, sample_rate, bit_rate=bit_rate, channels=channels, tags=tags, marks=marks
            )
        else:
            self._file = LibsndfileFile(
                path,
                format,
                sample_rate,
                samples,
                bit_rate=bit_rate,
                channels=channels,
                tags=tags,
                marks=marks,
            )

    def write(self, block: Float32) -> None:
        """Appends a block, (N,) float32; outside [-1, 1] it is clipped and counted.

        Raises:
            ValueError: a sample is not finite, or more samples than promised.
            Unavailable: the disk refuses.
        """
        self.written += len(block)
        if self._limit is not None and self.written > self._limit:
            raise ValueError(f"{self.written} samples where {self._limit} were promised")
        if not np.isfinite(block).all():
            raise ValueError("samples are not finite")
        self.clipped += count_clipped(block)
        self._file.write(np.clip(block, -1.0, 1.0))

    def close(self) -> None:
        """Writes headers, tags and marks.

        Raises:
            ValueError: fewer samples than promised.
            Unavailable: the disk refuses.
        """
        self._file.close()
        if self._samples is not None and self.written != self._samples:
            raise ValueError(f"{self.written} samples where {self._samples} were promised")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self._file.discard()
