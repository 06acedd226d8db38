"""Encodes audio whose end is not known: blocks of samples to bytes that can be sent at once.

What stands in a file's head once it is finished (its length, a table for seeking) is left open: WAV
says the greatest length that it can, FLAC says that it is not known, MP3 has no first frame that
informs about the others. The samples are those of the file.
"""

from __future__ import annotations

import struct
from typing import Final, cast

import numpy as np
import soundfile

from audio.aac.encoder import AacEncoder
from audio.aac.tables import SAMPLING_FREQUENCIES
from audio.containers.mp3 import frame_header
from audio.encode import CODECS, BlockWriter, compression_level, file_error
from audio.m4b import default_bit_rate
from audio.pcm import to_pcm16
from audio.resample import Resampler
from core.formats import stream_sample_rates
from core.mel import Float32
from core.request import AudioFormat, StreamFormat

ENDLESS: Final = 0xFFFFFFFF
"""What a RIFF header says of a length that is not known."""
AAC_BATCH: Final = 8
"""Frames of AAC that come at once: a third of a second at 24 kHz."""


class StreamEncoder:
    """An encoder of one channel whose bytes are taken as they come. One thread at a time.

    Args:
        format: container and codec; pcm = 16-bit little endian without a header, aac = ADTS.
        sample_rate: [Hz].
        bit_rate: bits per second of mp3 and opus; None = the format's choice.

    Raises:
        ValueError: the format cannot carry the sample rate.
    """

    def __init__(self, format: StreamFormat, sample_rate: int, bit_rate: int | None = None) -> None:
        if sample_rate not in stream_sample_rates(format):
            raise ValueError(f"{format} cannot carry {sample_rate} Hz")
        self._codec: _Pcm | _Adts | _Libsndfile
        if format in ("wav", "pcm"):
            self._codec = _Pcm(wav_header(sample_rate) if format == "wav" else b"")
        elif format == "aac":
            self._codec = _Adts(sample_rate)
        else:
            self._codec = _Libsndfile(cast(AudioFormat, format), sample_rate, bit_rate)

    def encode(self, block: Float32) -> bytes:
        """Takes (N,) float32, clipped to [-1, 1], and returns the bytes that are ready.

        Raises:
            ValueError: a sample is not finite.
        """
        if not np.isfinite(block).all():
            raise ValueError("samples are not finite")
        return self._codec.encode(np.clip(block, -1.0, 1.0))

    def finish(self) -> bytes:
        """Returns the rest; call once."""
        return self._codec.finish()


class EncodingPipeline:
    """Resamples and encodes.

    Args:
        native: sample rate of what is pushed [Hz].
        sample_rate: of the encoded audio [Hz].
        format: of the bytes.
        bit_rate: bits per second; None = the format's choice.

    Attributes:
        samples: how many were encoded.
    """

    def __init__(
        self, native: int, sample_rate: int, format: StreamFormat, bit_rate: int | None = None
    ) -> None:
        self._resampler = Resampler(native, sample_rate)
        self._encoder = StreamEncoder(format, sample_rate, bit_rate)
        self.samples = 0

    def push(self, block: Float32) -> bytes:
        """Takes (N,) float32 and returns the bytes that are ready."""
        return self._encode(self._resampler.push(block))

    def finish(self) -> bytes:
        """Returns the rest; call once."""
        return self._encode(self._resampler.finish()) + self._encoder.finish()

    def _encode(self, samples: Float32) -> bytes:
        self.samples += len(samples)
        return self._encoder.encode(samples)


def wav_header(sample_rate: int) -> bytes:
    """Returns the header of a mono 16-bit WAV file of unknown length.

    >>> len(wav_header(22050))
    44
    """
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, sample_rate, 2 * sample_rate, 2, 16)
    return (
        struct.pack("<4sI4s", b"RIFF", ENDLESS, b"WAVE")
        + fmt
        + struct.pack("<4sI", b"data", ENDLESS)
    )


class _Pcm:
    def __init__(self, header: bytes) -> None:
        self._header = header

    def encode(self, block: Float32) -> bytes:
        ready, self._header = self._header + to_pcm16(block).astype("<i2").tobytes(), b""
        return ready

    def finish(self) -> bytes:
        return self._header


class _Adts:
    """AAC-LC, each frame under a header of its own. Source: ISO/IEC 13818-7 §6.2."""

    def __init__(self, sample_rate: int) -> None:
        self._index = SAMPLING_FREQUENCIES.index(sample_rate)
        self._aac = AacEncoder(sample_rate, default_bit_rate(sample_rate), batch=AAC_BATCH)

    def encode(self, block: Float32) -> bytes:
        return b"".join(map(self._frame, self._aac.encode(block)))

    def finish(self) -> bytes:
        return b"".join(map(self._frame, self._aac.finish()))

    def _frame(self, data: bytes) -> bytes:
        fields = (
            (0xFFF, 12), (0, 1), (0, 2), (1, 1),  # sync word, MPEG-4, layer, no checksum
            (1, 2), (self._index, 4), (0, 1), (1, 3), (0, 4),  # low complexity, rate, mono
            (7 + len(data), 13), (0x7FF, 11), (0, 2),  # length, bits vary, one block
        )  # fmt: skip
        value = 0
        for number, bits in fields:
            value = value << bits | number
        return value.to_bytes(7, "big") + data


class _Libsndfile:
    def __init__(self, format: AudioFormat, sample_rate: int, bit_rate: int | None) -> None:
        container, codec = CODECS[format]
        self._sink = _AppendOnlySink(drop_first_frame=format == "mp3")
        try:
            file = soundfile.SoundFile(
                self._sink,
                "w",
                sample_rate,
                1,
                format=container,
                subtype=codec,
                compression_level=compression_level(format, sample_rate, bit_rate, 1),
                bitrate_mode="CONSTANT" if format == "mp3" and bit_rate else None,
            )
        except soundfile.LibsndfileError as error:
            raise file_error("cannot encode audio", error) from error
        self._writer = BlockWriter(file, format, channels=1)

    def encode(self, block: Float32) -> bytes:
        try:
            self._writer.write(block)
        except soundfile.LibsndfileError as error:
            raise file_error("cannot encode audio", error) from error
        return self._sink.take()

    def finish(self) -> bytes:
        try:
            self._writer.close()
        except soundfile.LibsndfileError as error:
            raise file_error("cannot finish audio", error) from error
        return self._sink.take()


class _AppendOnlySink:
    """A file for libsndfile of which only what is appended matters.

    What it writes over earlier bytes when it closes the file has been sent before, and is dropped.
    LAME leaves a first frame empty to fill it in then: it is dropped, too.
    """

    def __init__(self, *, drop_first_frame: bool) -> None:
        self._ready = bytearray()
        self._position = self._length = 0
        self._drop_first_frame = drop_first_frame

    def take(self) -> bytes:
        """Returns what was appended since the last call."""
        ready, self._ready = bytes(self._ready), bytearray()
        if self._drop_first_frame and ready:
            header = frame_header(ready)
            ready, self._drop_first_frame = ready[header.length if header else 0 :], False
        return ready

    def write(self, data: bytes) -> int:
        """Writes at the position."""
        data = bytes(data)
        fresh = max(0, self._position + len(data) - self._length)
        self._ready += data[len(data) - fresh :]
        self._position += len(data)
        self._length = max(self._length, self._position)
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Moves the position."""
        base = {0: 0, 1: self._position, 2: self._length}[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """Returns the position."""
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Returns nothing: libsndfile asks for the method, not for the bytes."""
        return b""
