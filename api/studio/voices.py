"""The page of the voices: what was measured of each, and how it sounds."""

from __future__ import annotations

from typing import Any, Final

from litestar import Request
from litestar.di import NamedDependency
from litestar.response import Template

from api.backends import Backends
from api.read_route import READ
from api.routes.voices import VoiceView, list_voices
from api.studio.rendering import page

FIGURES: Final = {
    "wer_percent": "WER %",
    "dnsmos_ovrl": "DNSMOS",
    "dnsmos_p808": "P.808",
    "distill_mos": "Distill-MOS",
    "rtf": "RTF, one core",
    "times_piper": "× Piper",
}
"""Figure of a card → heading."""


def figures_of(voice: VoiceView) -> list[str]:
    """Returns the figures that any pair of a voice has, in the order of the card."""
    kinds = (voice.quality, voice.speed)
    pairs = [p for kind in kinds for vocoders in kind.values() for p in vocoders.values()]
    return [*dict.fromkeys(name for pair in pairs for name in pair)]


@READ("/studio/voices", sync_to_thread=False)
def voices_page(request: Request[Any, Any, Any], backends: NamedDependency[Backends]) -> Template:
    """Returns the page of the voices."""
    voices = list_voices(backends.catalogue).voices
    figures = [*dict.fromkeys(name for voice in voices for name in figures_of(voice))]
    return page(
        request,
        backends,
        "voices.html",
        active="voices",
        voices=voices,
        figures=figures,
        figure_names=FIGURES,
    )


ROUTES: list[Any] = [voices_page]
