"""The key of a browser: asked for once, kept in a cookie until the browser is closed.

The cookie is the key itself, out of reach of scripts and of other sites; ``api.admission`` takes it
where a request shows no other key, and only from the studio's own pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import quote, urlsplit

from anyio import to_thread
from litestar import Request, Response, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import QueryParameter, URLEncodedBody
from litestar.response import Redirect, Template

from api.admission import KEY_COOKIE
from api.backends import Backends
from api.browsers import require_own_origin
from api.problems import problem_of, problem_response
from api.read_route import READ
from api.studio.rendering import is_fragment, page
from core.errors import Unauthenticated

PATH: Final = "/studio/session"


@dataclass
class KeyForm:
    """The form that asks for a key."""

    key: str = ""
    next: str = "/"
    """Where to go then."""


def own_path(address: str) -> str:
    """Returns an address if it leads to a page of this service, else the first page.

    >>> own_path("/studio/jobs?state=failed"), own_path("//evil.example"), own_path("http://a/b")
    ('/studio/jobs?state=failed', '/', '/')
    """
    parts = urlsplit(address)
    local = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if local and not parts.netloc and address.isprintable() else "/"


@READ(PATH)
async def key_page(
    request: Request[Any, Any, Any],
    backends: NamedDependency[Backends],
    then: Annotated[str, QueryParameter(name="next", max_length=2000)] = "/",
) -> Template:
    """Returns the page that asks for a key."""
    return page(request, backends, "key.html", next=own_path(then), problem="")


@post(PATH, status_code=303)
async def begin(
    request: Request[Any, Any, Any],
    data: URLEncodedBody[KeyForm],
    backends: NamedDependency[Backends],
) -> Response[Any]:
    """Keeps a key that the service knows; says so where it does not know it."""
    require_own_origin("POST", request.headers)
    token, then = data.key.strip(), own_path(data.next)
    if backends.keys is None:
        return Redirect(then, status_code=303)
    try:
        await to_thread.run_sync(backends.keys.check, token)
    except Unauthenticated as error:
        return page(request, backends, "key.html", status=401, next=then, problem=error.message)
    cookie = Cookie(
        KEY_COOKIE,
        value=token,
        path="/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return Redirect(then, status_code=303, cookies=[cookie])


@post(PATH + "/end", status_code=303)
async def end(request: Request[Any, Any, Any]) -> Redirect:
    """Forgets the key."""
    require_own_origin("POST", request.headers)
    answer = Redirect(PATH, status_code=303)
    answer.delete_cookie(KEY_COOKIE)
    return answer


def error_page(
    backends: Backends, request: Request[Any, Any, Any], error: Exception
) -> Response[Any]:
    """Returns the page of an exception: its problem document for people, or the way to a key.

    A script that asked for a part of a page gets the document.
    """
    if isinstance(error, Unauthenticated):
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        target = f"{PATH}?next={quote(own_path(here), safe='')}"
        if is_fragment(request.headers):
            return Response(b"", status_code=401, headers={"HX-Redirect": target})
        return Redirect(target, status_code=303)
    document = problem_response(request, error)  # it is counted and logged as everywhere
    if is_fragment(request.headers):
        return document
    problem, headers = problem_of(error)
    return page(
        request, backends, "problem.html", status=problem.status, headers=headers, problem=problem
    )


ROUTES: list[Any] = [key_page, begin, end]
