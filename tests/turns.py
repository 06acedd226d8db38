"""Turns of parts, for collectors without leases."""

from __future__ import annotations

from synthesis.results import TakeSamples
from workers.device.collector import BatchStats


class FixedTurn:
    """A turn that begins, or raises that error."""

    def __init__(
        self,
        error: Exception | None = None,
        *,
        suspect: bool = False,
        take_samples: TakeSamples | None = None,
    ) -> None:
        self.error, self.suspect, self.take_samples = error, suspect, take_samples

    def begin(self) -> None:
        if self.error:
            raise self.error

    def record_batch(self, batch: BatchStats, submitted_at: float) -> None: ...


FREE = FixedTurn()
