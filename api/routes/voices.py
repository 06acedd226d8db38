"""``GET /voices``: what can be asked for."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
from litestar import get
from litestar.di import NamedDependency

from api.backends import Backends
from api.problems import problem_responses
from core.formats import sample_rates
from core.request import AudioFormat, Precision, RuntimeName
from core.voice import Catalogue


class VoiceView(msgspec.Struct, frozen=True, kw_only=True):
    """A voice of the catalogue."""

    name: str
    title: str
    description: str
    language: str
    gender: str
    default: bool
    acoustic: tuple[str, ...]
    """Acoustic models, the default first."""
    vocoders: tuple[str, ...]
    """Vocoders, the default first."""
    runtime: RuntimeName
    """Which export speaks when a request names none."""
    precision: Precision
    """Of that export."""
    sample_rate: int
    """The voice's own [Hz]."""
    licence: str
    provenance: str
    quality: dict[str, dict[str, dict[str, float]]]
    """Measured figures by name with unit, by acoustic model and vocoder."""
    speed: dict[str, dict[str, dict[str, float]]]
    """The same of speed, on one core: `rtf`, and `times_piper` beside Piper in the same run."""


class VoiceList(msgspec.Struct, frozen=True):
    """All voices, and what is offered for every one."""

    voices: tuple[VoiceView, ...]
    runtimes: tuple[str, ...]
    formats: dict[str, tuple[int, ...]]
    """Format → sample rates [Hz]."""


@get("/voices", responses=problem_responses(), sync_to_thread=False, tags=["voices"])
def voices(backends: NamedDependency[Backends]) -> VoiceList:
    """Returns the voices with their networks, licence and measured quality and speed."""
    return list_voices(backends.catalogue)


def list_voices(catalogue: Catalogue) -> VoiceList:
    """Returns what a catalogue offers."""
    default = catalogue.voice(None).name if catalogue.voices else ""
    found = []
    for card in catalogue.voices.values():
        selection = catalogue.resolve(card.name)
        found.append(
            VoiceView(
                name=card.name,
                title=card.title,
                description=card.description,
                language=card.language,
                gender=card.gender,
                default=card.name == default,
                acoustic=tuple(card.acoustic),
                vocoders=tuple(card.vocoders),
                runtime=selection.runtime,
                precision=selection.precision,
                sample_rate=selection.acoustic_component.mel.sample_rate,
                licence=card.licence,
                provenance=card.provenance,
                quality=card.quality,
                speed=card.speed,
            )
        )
    formats = {name: sample_rates(name) for name in get_args(AudioFormat)}
    return VoiceList(tuple(found), get_args(RuntimeName), formats)


ROUTES: list[Any] = [voices]
