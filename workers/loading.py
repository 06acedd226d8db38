"""Voices as the engine sees them, so that fakes need no exports."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

from core.job import RuntimeName
from core.protocols import AcousticModel, Vocoder
from core.voice import Catalogue, VoiceCard


class Loaded(Protocol):
    """What ``exports.voice.load_voice`` returns, as far as the engine needs it."""

    @property
    def acoustic(self) -> AcousticModel: ...

    @property
    def vocoder(self) -> Vocoder: ...

    @property
    def digests(self) -> dict[str, str]: ...


class Joined(NamedTuple):
    """A pair of networks of which others may share either."""

    acoustic: AcousticModel
    vocoder: Vocoder
    digests: dict[str, str]


class Load(Protocol):
    """The signature of ``exports.voice.load_voice``."""

    def __call__(
        self,
        catalogue: Catalogue,
        voice: VoiceCard,
        *,
        acoustic: str,
        vocoder: str,
        runtime: RuntimeName,
        device: str = "cpu",
        artifacts: Path,
    ) -> Loaded: ...


def default_load() -> Load:
    """``exports.voice.load_voice``, imported only when a real voice is wanted."""
    from exports.voice import load_voice

    return load_voice
