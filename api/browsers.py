"""What keeps a web page in somebody's browser from using a service that asks for no key.

A browser on the same machine or network reaches what the page's author does not. It sends simple
requests (also multipart, and JSON without a type) to any address without asking, and a name of the
author's may point at 127.0.0.1 (DNS rebinding). With API keys neither helps: no page has one.

Source: WHATWG Fetch §2.2.2 (simple requests), W3C Fetch Metadata Request Headers, OWASP
Cross-Site Request Forgery Prevention Cheat Sheet (standard headers).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from litestar.config.cors import CORSConfig
from litestar.types import Message, Scope

from api.settings import ApiSettings
from core.errors import RhapsodeError

SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")
HEADERS: Final = {
    b"x-content-type-options": b"nosniff",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"x-frame-options": b"DENY",
    b"cross-origin-resource-policy": b"same-origin",
    b"referrer-policy": b"no-referrer",
    b"cache-control": b"no-store",
}
"""Of every response that does not set its own. Source: OWASP REST Security Cheat Sheet."""


EXPOSED: Final = (
    "Content-Range", "ETag", "Location", "Preference-Applied", "Retry-After", "Rhapsode-Job",
)  # fmt: skip
"""Headers of answers that pages of other origins may read."""
PREFLIGHT_SECONDS: Final = 3600
"""How long a browser remembers what it may send [s]."""


class Forbidden(RhapsodeError):
    """Raised for a request that a web page of another origin may have made."""

    code = "cross_site"


def require_own_site(
    method: str,
    headers: Mapping[str, str],
    allowed_hosts: Sequence[str],
    origins: Sequence[str] = (),
) -> None:
    """Refuses what may come from a web page of another origin.

    Args:
        method: of HTTP.
        headers: of the request, lower case.
        allowed_hosts: names under which the service is reached, beside ``localhost`` and addresses.
        origins: of pages that may use the service, see ``require_own_origin``.

    Raises:
        Forbidden: the host is none of them (code ``host_not_allowed``), or the request comes from
            another site.
    """
    host = headers.get("host", "")
    if not is_allowed_host(host, allowed_hosts):
        message = f"{host!r} is no name of this service; RHAPSODE_ALLOWED_HOSTS names them"
        raise Forbidden(message, code="host_not_allowed")
    require_own_origin(method, headers, origins)


def require_own_origin(
    method: str, headers: Mapping[str, str], origins: Sequence[str] = ()
) -> None:
    """Refuses a request that changes something and that a page of another origin made.

    Args:
        method: of HTTP.
        headers: of the request, lower case.
        origins: of pages that may all the same; ``*`` = any.

    Raises:
        Forbidden: it is one.
    """
    if method in SAFE_METHODS:
        return
    site = headers.get("sec-fetch-site", "none")
    origin, host = headers.get("origin"), headers.get("host", "")
    if origin is not None and ("*" in origins or origin.lower() in origins):
        return
    if site not in ("none", "same-origin") or (
        origin is not None and urlsplit(origin).netloc.lower() != host.lower()
    ):
        raise Forbidden("a web page of another origin may not use this service without a key")


def is_allowed_host(host: str, allowed: Sequence[str]) -> bool:
    """Returns whether a Host header names this service.

    An address is allowed: only a name can be pointed elsewhere.

    >>> [is_allowed_host(h, ["tts.lan"]) for h in ("127.0.0.1:80", "[::1]", "localhost:1")]
    [True, True, True]
    >>> is_allowed_host("TTS.lan:8080", ["tts.lan"]), is_allowed_host("evil.example", ["tts.lan"])
    (True, False)
    """
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    if "*" in allowed or name in {one.lower() for one in allowed}:
        return True
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def cors_of(settings: ApiSettings) -> CORSConfig | None:
    """Returns which origins' pages may use the service; None: no other than its own."""
    if not settings.cors_origins:
        return None
    return CORSConfig(
        allow_origins=list(settings.cors_origins),
        allow_methods=["GET", "HEAD", "POST", "PUT", "DELETE"],
        allow_headers=["*"],
        expose_headers=list(EXPOSED),
        max_age=PREFLIGHT_SECONDS,
    )


async def add_security_headers(message: Message, _: Scope) -> None:
    """Adds ``HEADERS`` to a response; to be called before anything of it is sent."""
    if message["type"] == "http.response.start":
        present = {name.lower() for name, _ in message["headers"]}
        more = [(name, value) for name, value in HEADERS.items() if name not in present]
        message["headers"] = [*message["headers"], *more]
