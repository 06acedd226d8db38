"""Warnings of one analysis, told once however often they occur."""

from __future__ import annotations

from core.text import Notice, Span


class Notices:
    """Collects notices; the same message again is counted."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], tuple[Span | None, int]] = {}

    def add(self, code: str, message: str, span: Span | None) -> None:
        """Tells or counts."""
        first, times = self._found.get((code, message), (span, 0))
        self._found[code, message] = (first, times + 1)

    def told(self) -> tuple[Notice, ...]:
        """In order of first occurrence; the span is the first one's."""
        return tuple(
            Notice(code, message if times == 1 else f"{message} ({times} times)", span)
            for (code, message), (span, times) in self._found.items()
        )
