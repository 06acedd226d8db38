"""The page of the voices: what was measured of each, and how it sounds."""

from __future__ import annotations

from typing import Any, Final

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.response import Template

from api.backends import Backends
from api.routes.voices import VoiceView, list_voices
from api.studio.rendering import page

FIGURES: Final = {
    "wer_percent": "WER %",
    "dnsmos_ovrl": "DNSMOS",
    "dnsmos_p808": "P.808",
    "distill_mos": "Distill-MOS",
}
"""Figure of a card → heading."""


def figures_of(voice: VoiceView) -> list[str]:
    """Returns the figures that any pair of a voice has, in the order of the card."""
    pairs = [pair for vocoders in voice.quality.values() for pair in vocoders.values()]
    return [*dict.fromkeys(name for pair in pairs for name in pair)]


@get("/studio/voices", sync_to_thread=False)
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
