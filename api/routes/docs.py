"""``/docs``: the API's description as a page, without anything from elsewhere.

``api/swagger_ui`` holds Swagger UI 5.35.0 (Apache-2.0) as npm's ``swagger-ui-dist`` has it, each
file compressed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from litestar import MediaType, Response
from litestar.params import FromPath

from api.read_route import READ
from core.errors import NotFound

FOLDER: Final = Path(__file__).resolve().parent.parent / "swagger_ui"
FILES: Final = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Rhapsode: the API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
START: Final = """SwaggerUIBundle({
  url: "/schema/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
});
"""
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
DAY: Final = "public, max-age=86400"


@READ("/docs", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=False)
def page() -> Response[str]:
    """Returns the page."""
    return Response(PAGE, headers={"Content-Security-Policy": POLICY}, media_type=MediaType.HTML)


@READ("/docs/{name:str}", include_in_schema=False, sync_to_thread=False)
def asset(name: FromPath[str]) -> Response[bytes]:
    """Returns a file of the page. Raises NotFound."""
    if name == "start.js":
        return Response(START.encode(), media_type="text/javascript")
    if name not in FILES:
        raise NotFound(f"no file {name}", code="not_found")
    data = (FOLDER / f"{name}.gz").read_bytes()
    headers = {"Content-Encoding": "gzip", "Cache-Control": DAY}
    return Response(data, media_type=FILES[name], headers=headers)


ROUTES: list[Any] = [page, asset]
