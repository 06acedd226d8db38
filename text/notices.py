"""Warnings of one analysis; the same warning again is counted, not repeated."""

from __future__ import annotations

from core.text import Notice, Span


class Notices:
    """Collects the notices of one analysis."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], tuple[Span | None, int]] = {}

    def add(self, code: str, message: str, span: Span | None) -> None:
        """Adds a notice, or counts one that is there already."""
        first, times = self._found.get((code, message), (span, 0))
        self._found[code, message] = (first, times + 1)

    def collected(self) -> tuple[Notice, ...]:
        """Returns the notices in order of first occurrence, each with its first span."""
        return tuple(
            Notice(code, message if times == 1 else f"{message} ({times} times)", span)
            for (code, message), (span, times) in self._found.items()
        )
