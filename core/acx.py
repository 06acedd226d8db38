"""The report of a check against ACX's rules for audiobooks. A wire type."""

from __future__ import annotations

from typing import Literal

import msgspec

AcxRule = Literal["rms_low", "rms_high", "peak_high", "noise_floor_high"]


class AcxReport(msgspec.Struct, frozen=True):
    """Levels of a file, and which of ACX's limits it misses. Digital silence is -120 dB."""

    rms_db: float
    """RMS of the whole file, 0 dB = full scale."""
    peak_db: float
    """Level of the greatest sample."""
    noise_floor_db: float
    """RMS of the quietest half second."""
    failures: tuple[AcxRule, ...] = ()
    """Limits that are missed; empty = the file passes."""
