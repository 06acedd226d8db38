"""``/keys``: API keys, for who has an admin key and where the operator allows it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from anyio import to_thread
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.openapi.spec import Example
from litestar.params import Body, PathParameter
from msgspec import Meta

from api.admission import ApiClient
from api.backends import Backends
from api.body import SynthesisBody
from api.browsers import Forbidden
from api.problems import problem_responses
from core.errors import NotFound
from core.units import utc, utc_or_none
from jobs.protocols import ApiKey, ApiKeyStore, KeyLimits

KeyId = Annotated[str, PathParameter(pattern=r"^[0-9a-f]{12}$")]


class RequestedLimits(KeyLimits, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The limits of a new key, where a field that is not known is a mistake."""


class KeyRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A key to be made."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    """Whose it is, for people."""
    admin: bool = False
    """Sees and cancels the jobs of all keys, and makes keys."""
    limits: RequestedLimits = RequestedLimits()


class KeyBody(SynthesisBody):
    """A transfer object for ``KeyRequest``."""

    wire_type = KeyRequest


EXAMPLES = [
    Example("A key with a rate", value={"name": "app", "limits": {"requests_per_minute": 60.0}})
]


class KeyView(msgspec.Struct, frozen=True, kw_only=True):
    """A key without its secret. Times are RFC 3339, in UTC."""

    id: str
    name: str
    created_at: datetime
    disabled_at: datetime | None
    """Since when it is refused."""
    admin: bool
    limits: KeyLimits


class KeyList(msgspec.Struct, frozen=True):
    """Every key there ever was, the oldest first."""

    keys: tuple[KeyView, ...]


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was just made."""

    key: KeyView
    token: str
    """What its owner shows; it is told this once and kept nowhere."""


def key_view(key: ApiKey) -> KeyView:
    """Returns a key as a client sees it."""
    return KeyView(
        id=key.id,
        name=key.name,
        created_at=utc(key.created_at),
        disabled_at=utc_or_none(key.disabled_at),
        admin=key.admin,
        limits=key.limits,
    )


def admin_keys(backends: Backends, client: ApiClient) -> ApiKeyStore:
    """Returns the keys, for who may change them.

    Raises:
        Forbidden: the client's key is none of an admin (code ``admin_only``).
        NotFound: the service requires no keys.
    """
    if backends.keys is None:
        raise NotFound("this service requires no keys", code="no_keys")
    if client.key is None or not client.key.admin:
        raise Forbidden("an admin's key is needed", code="admin_only")
    return backends.keys


@get("/keys", responses=problem_responses(403, 503), tags=["keys"])
async def list_keys(
    backends: NamedDependency[Backends], client: NamedDependency[ApiClient]
) -> KeyList:
    """Lists all keys, revoked ones too; never their secrets."""
    found = await to_thread.run_sync(admin_keys(backends, client).all)
    return KeyList(tuple(map(key_view, found)))


@post(
    "/keys",
    status_code=201,
    dto=KeyBody,
    return_dto=None,
    responses=problem_responses(400, 403, 413, 415, 422, 503),
    tags=["keys"],
)
async def add_key(
    data: Annotated[KeyRequest, Body(media_type=RequestEncodingType.JSON, examples=EXAMPLES)],
    backends: NamedDependency[Backends],
    client: NamedDependency[ApiClient],
) -> Response[NewKey]:
    """Makes a key: `{"name": …, "admin": false, "limits": {…}}`; its token is told this once."""
    store = admin_keys(backends, client)
    limits = KeyLimits(**msgspec.structs.asdict(data.limits))

    def add() -> tuple[ApiKey, str]:
        return store.add(data.name, backends.now(), limits=limits, admin=data.admin)

    key, token = await to_thread.run_sync(add)
    return Response(NewKey(key=key_view(key), token=token))


@delete(
    "/keys/{key_id:str}", status_code=200, responses=problem_responses(403, 404, 503), tags=["keys"]
)
async def revoke_key(
    key_id: KeyId, backends: NamedDependency[Backends], client: NamedDependency[ApiClient]
) -> KeyView:
    """Refuses a key from now on; its jobs go on."""
    store = admin_keys(backends, client)
    return key_view(await to_thread.run_sync(store.revoke, key_id, backends.now()))


ROUTES: list[Any] = [list_keys, add_key, revoke_key]
