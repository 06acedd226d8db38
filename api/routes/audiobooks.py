"""``POST /audiobooks``: a book becomes a job; ``POST /audiobooks/chapters``: what it holds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import msgspec
from anyio import to_thread
from litestar import Request, Response, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, MultipartBody

from api.admission import ApiClient
from api.backends import Backends
from api.body import decode_body
from api.book_request import BookRequest, BookView, source_of, view_of_book
from api.problems import BodyError, FieldProblem, problem_response, problem_responses
from api.routes.analyze import frontend_of
from api.routes.lexicons import with_lexicons
from api.routes.synthesize import KEY_SCHEMA, create_job, idempotency_of
from api.validation import resolve_controls
from api.views import JobView, job_view
from core.book import Book
from core.record import JobRecord
from core.request import Source
from jobs.storage.keys import cover_key
from text.analysis import AnalyzedBook, analyze_book
from text.books.reader import read_book

MAX_BOOK_BYTES = 64 * 1024 * 1024
"""Largest upload: pictures make up most of it."""


@dataclass
class BookForm:
    """A book and how it is to be spoken."""

    file: UploadFile
    """EPUB, DOCX, HTML, FB2, Markdown, plain text or SSML; bytes and suffix tell which."""
    request: str = "{}"
    """A BookRequest as JSON."""


def undecodable(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Returns the response to a text of the form that cannot be decoded.

    Litestar passes on what ``bytes.decode`` raises: the text is not in its character set, or that
    is not known. Some character sets hold what is no text (half of a surrogate pair).
    """
    if isinstance(error, UnicodeError) or type(error) is LookupError:
        message = "a text of the form cannot be decoded"
        whole = (FieldProblem("body", message, "UTF-8"),)
        error = BodyError(message, code="invalid_form", status=400, errors=whole)
    return problem_response(request, error)


UNDECODABLE: Any = {LookupError: undecodable, UnicodeError: undecodable}


@post(
    "/audiobooks",
    status_code=202,
    request_max_body_size=MAX_BOOK_BYTES,
    exception_handlers=UNDECODABLE,
    responses=problem_responses(400, 408, 413, 415, 422, 503),
    tags=["books"],
)
async def speak_book(
    data: MultipartBody[BookForm],
    backends: NamedDependency[Backends],
    client: NamedDependency[ApiClient],
    idempotency_key: Annotated[
        str | None,
        HeaderParameter(name="Idempotency-Key", schema_extra=KEY_SCHEMA),
    ] = None,
) -> Response[JobView]:
    """Accepts a book as a job of the bulk lane; without options an m4b with chapters."""
    content = await data.file.read()
    request = decode_body(data.request.encode(), "application/json", BookRequest)
    name = data.file.filename
    accept = partial(_accept, backends, client, content, name, request, idempotency_key)
    record = await to_thread.run_sync(accept)
    headers = {"Location": f"/jobs/{record.id}", "Retry-After": "1"}
    return Response(job_view(record), headers=headers)


@post(
    "/audiobooks/chapters",
    status_code=200,
    request_max_body_size=MAX_BOOK_BYTES,
    exception_handlers=UNDECODABLE,
    responses=problem_responses(400, 408, 413, 415, 422, 503),
    tags=["books"],
)
async def list_chapters(data: MultipartBody[BookForm]) -> BookView:
    """Reads a book and speaks nothing: its chapters, and what is left out."""
    content = await data.file.read()
    request = decode_body(data.request.encode(), "application/json", BookRequest)
    read = partial(read_book, content, data.file.filename, request.reading)
    return view_of_book(await to_thread.run_sync(read))


@post(
    "/audiobooks/analyze",
    status_code=200,
    request_max_body_size=MAX_BOOK_BYTES,
    exception_handlers=UNDECODABLE,
    responses=problem_responses(400, 408, 413, 415, 422, 503),
    tags=["books", "text"],
)
async def analyze_chapters(
    data: MultipartBody[BookForm],
    backends: NamedDependency[Backends],
    client: NamedDependency[ApiClient],
) -> AnalyzedBook:
    """Tells what a book would be read as; no job, no audio."""
    content = await data.file.read()
    request = decode_body(data.request.encode(), "application/json", BookRequest)
    analyze = partial(_analyze, backends, client, content, data.file.filename, request)
    return await to_thread.run_sync(analyze)


def _analyze(
    backends: Backends, client: ApiClient, content: bytes, name: str, request: BookRequest
) -> AnalyzedBook:
    book = read_book(content, name, request.reading)
    client.check_size(sum(len(chapter.text) for chapter in book.chapters), "file")
    lexicons = with_lexicons(backends, client, request.lexicons, Source(text="")).lexicons
    frontend = frontend_of(backends.catalogue, request)
    return analyze_book(frontend, book, lexicons, request.voices)


def _accept(
    backends: Backends,
    client: ApiClient,
    content: bytes,
    name: str,
    request: BookRequest,
    idempotency_key: str | None,
) -> JobRecord:
    digest = hashlib.sha256(content)
    digest.update(msgspec.json.encode(request) + ascii(name).encode())  # the name tells the kind
    key = idempotency_of(idempotency_key, digest.hexdigest())
    book: Book = read_book(content, name, request.reading)
    narrator = None
    if request.preset == "acx":
        selection = backends.catalogue.resolve(request.voice, request.acoustic, request.vocoder)
        narrator = selection.voice.title
    source = source_of(book, request, narrator)
    source = with_lexicons(backends, client, request.lexicons, source)
    client.check_size(len(source.text), "file")
    limits = backends.settings.duration_limits
    resolved = resolve_controls(request, source, backends.catalogue, "file", limits)
    return create_job(
        backends, client, resolved.controls, source, key, partial(_keep_cover, backends, book)
    )


def _keep_cover(backends: Backends, book: Book, job_id: str) -> None:
    if book.cover is not None:
        backends.audio.put(cover_key(job_id), book.cover.data)


ROUTES: list[Any] = [speak_book, list_chapters, analyze_chapters]
