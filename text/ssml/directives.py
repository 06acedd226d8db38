"""What SSML asks of the text it marks up: scopes, events, overrides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

EventKind = Literal["break", "mark", "sentence", "paragraph", "edge"]


@dataclass(frozen=True, slots=True)
class SsmlScope:
    """What an element asks of the text inside it; the span is half open.

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


@dataclass(frozen=True, slots=True)
class SsmlEvent:
    """Something at one position: a break [s], a mark, the edge of a sentence, paragraph or word."""

    at: int
    kind: EventKind
    seconds: float = 0.0
    name: str = ""


@dataclass(frozen=True, slots=True)
class SsmlOverride:
    """Text that is not read as written; the span is half open.

    Attributes:
        tag: phoneme, sub or say-as.
        attributes: of the element.
    """

    start: int
    end: int
    tag: str
    attributes: Mapping[str, str]


@dataclass(slots=True)
class SsmlDocument:
    """A parsed document; all positions are code points of the source.

    Attributes:
        characters: (character, start, end) of the text to read.
        languages: other than English, with their positions.
    """

    characters: list[tuple[str, int, int]] = field(default_factory=list)
    scopes: list[SsmlScope] = field(default_factory=list)
    events: list[SsmlEvent] = field(default_factory=list)
    overrides: list[SsmlOverride] = field(default_factory=list)
    languages: list[tuple[str, int]] = field(default_factory=list)
