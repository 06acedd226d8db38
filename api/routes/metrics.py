"""``GET /metrics``: Prometheus text exposition."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from prometheus_client import CONTENT_TYPE_LATEST

from api.backends import Backends
from api.metrics import CurrentState
from api.routes.health import WITHOUT_KEY


@get("/metrics", security=WITHOUT_KEY, media_type="text/plain", tags=["health"])
async def metrics(
    backends: NamedDependency[Backends], current_state: NamedDependency[CurrentState]
) -> Response[bytes]:
    """Returns the metrics of the API and of the workers that share its metrics folder."""
    body = await current_state.page(backends.settings.metrics_folder)
    return Response(body, media_type=CONTENT_TYPE_LATEST.rsplit(";", 1)[0])  # charset is added


ROUTES: list[Any] = [metrics]
