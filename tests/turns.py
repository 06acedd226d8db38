"""Turns of parts, for collectors without leases."""

from __future__ import annotations


class FixedTurn:
    """A turn that begins, or raises that error."""

    def __init__(self, error: Exception | None = None, *, suspect: bool = False) -> None:
        self.error, self.suspect = error, suspect

    def begin(self) -> None:
        if self.error:
            raise self.error


FREE = FixedTurn()
