"""The page of the API keys, for admins and where the operator allows it."""

from __future__ import annotations

from typing import Any

from anyio import to_thread
from litestar import Request
from litestar.di import NamedDependency
from litestar.response import Template

from api.admission import ApiClient
from api.backends import Backends
from api.read_route import READ
from api.routes.keys import admin_keys, key_view
from api.studio.rendering import is_fragment, page


@READ("/studio/keys")
async def keys_page(
    request: Request[Any, Any, Any],
    backends: NamedDependency[Backends],
    client: NamedDependency[ApiClient],
) -> Template:
    """Returns the page of the keys; for a script their list alone."""
    found = await to_thread.run_sync(admin_keys(backends, client).all)
    template = "key_list.html" if is_fragment(request.headers) else "keys.html"
    return page(request, backends, template, active="keys", keys=[*map(key_view, found)])


ROUTES: list[Any] = [keys_page]
