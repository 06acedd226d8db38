"""The file of an audiobook: AAC in MP4, encoded block by block."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from audio.aac.encoder import PRIMING, AacEncoder
from audio.containers.mp4 import Mp4File
from audio.tags import ChapterMark, Tags
from core.errors import Unavailable
from core.mel import Float32

BIT_RATES = ((12000, 32_000), (16000, 48_000), (24000, 64_000), (48000, 96_000))
"""Up to a sample rate [Hz], bits per second: mono speech, below AAC's 6144 bits a frame."""


def default_bit_rate(sample_rate: int) -> int:
    """Returns bits per second of a mono file.

    >>> default_bit_rate(22050)
    64000
    """
    return next(bits for rate, bits in BIT_RATES if sample_rate <= rate)


class M4bFile:
    """An open m4b file.

    Args:
        path: replaced if it exists.
        sample_rate: [Hz].
        bit_rate: bits per second; None = what speech needs at the sample rate.
        channels: 1, or 2 that are equal.
        tags: of the file; None = none.
        marks: its chapters; those without samples have no place and are left out.

    Raises:
        Unavailable: it cannot be opened.
    """

    def __init__(
        self,
        path: Path,
        sample_rate: int,
        *,
        bit_rate: int | None,
        channels: int,
        tags: Tags | None,
        marks: Sequence[ChapterMark],
    ) -> None:
        self._tags, self._marks = tags, [mark for mark in marks if mark.samples]
        self._samples = 0
        self._encoder = AacEncoder(
            sample_rate, bit_rate or default_bit_rate(sample_rate), channels=channels
        )
        try:
            self._file = Mp4File(path, sample_rate, channels=channels, priming=PRIMING)
        except OSError as error:
            raise Unavailable(f"cannot write {path}: {error}", code="disk") from error

    def write(self, block: Float32) -> None:
        """Appends (N,) float32 in [-1, 1]. Raises Unavailable."""
        self._samples += len(block)
        try:
            for frame in self._encoder.encode(block):
                self._file.write_frame(frame)
        except OSError as error:
            raise Unavailable(f"cannot write audio: {error}", code="disk") from error

    def close(self) -> None:
        """Writes what is left, the chapters, the index and the tags. Raises Unavailable."""
        try:
            for frame in self._encoder.finish():
                self._file.write_frame(frame)
            self._file.close(self._samples, self._marks, self._tags)
        except OSError as error:
            raise Unavailable(f"cannot finish audio: {error}", code="disk") from error

    def discard(self) -> None:
        """Closes without finishing: somebody else's error ended the writing. Raises Unavailable."""
        try:
            self._file.discard()
        except OSError as error:
            raise Unavailable(f"cannot finish audio: {error}", code="disk") from error
