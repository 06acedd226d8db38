"""How far a job is, and how long it will take: pure arithmetic."""

from __future__ import annotations

import msgspec

from core.request import Lane


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """The speech that is planned and not done, of all jobs, as estimated for cutting parts."""

    interactive: float = 0.0
    """[s]"""
    bulk: float = 0.0
    """[s]"""
    pace: float | None = None
    """Seconds of speech per second, of all workers together while they speak; the last minutes
    count most. None: nothing was spoken yet."""


class RemainingWork(msgspec.Struct, frozen=True, kw_only=True):
    """The speech that has to be made before a job has ended."""

    own: float
    """Of the job itself [s]."""
    queue: float
    """Of its lane, up to the job's last part, first come first served [s]; jobs behind it that were
    cancelled since make it too low, never lower than ``own`` counts."""


class Forecast(msgspec.Struct, frozen=True):
    """A forecast of a job's start and end."""

    queue_position: int | None = None
    """Queued jobs of its lane that were there before it; None: it is not queued."""
    eta_seconds: float | None = None
    """Until its last part is spoken [s]; None: it has ended, is not planned yet, or nobody knows
    how fast things go."""


def share_of(done: float, total: float) -> float:
    """Returns done / total, 0 where there is nothing.

    >>> share_of(1500, 6000), share_of(0, 0)
    (0.25, 0.0)
    """
    return min(1.0, done / total) if total > 0 else 0.0


def eta_seconds(remaining: RemainingWork, lane: Lane, backlog: Backlog) -> float | None:
    """Returns when the last part of a job is spoken [s from now].

    (what is before it in its lane and its own rest, and for bulk jobs all that is interactive) /
    the measured pace. Estimated speech stands above and below the line, so that a biased estimate
    cancels out. Assembling is not in it: it takes less than a hundredth of speaking.

    >>> backlog = Backlog(interactive=10, bulk=500, pace=20)
    >>> eta_seconds(RemainingWork(own=30, queue=90), "bulk", backlog)
    5.0
    """
    if not backlog.pace:
        return None
    first = backlog.interactive if lane == "bulk" else 0.0
    return max(0.0, max(remaining.own, remaining.queue) + first) / backlog.pace
