"""The pages of the lexicons: which there are, and the entries of one."""

from __future__ import annotations

from typing import Any

from anyio import to_thread
from litestar import Request
from litestar.di import NamedDependency
from litestar.response import Template

from api.admission import ApiClient
from api.backends import Backends
from api.read_route import READ
from api.routes.lexicons import LexiconName, owner_of
from api.routes.voices import list_voices
from api.studio.rendering import page
from core.errors import NotFound
from core.lexicon import LexiconEntry


@READ("/studio/lexicons")
async def lexicons_page(
    request: Request[Any, Any, Any],
    backends: NamedDependency[Backends],
    client: NamedDependency[ApiClient],
) -> Template:
    """Returns the list of the client's lexicons."""
    found = await to_thread.run_sync(backends.lexicons.all, owner_of(client))
    return page(request, backends, "lexicons.html", active="lexicons", lexicons=found)


@READ("/studio/lexicons/{name:str}")
async def lexicon_page(
    request: Request[Any, Any, Any],
    name: LexiconName,
    backends: NamedDependency[Backends],
    client: NamedDependency[ApiClient],
) -> Template:
    """Returns the entries of a lexicon; one that is not there yet is empty."""
    entries: tuple[LexiconEntry, ...] = ()
    stored = True
    try:
        found = await to_thread.run_sync(backends.lexicons.get, owner_of(client), name)
        entries = found.entries
    except NotFound:
        stored = False
    return page(
        request,
        backends,
        "lexicon.html",
        active="lexicons",
        name=name,
        entries=entries,
        stored=stored,
        voices=list_voices(backends.catalogue).voices,
    )


ROUTES: list[Any] = [lexicons_page, lexicon_page]
