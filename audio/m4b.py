"""AAC in MP4 with chapter marks, written block by block: the file of an audiobook.

Chapters are written twice, as a QuickTime text track (Apple) and as Nero's chpl box (others; no
more than 255 there), both at exact samples: the movie's time scale is the sample rate. An edit list
skips the encoder's priming (1024 samples) and ends with the last sample, so that a player's time is
ours.

Source: ISO/IEC 14496-3 (AAC), 14496-12 §8.6.6 (edit list); Apple, QuickTime File Format, "Chapter
Lists".
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from av.audio.stream import AudioStream

from core.errors import Unavailable
from core.mel import Float32

if TYPE_CHECKING:  # a type of PyAV's stubs alone
    from av.container.core import Chapter

PRIMING_SAMPLES = 1024
"""What FFmpeg's AAC encoder puts before the first sample; one frame of AAC-LC."""
BIT_RATES = ((12000, 32_000), (16000, 48_000), (24000, 64_000), (48000, 96_000))
"""Up to a sample rate [Hz], bits per second: mono speech, below AAC's 6144 bits a frame."""


def bit_rate(sample_rate: int) -> int:
    """Bits per second of a mono file.

    >>> bit_rate(22050)
    64000
    """
    return next(bits for rate, bits in BIT_RATES if sample_rate <= rate)


class M4bFile:
    """An open file.

    Memory is bounded but for the index of frames that the container needs (about 56 bytes for
    1024 samples: 4 MB an hour at 22 050 Hz).

    Args:
        path: replaced if it exists.
        sample_rate: [Hz].

    Raises:
        Unavailable: it cannot be opened.

    Attributes:
        written: samples so far.
    """

    def __init__(self, path: Path, sample_rate: int) -> None:
        self.written = 0
        self._rate, self._chapters = sample_rate, list[tuple[str, int]]()
        options = {"movie_timescale": str(sample_rate), "brand": "M4B "}
        try:
            self._container = av.open(str(path), "w", format="ipod", options=options)
            stream = self._container.add_stream("aac", rate=sample_rate, layout="mono")
        except (av.FFmpegError, OSError) as error:
            raise Unavailable(f"cannot write {path}: {error}", code="disk") from error
        assert isinstance(stream, AudioStream)
        self._stream = stream
        self._stream.bit_rate = bit_rate(sample_rate)

    def begin_chapter(self, title: str) -> None:
        """The next sample begins a chapter; the first one reaches back to the file's start."""
        self._chapters.append((title, self.written))

    def write(self, block: Float32) -> None:
        """Appends (N,) float32 in [-1, 1].

        Raises:
            Unavailable: the disk refuses.
        """
        if not len(block):
            return
        samples = np.ascontiguousarray(block[None], np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = self._rate, self.written
        frame.time_base = Fraction(1, self._rate)
        self.written += len(block)
        try:
            self._container.mux(self._stream.encode(frame))
        except (av.FFmpegError, OSError) as error:
            raise Unavailable(f"cannot write audio: {error}", code="disk") from error

    def close(self) -> None:
        """Writes what is left, the chapters and the index.

        Raises:
            Unavailable: the disk refuses.
        """
        try:
            self._container.mux(self._stream.encode(None))
            self._container.set_chapters(self._marks())
            self._container.close()
        except (av.FFmpegError, OSError) as error:
            raise Unavailable(f"cannot finish audio: {error}", code="disk") from error

    def discard(self) -> None:
        """Closes without caring for the content: somebody else's error ended the writing."""
        try:
            self._container.close()
        except (av.FFmpegError, OSError) as error:
            raise Unavailable(f"cannot finish audio: {error}", code="disk") from error

    def _marks(self) -> list[Chapter]:
        """A chapter without samples would have no place; it is none."""
        if not self._chapters:
            return []
        starts = [0 if i == 0 else start for i, (_, start) in enumerate(self._chapters)]
        stretches = zip(starts, [*starts[1:], self.written], strict=True)
        base = Fraction(1, self._rate)
        return [
            {"id": i, "start": start, "end": end, "time_base": base, "metadata": {"title": title}}
            for i, ((title, _), (start, end)) in enumerate(
                zip(self._chapters, stretches, strict=True)
            )
            if end > start
        ]
