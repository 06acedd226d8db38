"""Routes of pages and files: who asks for the head alone gets it."""

from __future__ import annotations

from functools import partial
from typing import Final

from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler

READ: Final = partial(HTTPRouteHandler, http_method=[HttpMethod.GET, HttpMethod.HEAD])
"""For what OpenAPI does not describe: the server leaves the body of a HEAD out. A route that it
describes has a handler for each method, as every operation needs a name of its own."""
