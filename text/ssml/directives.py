"""What SSML asks, as places in the source: scopes, events, overrides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["break", "mark", "sentence", "paragraph", "edge"]


@dataclass(frozen=True, slots=True)
class Scope:
    """What markup asks of a stretch, half open.

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
class Event:
    """Something at a place: a break [s], a mark, the edge of a sentence, paragraph or word."""

    at: int
    kind: Kind
    seconds: float = 0.0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Override:
    """A stretch that is not read as written.

    Attributes:
        tag: phoneme, sub or say-as.
        attributes: of the element.
    """

    start: int
    end: int
    tag: str
    attributes: Mapping[str, str]


@dataclass(slots=True)
class Markup:
    """A parsed document; all places are code points of the source.

    Attributes:
        characters: (character, start, end) of the text to read.
        languages: other than English, with their places.
    """

    characters: list[tuple[str, int, int]] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    overrides: list[Override] = field(default_factory=list)
    languages: list[tuple[str, int]] = field(default_factory=list)
