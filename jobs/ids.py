"""Job ids: sorted by time, not guessable."""

from __future__ import annotations

import re
import secrets

ID_PATTERN = re.compile(r"^[0-9a-f]{32}$")
JOB_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
"""What a client may call a job, unless it could be an id."""


def is_job_name(text: str) -> bool:
    """Returns whether a text is a name that a client may choose, and no id.

    >>> is_job_name("chapter-7"), is_job_name("0" * 32), is_job_name("../a")
    (True, False, False)
    """
    return JOB_NAME.fullmatch(text) is not None and ID_PATTERN.match(text) is None


def new_job_id(now: float) -> str:
    """Returns 48 bits of Unix milliseconds and 80 random bits in hex; newer ids sort later.

    >>> new_job_id(1.0)[:12]
    '0000000003e8'
    """
    return oldest_id(now) + secrets.token_hex(10)


def oldest_id(now: float) -> str:
    """Returns what ids of that time [Unix s] begin with."""
    return f"{round(now * 1000):012x}"
