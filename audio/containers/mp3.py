"""Frames of MP3 files: the bit rates that their headers name.

Source: ISO/IEC 11172-3 §2.4.1.3 and §2.4.2.3, ISO/IEC 13818-3 §2.4.2.3; the half sampling rates
below 16 kHz ("MPEG 2.5") are Fraunhofer's and in no standard.
"""

from __future__ import annotations

import mmap
from pathlib import Path

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


def mp3_bit_rates(path: Path) -> set[int]:
    """Returns the bit rates of all frames; one alone = constant. Raises OSError.

    A first frame that only informs about the others does not count.
    """
    rates = set[int]()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = tag_length(data[:HEADER_BYTES])
        while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] & 0xE0 == 0xE0:
            version, layer_3 = data[at + 1] >> 3 & 3, data[at + 1] >> 1 & 3 == 1
            index, rate_index = data[at + 2] >> 4, data[at + 2] >> 2 & 3
            if version not in SAMPLE_RATES or not layer_3 or rate_index == 3 or index in (0, 15):
                break
            rate = SAMPLE_RATES[version][rate_index]
            steps = MP3_BIT_RATES[32000 if version == MPEG_1 else 16000]
            bits = 1000 * steps[index - 1]
            length = FRAME_SAMPLES[version] // 8 * bits // rate + (data[at + 2] >> 1 & 1)
            if rates or not any(mark in data[at : at + length] for mark in INFORMATION):
                rates.add(bits)
            at += length
    return rates
