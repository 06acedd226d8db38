"""Job ids: sorted by time, not guessable."""

from __future__ import annotations

import re
import secrets

ID_PATTERN = re.compile(r"^[0-9a-f]{32}$")


def new_job_id(now: float) -> str:
    """Returns 48 bits of Unix milliseconds and 80 random bits in hex; newer ids sort later.

    >>> new_job_id(1.0)[:12]
    '0000000003e8'
    """
    return oldest_id(now) + secrets.token_hex(10)


def oldest_id(now: float) -> str:
    """Returns what ids of that time [Unix s] begin with."""
    return f"{round(now * 1000):012x}"
