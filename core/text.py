"""What the text front end makes of a text. Wire types: they cross processes and are stored."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class Span(msgspec.Struct, frozen=True, array_like=True):
    """A run of the source text, in code points, half open."""

    start: int
    end: int


class Notice(msgspec.Struct, frozen=True, omit_defaults=True):
    """A warning that reaches the report: nothing is dropped or guessed without one."""

    code: str
    """Stable, snake case: word_guessed, character_silent, sentence_split, anomaly_retried …"""
    message: str
    """One sentence for a reader."""
    span: Span | None = None
    """Where in the source text, if anywhere."""


class Silence(msgspec.Struct, frozen=True):
    """Source characters that are not spoken, and why."""

    span: Span
    reason: Literal["whitespace", "punctuation", "markup", "symbol", "emoji", "control", "script"]
    """script: letters that the language of the voice does not use."""


Pause = Annotated[float, Meta(ge=0.0, le=10.0, description="seconds, at speed 1")]


class Pauses(msgspec.Struct, frozen=True, kw_only=True):
    """Silences [s] before the request's speed is applied, where the text itself asks for none."""

    sentence: Pause = 0.25
    """Between sentences; the voice's own full stop carries about as much again."""
    paragraph: Pause = 0.6
    """Between paragraphs."""
    scene: Pause = 1.2
    """Between scenes, where a paragraph of signs alone stands (``* * *``, ``#``)."""
    chapter: Pause = 1.5
    """Between chapters."""


class VoiceAssignment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which voices speak a plain text besides the request's."""

    speakers: dict[str, str] = {}
    """Voices by the names that stand before a script's speeches, in any case."""
    quotes: str | None = None
    """What stands in quotation marks; None = the voice around it."""


ONE_VOICE = VoiceAssignment()
"""The request's voice speaks all that no tag gives to another."""


class Prosody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Controls of a run of phonemes, on top of the request's."""

    start: int
    """First phoneme, index into ``Utterance.phonemes``."""
    end: int
    """One past the last phoneme."""
    speed: float = 1.0
    """2.0 = half the duration."""
    pitch: float = 1.0
    """Factor on F0 [Hz]."""
    energy: float = 1.0
    """Factor on the energy the acoustic model sees (emphasis)."""
    gain: float = 1.0
    """Factor on the samples (SSML volume)."""


class Word(msgspec.Struct, frozen=True, omit_defaults=True):
    """A word: where it stands in the source and in the phonemes."""

    text: str
    span: Span
    start: int
    """First phoneme."""
    end: int
    """One past the last phoneme."""
    guessed: bool = False
    """No lexicon has it: its pronunciation is a guess."""
    sense: str = ""
    """Of a homograph: which of its meanings was chosen."""


class Utterance(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One input of an acoustic model, about one sentence."""

    text: str
    """Normalized, as it is spoken."""
    span: Span
    """The source text it speaks."""
    phonemes: tuple[str, ...]
    """Symbols of the voice's table, word gaps and punctuation included."""
    phoneme_ids: tuple[int, ...]
    """The same as ids of that table."""
    pause_after_seconds: float
    """Silence after it [s], before the request's speed is applied."""
    prosody: tuple[Prosody, ...] = ()
    words: tuple[Word, ...] = ()
    voice: str | None = None
    """Another voice (SSML ``<voice>``), None = the request's."""


class TextAnalysis(msgspec.Struct, frozen=True):
    """Utterances and silences cover every source character; silences inside utterances count."""

    utterances: tuple[Utterance, ...]
    silences: tuple[Silence, ...]
    notices: tuple[Notice, ...]
    lead_seconds: float = 0.0
    """Silence before the first utterance [s] (a break at the start)."""
