"""How a page is made: the templates, what every page knows, and the headers that it has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Template
from litestar.template import TemplateConfig

from api.admission import KEY_COOKIE, ApiClient
from api.backends import Backends
from api.settings import ApiSettings
from api.studio.assets import asset_path

PAGES: Final = {
    "speak": ("/", "Speak"),
    "book": ("/studio/book", "Book"),
    "jobs": ("/studio/jobs", "Jobs"),
    "voices": ("/studio/voices", "Voices"),
    "lexicons": ("/studio/lexicons", "Lexicons"),
}
"""Name → address and title of what the navigation leads to."""
KEYS: Final = {"keys": ("/studio/keys", "Keys")}
"""The same for admins, where the operator lets them make keys."""
AMAZON: Final = "https://*.amazonaws.com"


def clock(seconds: float) -> str:
    """Returns a length of time as minutes and seconds, with hours where there are any.

    >>> clock(4.2), clock(75), clock(3725)
    ('0:04', '1:15', '1:02:05')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def brief_seconds(seconds: float) -> str:
    """Returns a length of time with three significant digits and its unit.

    >>> brief_seconds(0.0123), brief_seconds(1.5), brief_seconds(83.2)
    ('12.3 ms', '1.5 s', '83.2 s')
    """
    if seconds < 0.1:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.3g} s"


def rfc3339(time: datetime) -> str:
    """Returns a time of UTC to the second.

    >>> rfc3339(datetime.fromisoformat("1970-01-01T00:00:00.5Z"))
    '1970-01-01T00:00:00Z'
    """
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {"clock": clock, "seconds": brief_seconds, "rfc3339": rfc3339}
    environment.globals["asset"] = asset_path
    return environment


TEMPLATES: Final = TemplateConfig(engine=JinjaTemplateEngine.from_environment(_environment()))


def security_policy(settings: ApiSettings) -> str:
    """Returns the Content-Security-Policy of a page: everything comes from here, nothing inline.

    Audio on object storage is fetched from there. Source: W3C Content Security Policy Level 3.
    """
    audio = ""
    if settings.storage:
        parts = urlsplit(settings.s3_public_endpoint or settings.s3_endpoint)
        audio = f" {parts.scheme}://{parts.netloc}" if parts.netloc else f" {AMAZON}"
    return (
        f"default-src 'self'; connect-src 'self'{audio}; media-src 'self' blob:{audio}; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def is_fragment(headers: Mapping[str, str]) -> bool:
    """Returns whether a script asks for a part of a page rather than for the whole."""
    return "hx-request" in headers and "hx-history-restore-request" not in headers


def _makes_keys(request: Request[Any, Any, Any], backends: Backends) -> bool:
    client = request.scope["state"].get("client", ApiClient())
    return backends.settings.keys_over_http and client.key is not None and client.key.admin


def page(
    request: Request[Any, Any, Any],
    backends: Backends,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: object,
) -> Template:
    """Returns a page, or for a script the part of it that the template's block ``main`` makes.

    Args:
        request: that asks for it.
        backends: of the API.
        template: name of its file.
        status: of the answer.
        headers: beside those of every page.
        context: what the template shows.
    """
    shared = {
        "Content-Security-Policy": security_policy(backends.settings),
        # A form's POST would carry "Origin: null" under no-referrer (WHATWG Fetch, section 4.7).
        "Referrer-Policy": "same-origin",
        "Vary": "HX-Request",
    }
    known: dict[str, object] = {
        "fragment": is_fragment(request.headers),
        "pages": PAGES | (KEYS if _makes_keys(request, backends) else {}),
        "active": "",
        "keys_required": backends.keys is not None,
        "has_key": KEY_COOKIE in request.cookies,
    }
    return Template(
        template,
        context=known | context,
        status_code=status,
        headers=shared | dict(headers or {}),
        media_type="text/html",
    )
