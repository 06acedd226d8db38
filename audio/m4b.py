"""The file of an audiobook: AAC in MP4, encoded block by block."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext

from audio.containers.mp4 import Mp4File
from audio.tags import ChapterMark, Tags
from core.errors import Unavailable
from core.mel import Float32

PRIMING_SAMPLES = 1024
BIT_RATES = ((12000, 32_000), (16000, 48_000), (24000, 64_000), (48000, 96_000))
"""Up to a sample rate [Hz], bits per second: mono speech, below AAC's 6144 bits a frame."""


def bit_rate(sample_rate: int) -> int:
    """Returns bits per second of a mono file.

    >>> bit_rate(22050)
    64000
    """
    return next(bits for rate, bits in BIT_RATES if sample_rate <= rate)


class M4bFile:
    """An open m4b file.

    Args:
        path: replaced if it exists.
        sample_rate: [Hz].
        tags: of the file; None = none.
        marks: its chapters; those without samples have no place and are left out.

    Raises:
        Unavailable: it cannot be opened.
    """

    def __init__(
        self, path: Path, sample_rate: int, tags: Tags | None, marks: Sequence[ChapterMark]
    ) -> None:
        self._tags, self._marks = tags, [mark for mark in marks if mark.samples]
        self._rate, self._samples = sample_rate, 0
        codec = av.CodecContext.create("aac", "w")
        assert isinstance(codec, AudioCodecContext)
        self._codec = codec
        codec.sample_rate, codec.layout, codec.format = sample_rate, "mono", "fltp"
        codec.time_base = Fraction(1, sample_rate)
        codec.bit_rate = bit_rate(sample_rate)
        try:
            self._file = Mp4File(path, sample_rate, channels=1, priming=PRIMING_SAMPLES)
        except OSError as error:
            raise Unavailable(f"cannot write {path}: {error}", code="disk") from error

    def write(self, block: Float32) -> None:
        """Appends (N,) float32 in [-1, 1]. Raises Unavailable."""
        if not len(block):
            return
        samples = np.ascontiguousarray(block[None], np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = self._rate, self._samples
        frame.time_base = Fraction(1, self._rate)
        self._samples += len(block)
        self._write_frames(bytes(packet) for packet in self._codec.encode(frame))

    def close(self) -> None:
        """Writes what is left, the chapters, the index and the tags. Raises Unavailable."""
        self._write_frames(bytes(packet) for packet in self._codec.encode(None))
        try:
            self._file.close(self._samples, self._marks, self._tags)
        except OSError as error:
            raise Unavailable(f"cannot finish audio: {error}", code="disk") from error

    def discard(self) -> None:
        """Closes without finishing: somebody else's error ended the writing. Raises Unavailable."""
        try:
            self._file.discard()
        except OSError as error:
            raise Unavailable(f"cannot finish audio: {error}", code="disk") from error

    def _write_frames(self, frames: Iterable[bytes]) -> None:
        try:
            for frame in frames:
                self._file.write_frame(frame)
        except OSError as error:
            raise Unavailable(f"cannot write audio: {error}", code="disk") from error
