"""Frames of MP3 files: the bit rates that their headers name.

Source: ISO/IEC 11172-3 §2.4.1.3 and §2.4.2.3, ISO/IEC 13818-3 §2.4.2.3; the half sampling rates
below 16 kHz ("MPEG 2.5") are Fraunhofer's and in no standard.
"""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import NamedTuple

from audio.containers.id3 import HEADER_BYTES, tag_length
from core.formats import MP3_BIT_RATES

MPEG_1 = 3
"""Version bits of MPEG-1; 2 = MPEG-2, 0 = MPEG-2.5."""
SAMPLE_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
"""By version bits and index [Hz]."""
FRAME_SAMPLES = {3: 1152, 2: 576, 0: 576}
"""Samples per channel of a frame of layer III, by version bits."""
INFORMATION = (b"Xing", b"Info", b"VBRI")
"""Marks of a first frame without audio, which LAME and others write."""


class FrameHeader(NamedTuple):
    """What the header of a frame says: bits per second, and the frame's length in bytes."""

    bit_rate: int
    length: int


def frame_header(head: bytes) -> FrameHeader | None:
    """Reads the header in the first four bytes of a frame; None: there is none.

    >>> frame_header(bytes.fromhex("fff380c4"))
    FrameHeader(bit_rate=64000, length=208)
    """
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer_3 = head[1] >> 3 & 3, head[1] >> 1 & 3 == 1
    index, rate_index = head[2] >> 4, head[2] >> 2 & 3
    if version not in SAMPLE_RATES or not layer_3 or rate_index == 3 or index in (0, 15):
        return None
    rate = SAMPLE_RATES[version][rate_index]
    steps = MP3_BIT_RATES[32000 if version == MPEG_1 else 16000]
    bits = 1000 * steps[index - 1]
    return FrameHeader(bits, FRAME_SAMPLES[version] // 8 * bits // rate + (head[2] >> 1 & 1))


def mp3_bit_rates(path: Path) -> set[int]:
    """Returns the bit rates of all frames; one alone = constant. Raises OSError.

    A first frame that only informs about the others does not count.
    """
    rates = set[int]()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = tag_length(data[:HEADER_BYTES])
        while header := frame_header(data[at : at + 4]):
            frame = data[at : at + header.length]
            if rates or not any(mark in frame for mark in INFORMATION):
                rates.add(header.bit_rate)
            at += header.length
    return rates
