"""``OPTIONS``: which methods a path has.

Litestar answers it too, but with the methods of whichever handler of the path it saw first.
"""

from __future__ import annotations

from typing import Any

from litestar import Litestar
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send


def answering_options(app: ASGIApp) -> ASGIApp:
    """Returns middleware that answers with the methods of all handlers of a path, without a key."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        fields: Any = scope
        if scope["type"] != ScopeType.HTTP or fields["method"] != "OPTIONS":
            await app(scope, receive, send)
            return
        methods = methods_of(fields["litestar_app"], fields["path_template"])
        allow = (b"allow", ", ".join(methods).encode())
        await send({"type": "http.response.start", "status": 204, "headers": [allow]})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    return call


def methods_of(app: Litestar, template: str) -> list[str]:
    """Returns the methods of a route, sorted."""
    found = {str(m) for r in app.routes if r.path_format == template for m in _methods(r)}
    return sorted(found)


def _methods(route: Any) -> list[str]:
    return list(getattr(route, "methods", ()))
