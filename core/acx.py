"""The report of a check against ACX's rules for audiobooks. Wire types."""

from __future__ import annotations

from typing import Literal

import msgspec

AcxRule = Literal[
    "rms_low",
    "rms_high",
    "peak_high",
    "noise_floor_high",
    "sample_rate",
    "bit_rate",
    "head",
    "tail",
    "too_long",
]
"""The last five are checked in files of the preset alone: 44.1 kHz, a constant bit rate of 192
kbit/s or more, room tone of 0.5 to 1 s before and 1 to 5 s behind the speech, 120 minutes."""


class AcxFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of an audiobook against ACX's rules."""

    file: str
    """Name within the archive."""
    rms_db: float
    peak_db: float
    noise_floor_db: float
    failures: tuple[AcxRule, ...] = ()


class AcxReport(msgspec.Struct, frozen=True):
    """Levels of an audiobook, and which of ACX's limits it misses. Digital silence is -120 dB."""

    rms_db: float
    """RMS of the whole, 0 dB = full scale."""
    peak_db: float
    """Level of the greatest sample."""
    noise_floor_db: float
    """RMS of the quietest half second."""
    failures: tuple[AcxRule, ...] = ()
    """Limits that are missed, of several files by any; empty = it passes."""
    files: int = 0
    """Files that were checked one by one; 0 = the audio was checked as a whole."""
    failed_files: tuple[AcxFile, ...] = ()
    """Files that miss a limit, the first fifty; the archive's manifest has all files."""
