"""Refusals of an SSML document, at a line and column."""

from __future__ import annotations

from core.errors import SsmlError


def refusal(message: str, source: str, at: int) -> SsmlError:
    """Returns the error for a code point of the source."""
    line = source.count("\n", 0, at) + 1
    return SsmlError(message, line=line, column=at - source.rfind("\n", 0, at))
