"""SSML (a subset) to content with scopes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """What markup asks of ``content.text[start:end]``.

    Attributes:
        speed, pitch, energy, gain: factors.
        voice: another voice's name.
    """

    start: int
    end: int
    speed: float = 1.0
    pitch: float = 1.0
    energy: float = 1.0
    gain: float = 1.0
    voice: str | None = None
