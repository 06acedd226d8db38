"""The routes of the studio, put together."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, Router

from api.backends import Backends
from api.studio import assets, book, jobs, keys, lexicons, session, speak, voices


def studio_router(backends: Backends) -> Router:
    """Returns the studio's routes: problems are pages there, and OpenAPI does not describe them."""
    modules = [assets, session, speak, book, jobs, voices, lexicons]
    if backends.keys is not None and backends.settings.keys_over_http:
        modules.append(keys)

    def on_error(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        return session.error_page(backends, request, error)

    return Router(
        "/",
        route_handlers=[route for module in modules for route in module.ROUTES],
        exception_handlers={Exception: on_error},
        include_in_schema=False,
    )
