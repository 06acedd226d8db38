"""Admission of requests: API keys, before any route runs."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from anyio import to_thread
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.openapi.spec import Components, SecurityScheme

from api.backends import Backends
from api.browsers import SAFE_METHODS, require_own_origin, require_own_site
from api.problems import BodyError, FieldProblem
from api.settings import ApiSettings
from api.validation import require_size
from core.errors import NotFound, Unauthenticated
from core.record import JobRecord
from jobs.ids import ID_PATTERN, is_job_name
from jobs.protocols import ApiKey, ApiKeyStore, OpenJobLimits

OPEN: Final = (
    "/healthz",
    "/readyz",
    "/metrics",
    "/schema",
    "/docs",
    "/studio/assets",
    "/studio/session",
)
"""Probes, Prometheus, the description of the API and its page, the studio's files and its page that
asks for a key have no key; see docs/operations.md."""
KEY_COOKIE: Final = "rhapsode_key"
"""The cookie in which the studio keeps a browser's key."""
SCHEMES: Final = Components(
    security_schemes={
        "bearer": SecurityScheme(type="http", scheme="bearer", description="an API key"),
        "header": SecurityScheme(type="apiKey", name="X-API-Key", security_scheme_in="header"),
    }
)
SECURITY: Final[list[dict[str, list[str]]]] = [{"bearer": []}, {"header": []}]


@dataclass(frozen=True, slots=True)
class ApiClient:
    """A client of the API, as its key describes it.

    Attributes:
        key: None where the service requires none.
        address: of its end of the connection, "" where there is none (a Unix socket).
    """

    key: ApiKey | None = None
    address: str = ""

    @property
    def owner(self) -> str | None:
        """The owner of the jobs that it makes."""
        return self.key.id if self.key else None

    @property
    def quota_key(self) -> str:
        """On whose account its requests take their share: its key, else its network.

        An IPv6 client has a network of 64 bits for itself, and all addresses in it.
        """
        return self.key.id if self.key else network_of(self.address)

    @property
    def visible_owner(self) -> str | None:
        """The owner whose jobs it may see; None = it may see all."""
        return None if self.key is None or self.key.admin else self.key.id

    def may_see(self, record: JobRecord) -> bool:
        """Whether a job exists for it."""
        return self.visible_owner is None or record.owner == self.visible_owner

    def open_job_limits(self, settings: ApiSettings) -> OpenJobLimits:
        """Returns how many jobs may be open before a new one of this client."""
        own = self.key.limits.open_jobs if self.key else None
        return OpenJobLimits(of_all=settings.max_open_jobs, of_owner=own)

    def check_size(self, characters: int, field: str) -> None:
        """Refuses a text that is longer than the key allows.

        Args:
            characters: length in code points.
            field: of the request that holds it.

        Raises:
            FieldError: it is.
        """
        require_size(characters, self.most_characters, field)

    @property
    def most_characters(self) -> int | None:
        """Longest text that the key allows; None = any."""
        return self.key.limits.characters if self.key else None


class Admission:
    """A guard of every route: finds the key, counts the request, hides the jobs of others.

    A job is looked at here, by the path parameter ``job_id``, so that no route can forget to; and a
    name that its owner gave it becomes its id here, so that every route takes both.

    Args:
        backends: to ask.
    """

    def __init__(self, backends: Backends) -> None:
        self._backends = backends

    async def __call__(
        self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler
    ) -> None:
        """Raises Unauthenticated, LimitReached, Forbidden, BodyError, NotFound, Unavailable."""
        address = connection.client.host if connection.client else ""
        client, keys = ApiClient(address=address), self._backends.keys
        if keys is None and not is_open(connection.scope["path_template"]):
            scope: Any = connection.scope
            method = str(scope["method"])
            settings = self._backends.settings
            hosts, origins = settings.allowed_hosts, settings.cors_origins
            require_own_site(method, connection.headers, hosts, origins)
            _require_content_type(method, connection.headers)
        if keys is not None and not is_open(connection.scope["path_template"]):
            token = token_of(connection) or _cookie_token(connection)
            # Who waits for a job may ask as often as it likes: only the rest counts.
            asks = "job_id" in connection.path_params
            counts = not asks or str(connection.scope["method"]) not in SAFE_METHODS  # type: ignore[typeddict-item]
            client = await to_thread.run_sync(_authenticate, keys, token, address, counts)
        await self._resolve_name(connection, client)
        if client.visible_owner is not None:
            job_id = connection.path_params.get("job_id")
            if job_id is not None and ID_PATTERN.match(job_id):
                record = await to_thread.run_sync(self._backends.store.records.get, job_id)
                if not client.may_see(record):
                    raise NotFound(f"no job {job_id}", code="job_not_found")
        connection.scope["state"]["client"] = client

    async def _resolve_name(
        self, connection: ASGIConnection[Any, Any, Any, Any], client: ApiClient
    ) -> None:
        """Puts a job's id where its owner gave the name of it. Raises NotFound, Unavailable."""
        name = connection.path_params.get("job_id")
        if name is None or connection.scope.get("method") == "PUT" or not is_job_name(name):
            return
        find = self._backends.store.records.id_of
        job_id = await to_thread.run_sync(find, client.owner, name)
        # Other requests share the router's own mapping: it is not to be changed.
        connection.scope["path_params"] = {**connection.path_params, "job_id": job_id}


def _require_content_type(method: str, headers: Mapping[str, str]) -> None:
    """Refuses a body without a type: a web page may send it anywhere without being asked for."""
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    if method not in SAFE_METHODS and has_body and not headers.get("content-type"):
        message = "a body needs a Content-Type"
        errors = (FieldProblem("Content-Type", message, "application/json"),)
        raise BodyError(message, code="unsupported_media_type", status=415, errors=errors)


def _authenticate(keys: ApiKeyStore, token: str | None, address: str, counts: bool) -> ApiClient:
    """Returns the client of a token; a request that counts takes its place in the key's rate."""
    if token is None:
        raise Unauthenticated("an API key is needed: Authorization: Bearer KEY, or X-API-Key: KEY")
    key = keys.check(token)
    if counts:
        keys.admit(key)
    return ApiClient(key, address)


def network_of(address: str) -> str:
    """Returns the network that is one client's: the address itself, of IPv6 its first 64 bits.

    >>> network_of("192.0.2.7"), network_of("2001:db8::7:1"), network_of("::ffff:192.0.2.7")
    ('192.0.2.7', '2001:db8::/64', '192.0.2.7')
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    mapped = parsed.ipv4_mapped
    return str(mapped or ipaddress.ip_network((parsed, 64), strict=False))


def token_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """Returns the token that a request shows; None: it shows none."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return str(token.strip())
    return connection.headers.get("x-api-key")


def _cookie_token(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """Returns the token of the studio's cookie. Raises Forbidden: another site sends it."""
    token = connection.cookies.get(KEY_COOKIE)
    if token is not None:
        require_own_origin(str(connection.scope["method"]), connection.headers)  # type: ignore[typeddict-item]
    return token


def is_open(path: str) -> bool:
    """Whether a route, by its template, is answered without a key.

    >>> is_open("/schema/openapi.json"), is_open("/schemata"), is_open("/jobs")
    (True, False, False)
    """
    return any(path == one or path.startswith(f"{one}/") for one in OPEN)


def client_of(request: Request[Any, Any, Any]) -> ApiClient:
    """Returns the client that the guard found: the dependency ``client`` of routes."""
    found: ApiClient = request.scope["state"]["client"]
    return found
