"""Turns of parts, for collectors without a store."""

from __future__ import annotations


class Turned:
    """A turn that comes to this."""

    def __init__(self, error: Exception | None = None, *, suspect: bool = False) -> None:
        self.error, self.suspect = error, suspect

    def begin(self) -> None:
        if self.error:
            raise self.error


FREE = Turned()
