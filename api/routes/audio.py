"""``GET /jobs/{id}/audio``: the file, whole or a range of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

from anyio import to_thread
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter
from litestar.response import Stream

from api.backends import Backends
from api.problems import AudioNotReady, RangeError, documented
from api.routes.jobs import known_id
from core.errors import NotFound
from core.formats import MEDIA_TYPES
from core.job import TERMINAL, JobRecord
from core.protocols import AudioStore
from jobs.keys import audio_key

BLOCK_BYTES = 256 * 1024
_RANGE = re.compile(r"^bytes=(\d*)-(\d*)$")


@get(
    "/jobs/{job_id:str}/audio",
    responses={
        200: ResponseSpec(
            bytes, description="The file", media_type="audio/wav", generate_examples=False
        ),
        206: ResponseSpec(
            bytes, description="A range", media_type="audio/wav", generate_examples=False
        ),
        304: ResponseSpec(None, description="Not modified"),
        **documented(404, 409, 416, 503),
    },
    tags=["jobs"],
)
async def audio(
    job_id: FromPath[str],
    backends: NamedDependency[Backends],
    range_header: Annotated[str | None, HeaderParameter(name="Range")] = None,
    if_range: Annotated[str | None, HeaderParameter(name="If-Range")] = None,
    if_none_match: Annotated[str | None, HeaderParameter(name="If-None-Match")] = None,
) -> Response[Any]:
    """The audio of an ended job, in the format that was asked for."""
    record = await to_thread.run_sync(backends.store.get, known_id(job_id))
    _require_audio(record)
    key = audio_key(job_id, record.request.format)
    size = await to_thread.run_sync(backends.audio.size, key)
    etag = f'"{job_id}"'  # a job's audio never changes
    headers = {"ETag": etag, "Accept-Ranges": "bytes", "Cache-Control": "private, max-age=31536000"}
    if if_none_match and (if_none_match.strip() == "*" or etag in if_none_match):
        return Response(None, status_code=304, headers=headers)
    wanted = None if if_range not in (None, etag) else parse_range(range_header, size)
    start, stop = wanted or (0, size)
    headers["Content-Length"] = str(stop - start)
    headers["Content-Type"] = MEDIA_TYPES[record.request.format]
    suffix = key.rsplit(".", 1)[-1]
    headers["Content-Disposition"] = f'inline; filename="{job_id}.{suffix}"'
    if wanted:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return Stream(
        _blocks(backends.audio, key, start, stop),
        status_code=206 if wanted else 200,
        headers=headers,
    )


def _require_audio(record: JobRecord) -> None:
    if record.state not in TERMINAL:
        raise AudioNotReady(f"the job is {record.state}")
    if record.report is None:
        raise NotFound(f"the job is {record.state} and has no audio", code="no_audio")


def _blocks(store: AudioStore, key: str, start: int, stop: int) -> Iterator[bytes]:
    for at in range(start, stop, BLOCK_BYTES):
        yield store.read(key, at, min(at + BLOCK_BYTES, stop))


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """One byte range as [start, stop); None: send it whole (no range, or more than one).

    Raises:
        RangeError: the range lies outside.

    >>> parse_range("bytes=-10", 100), parse_range("bytes=90-", 100), parse_range("bytes=0-0", 100)
    ((90, 100), (90, 100), (0, 1))
    """
    found = _RANGE.match((header or "").strip())
    if not found or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        start, stop = max(size - int(last), 0), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None  # no range at all (RFC 9110 §14.1.1)
    if start >= stop:
        raise RangeError(size)
    return start, stop


ROUTES: list[Any] = [audio]
