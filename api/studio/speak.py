"""The first page: a text is spoken."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from anyio import to_thread
from litestar import Request
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Template

from api.admission import ApiClient
from api.backends import Backends
from api.read_route import READ
from api.routes.lexicons import owner_of
from api.routes.voices import list_voices
from api.studio.rendering import page
from core.voice import Catalogue

Name = Annotated[str | None, QueryParameter(max_length=64)]


def chosen_networks(
    catalogue: Catalogue, voice: str | None, acoustic: str | None, vocoder: str | None
) -> dict[str, Any]:
    """Returns what the form shows of a voice: its networks, those that are chosen, its controls.

    A network that another voice had is chosen here too, where this voice offers it.

    Raises:
        FieldError: no such voice.
        NotFound: the catalogue is empty.
    """
    card = catalogue.voice(voice)
    chosen = catalogue.resolve(
        card.name,
        acoustic if acoustic in card.acoustic else None,
        vocoder if vocoder in card.vocoders else None,
    )
    return {
        "card": card,
        "acoustic": chosen.acoustic,
        "vocoder": chosen.vocoder,
        "controls": chosen.acoustic_component.controls,
    }


@READ("/")
async def speak_page(
    request: Request[Any, Any, Any],
    backends: NamedDependency[Backends],
    client: NamedDependency[ApiClient],
) -> Template:
    """Returns the page that speaks a text."""
    lexicons = await to_thread.run_sync(backends.lexicons.all, owner_of(client))
    return page(
        request,
        backends,
        "speak.html",
        active="speak",
        voices=list_voices(backends.catalogue).voices,
        lexicons=lexicons,
        **chosen_networks(backends.catalogue, None, None, None),
    )


@READ("/studio/networks", sync_to_thread=False)
def networks(
    request: Request[Any, Any, Any],
    backends: NamedDependency[Backends],
    voice: Name = None,
    acoustic: Name = None,
    vocoder: Name = None,
) -> Template:
    """Returns the part of the form that depends on the voice."""
    chosen = partial(chosen_networks, backends.catalogue)
    return page(request, backends, "networks.html", **chosen(voice, acoustic, vocoder))


ROUTES: list[Any] = [speak_page, networks]
