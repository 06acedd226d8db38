"""``/lexicons/{name}``: pronunciations that a client's requests may name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from anyio import to_thread
from litestar import Request, Response, delete, get, put
from litestar.di import NamedDependency
from litestar.params import PathParameter

from api.admission import ApiClient
from api.backends import Backends
from api.openapi import takes_file
from api.problems import problem_responses
from core.errors import FieldError, NotFound
from core.lexicon import PronunciationLexicon
from text.lexicons import LARGEST_FILE, parse_lexicon

LexiconName = Annotated[str, PathParameter(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class LexiconFacts(msgspec.Struct, frozen=True):
    """A lexicon without its entries."""

    name: str
    digest: str
    entries: int


class LexiconList(msgspec.Struct, frozen=True):
    """The lexicons of a client."""

    lexicons: tuple[LexiconFacts, ...]


@put(
    "/lexicons/{name:str}",
    request_max_body_size=LARGEST_FILE,
    operation_class=takes_file(["application/pls+xml", "application/octet-stream"]),
    responses=problem_responses(400, 413, 415, 422, 429, 503),
    tags=["text"],
)
async def put_lexicon(
    name: LexiconName,
    request: Request[Any, Any, Any],
    backends: NamedDependency[Backends],
    client: NamedDependency[ApiClient],
) -> Response[LexiconFacts]:
    """Stores a lexicon: PLS 1.0, or a JSON object of words to IPA or `{"alias": …}`."""
    data = await request.body()
    lexicon = await to_thread.run_sync(parse_lexicon, name, data)
    owner = owner_of(client)
    created = await to_thread.run_sync(backends.lexicons.put, owner, lexicon)
    return Response(_facts(lexicon), status_code=201 if created else 200)


@get("/lexicons", responses=problem_responses(503), tags=["text"])
async def list_lexicons(
    backends: NamedDependency[Backends], client: NamedDependency[ApiClient]
) -> LexiconList:
    """Lists the client's lexicons."""
    found = await to_thread.run_sync(backends.lexicons.all, owner_of(client))
    return LexiconList(tuple(map(_facts, found)))


@get("/lexicons/{name:str}", responses=problem_responses(404, 503), tags=["text"])
async def get_lexicon(
    name: LexiconName, backends: NamedDependency[Backends], client: NamedDependency[ApiClient]
) -> PronunciationLexicon:
    """Returns a lexicon with its entries."""
    return await to_thread.run_sync(backends.lexicons.get, owner_of(client), name)


@delete("/lexicons/{name:str}", responses=problem_responses(404, 503), tags=["text"])
async def delete_lexicon(
    name: LexiconName, backends: NamedDependency[Backends], client: NamedDependency[ApiClient]
) -> None:
    """Deletes a lexicon; jobs that were accepted with it keep their copy."""
    await to_thread.run_sync(backends.lexicons.delete, owner_of(client), name)


def owner_of(client: ApiClient) -> str:
    """Returns the owner of a client's lexicons: its key, or everybody where none is required."""
    return client.owner or "everybody"


def lexicons_of(
    backends: Backends, client: ApiClient, names: Sequence[str]
) -> tuple[PronunciationLexicon, ...]:
    """Returns copies of the lexicons that a request names.

    Raises:
        FieldError: there is no such lexicon.
    """
    found = []
    for name in names:
        try:
            found.append(backends.lexicons.get(owner_of(client), name))
        except NotFound as error:
            message = f"no lexicon {name!r}"
            raise FieldError("lexicons", message, code="lexicon_not_found") from error
    return tuple(found)


def _facts(lexicon: PronunciationLexicon) -> LexiconFacts:
    return LexiconFacts(lexicon.name, lexicon.digest, len(lexicon.entries))


ROUTES: list[Any] = [put_lexicon, list_lexicons, get_lexicon, delete_lexicon]
