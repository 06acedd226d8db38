"""``POST /audiobooks``: a book becomes a job; ``POST /audiobooks/chapters``: what it holds."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from functools import partial
from typing import IO, Annotated, Any

import msgspec
from anyio import to_thread
from litestar import Request, Response, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, MultipartBody

from api.admission import ApiClient
from api.backends import Backends
from api.body import decode_body
from api.book_request import BookRequest, BookView
from api.problems import (
    BodyError,
    FieldProblem,
    json_response,
    problem_response,
    problem_responses,
)
from api.reading import Reading
from api.reading_process import AcceptBook, AcceptedBook, AnalyzeBook, ListChapters
from api.routes.lexicons import lexicons_of
from api.routes.synthesize import KEY_SCHEMA, check_callback, create_job, idempotency_of
from api.views import JobView, job_view
from jobs.protocols import Idempotency
from jobs.storage.keys import book_key, cover_key
from text.analysis import AnalyzedBook

MAX_BOOK_BYTES = 64 * 1024 * 1024
"""Largest upload: pictures make up most of it."""
MAX_REQUEST_BYTES = 1024 * 1024
"""Largest ``request`` of a form; it may list thousands of chapters."""
BLOCK_BYTES = 1024 * 1024
"""Read at once of a file that is only looked through."""


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
    reading: NamedDependency[Reading],
    idempotency_key: Annotated[
        str | None,
        HeaderParameter(name="Idempotency-Key", schema_extra=KEY_SCHEMA),
    ] = None,
) -> Response[JobView]:
    """Accepts a book as a job of the bulk lane; without options an m4b with chapters.

    ``format: epub`` returns the book itself, its sentences shown as they sound (EPUB 3 with Media
    Overlays).
    """
    request, name = book_request_of(data), data.file.filename
    check_callback(request.callback, backends.settings)
    key = await _idempotency_of(idempotency_key, data.file, request)
    lexicons = await to_thread.run_sync(lexicons_of, backends, client, request.lexicons)
    task = AcceptBook(name, request, lexicons, client.most_characters)
    book = await reading.accept_book(task, data.file.file, client.quota_key)
    epub = data.file.file if book.source.kept is not None else None
    keep = partial(_keep_files, backends, book, epub)
    create = partial(
        create_job,
        backends,
        client,
        book.controls,
        book.source,
        key,
        keep,
        callback=request.callback,
    )
    record = await to_thread.run_sync(create)
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
async def list_chapters(
    data: MultipartBody[BookForm],
    client: NamedDependency[ApiClient],
    reading: NamedDependency[Reading],
) -> Response[BookView]:
    """Reads a book and speaks nothing: its chapters, and what is left out."""
    task = ListChapters(data.file.filename, book_request_of(data))
    return json_response(await reading.list_chapters(task, data.file.file, client.quota_key))


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
    reading: NamedDependency[Reading],
) -> Response[AnalyzedBook]:
    """Tells what a book would be read as; no job, no audio."""
    request = book_request_of(data)
    lexicons = await to_thread.run_sync(lexicons_of, backends, client, request.lexicons)
    task = AnalyzeBook(data.file.filename, request, lexicons, client.most_characters)
    return json_response(await reading.analyze_book(task, data.file.file, client.quota_key))


def book_request_of(form: BookForm) -> BookRequest:
    """Returns the request of a form. Raises BodyError."""
    encoded = form.request.encode()
    if len(encoded) > MAX_REQUEST_BYTES:
        message = f"request: {len(encoded)} bytes"
        errors = (FieldProblem("request", message, f"at most {MAX_REQUEST_BYTES} bytes"),)
        raise BodyError(message, code="body_too_large", status=413, errors=errors)
    return decode_body(encoded, "application/json", BookRequest)


async def _idempotency_of(
    key: str | None, file: UploadFile, request: BookRequest
) -> Idempotency | None:
    """Returns a client's name for a book; the file is read in blocks and not kept."""
    if key is None:
        return None
    digest = hashlib.sha256()
    while block := await file.read(BLOCK_BYTES):
        digest.update(block)
    await file.seek(0)
    # The name tells the kind of the file.
    digest.update(msgspec.json.encode(request) + ascii(file.filename).encode())
    return idempotency_of(key, digest.hexdigest())


def _keep_files(
    backends: Backends, book: AcceptedBook, epub: IO[bytes] | None, job_id: str
) -> None:
    """Stores what belongs into the job's file besides its audio."""
    if book.cover is not None:
        backends.audio.put(cover_key(job_id), book.cover.data)
    if epub is not None:
        epub.seek(0)
        with backends.audio.writing(book_key(job_id)) as path, path.open("wb") as kept:
            shutil.copyfileobj(epub, kept, BLOCK_BYTES)


ROUTES: list[Any] = [speak_book, list_chapters, analyze_chapters]
