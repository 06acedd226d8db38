"""``/jobs/{id}/audio``: the file, whole or a range of it, or where object storage has it; with
``stream=true`` the audio while it is made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, cast

from anyio import to_thread
from litestar import MediaType, Request, Response, get, head
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter, QueryParameter
from litestar.response import Stream

from api.admission import ApiClient
from api.backends import Backends
from api.fair_semaphore import Compute, FairThreads
from api.openapi import also_media_types
from api.problems import AudioDamaged, AudioNotReady, RangeError, problem_responses
from api.routes.jobs import known_id
from api.streaming import JobAudioStream
from api.validation import require_streamable
from core.errors import Conflict, FieldError, NotFound
from core.formats import MEDIA_TYPES, STREAM_MEDIA_TYPES, ZIP
from core.protocols import AudioStore
from core.record import TERMINAL, JobRecord
from core.request import FileFormat, StreamFormat
from jobs.storage.keys import audio_key

BLOCK_BYTES = 256 * 1024
AUDIO = [kind.partition(";")[0] for kind in (*MEDIA_TYPES.values(), ZIP)]
STREAMED = [*AUDIO, "audio/pcm", "audio/aac"]
ALIASES: dict[StreamFormat, tuple[str, ...]] = {
    "wav": ("audio/x-wav", "audio/wave", "audio/vnd.wave"),
    "mp3": ("audio/mp3",),
    "opus": ("audio/opus",),
    "flac": ("audio/x-flac",),
    "aac": ("audio/aacp",),
}
"""Other names of content types, as clients write them."""
_RANGE = re.compile(r"^bytes=(\d{0,18})-(\d{0,18})$")
"""No file has more digits; Python refuses to read thousands of them."""


@dataclass(frozen=True, slots=True)
class AudioFile:
    """A stored file, as it is served."""

    key: str
    size: int
    """Bytes."""
    etag: str
    sha256: str
    """Hex; empty where none was taken."""
    headers: dict[str, str]
    """Of every answer that has the file or could have it."""


def _audio_response(description: str) -> ResponseSpec:
    return ResponseSpec(
        bytes, description=description, media_type="audio/wav", generate_examples=False
    )


@get(
    "/jobs/{job_id:str}/audio",
    operation_class=also_media_types(STREAMED),
    responses={
        200: _audio_response("The file"),
        206: _audio_response("A range"),
        303: ResponseSpec(None, description="Fetch it from the object storage at Location"),
        304: ResponseSpec(None, description="Not modified"),
        **problem_responses(404, 409, 410, 416, 422, 503),
    },
    tags=["jobs"],
)
async def audio(
    job_id: FromPath[str],
    backends: NamedDependency[Backends],
    request: Request[Any, Any, Any],
    client: NamedDependency[ApiClient],
    threads: NamedDependency[FairThreads],
    stream: Annotated[
        bool,
        QueryParameter(description="send it while it is made, from its first sample to its last"),
    ] = False,
    chapter: Annotated[
        int,
        QueryParameter(ge=1, description="of a stream: number of the chapter it begins with"),
    ] = 1,
    accept: Annotated[
        str | None,
        HeaderParameter(name="Accept", description="of a stream: its format, if not the job's"),
    ] = None,
    range_header: Annotated[str | None, HeaderParameter(name="Range")] = None,
    if_range: Annotated[str | None, HeaderParameter(name="If-Range")] = None,
    if_none_match: Annotated[str | None, HeaderParameter(name="If-None-Match")] = None,
) -> Response[Any]:
    """Returns the audio of an ended job, or with `stream=true` of a running one as it is made."""
    if chapter > 1 and not stream:
        raise FieldError("chapter", "chapter: only a stream begins with one", allowed="stream=true")
    if stream:
        compute = threads.of(client.quota_key)
        find = partial(_find_stream, backends, known_id(job_id), compute, accept, chapter)
        streamed = await to_thread.run_sync(find)
        if streamed is not None:
            await streamed.begin(request, backends.settings.max_wait_seconds)
            return streamed.response()
    file = await to_thread.run_sync(find_audio, backends, known_id(job_id))
    if _matches(if_none_match, file.etag):
        return Response(None, status_code=304, headers=_cache_headers(file))
    link = await to_thread.run_sync(backends.audio.link, file.key, backends.settings.link_seconds)
    if link is not None:  # it answers ranges itself, and keeps digests of its own
        headers = {"Location": link, "Cache-Control": "no-store"}
        return Response(b"", status_code=303, headers=headers, media_type=MediaType.TEXT)
    await to_thread.run_sync(require_intact, backends, file)
    wanted = None if if_range not in (None, file.etag) else parse_range(range_header, file.size)
    start, stop = wanted or (0, file.size)
    headers = file.headers | {"Content-Length": str(stop - start)}
    if wanted:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{file.size}"
    return Stream(
        audio_blocks(backends.audio, file.key, start, stop),
        status_code=206 if wanted else 200,
        headers=headers,
    )


@head(
    "/jobs/{job_id:str}/audio",
    operation_class=also_media_types(AUDIO),
    responses={
        200: _audio_response("Its headers"),
        304: ResponseSpec(None, description="Not modified"),
        **problem_responses(404, 409, 503),
    },
    tags=["jobs"],
)
async def audio_head(
    job_id: FromPath[str],
    backends: NamedDependency[Backends],
    if_none_match: Annotated[str | None, HeaderParameter(name="If-None-Match")] = None,
) -> Response[None]:
    """Returns length and type of the audio. Never a redirect: a link is good for GET alone."""
    file = await to_thread.run_sync(find_audio, backends, known_id(job_id))
    if _matches(if_none_match, file.etag):
        return Response(None, status_code=304, headers=_cache_headers(file))
    return Response(None, headers=file.headers | {"Content-Length": str(file.size)})


def _find_stream(
    backends: Backends,
    job_id: str,
    compute: Compute,
    accept: str | None,
    chapter: int,
) -> JobAudioStream | None:
    """Returns the stream of a job; None: it has ended, and its file is what is wanted.

    Raises:
        NotFound: no such job.
        FieldError: it cannot be streamed, or has no such chapter.
        Conflict: it ended before anybody heard it, so that it has no parts to begin with (code
            ``job_over``).
    """
    record = backends.store.records.get(job_id)
    chapters = max(1, record.source.chapters)
    if chapter > chapters:
        message = f"chapter: the job has no chapter {chapter}"
        raise FieldError("chapter", message, allowed=f"1 to {chapters}")
    if record.state not in TERMINAL:
        require_streamable(record.request)
        record = backends.store.records.mark_streamed(job_id)
    own = record.request.format
    format = accepted_format(accept, own)
    if chapter > 1 and not record.streamed:
        message = f"the job is {record.state}: its file has the chapters, /timings when they begin"
        raise Conflict(message, code="job_over")
    has_file = record.state in TERMINAL and format == own and chapter == 1
    if not record.streamed or has_file:
        return None
    return JobAudioStream(backends, record, compute, format, chapter=chapter - 1)


def accepted_format(accept: str | None, own: FileFormat) -> StreamFormat:
    """Returns the format of a stream that an Accept header likes best; of equals the job's own.

    >>> accepted_format("audio/mpeg, */*;q=0.1", "wav"), accepted_format("*/*", "flac")
    ('mp3', 'flac')
    >>> accepted_format("audio/ogg;codecs=opus", "wav"), accepted_format("text/html", "wav")
    ('opus', 'wav')
    """
    formats = sorted(STREAM_MEDIA_TYPES, key=lambda format: format != own)
    wanted = [_media_range(one) for one in (accept or "").lower().split(",")]

    def quality(format: StreamFormat) -> float:
        media = STREAM_MEDIA_TYPES[format].replace(" ", "")
        fits = [
            (len(pattern), q)
            for pattern, q in wanted
            if pattern in (media, *ALIASES.get(format, ()), "audio/*", "*/*")
            or (pattern == "audio/ogg" and media.startswith(pattern))
        ]
        return max(fits)[1] if fits else 0.0

    best = max(formats, key=quality)
    return best if quality(best) else cast(StreamFormat, own)


def _media_range(text: str) -> tuple[str, float]:
    pattern, _, weight = text.replace(" ", "").partition(";q=")
    try:
        return pattern, float(weight or 1)
    except ValueError:
        return pattern, 0.0


def find_audio(backends: Backends, job_id: str) -> AudioFile:
    """Returns the file of an ended job.

    Raises:
        NotFound, AudioNotReady, Unavailable: there is none, or not yet.
    """
    record = backends.store.records.get(job_id)
    _require_audio(record)
    key = audio_key(job_id, record.request)
    suffix = key.rsplit(".", 1)[-1]
    # Only a retry changes a job's audio, and it moves the end.
    etag = f'"{job_id}-{round((record.finished_at or 0) * 1000):x}"'
    final = record.state == "succeeded"
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=31536000" if final else "private, no-cache",
        "Content-Type": ZIP if suffix == "zip" else MEDIA_TYPES[record.request.format],
        "Content-Disposition": f'inline; filename="{job_id}.{suffix}"',
    }
    sha256 = record.report.file_sha256 if record.report else ""
    return AudioFile(key, backends.audio.size(key), etag, sha256, headers)


def require_intact(backends: Backends, file: AudioFile) -> None:
    """Raises AudioDamaged where the stored file is not what was written."""
    if not backends.files.is_intact(backends.audio, file.key, file.sha256):
        message = "the stored file is damaged; submit the job again: parts that are whole are kept"
        raise AudioDamaged(message)


def _cache_headers(file: AudioFile) -> dict[str, str]:
    return {name: file.headers[name] for name in ("ETag", "Cache-Control")}


def _matches(if_none_match: str | None, etag: str) -> bool:
    return if_none_match is not None and (if_none_match.strip() == "*" or etag in if_none_match)


def _require_audio(record: JobRecord) -> None:
    if record.state not in TERMINAL:
        raise AudioNotReady(f"the job is {record.state}")
    if record.report is None:
        raise NotFound(f"the job is {record.state} and has no audio", code="no_audio")


def audio_blocks(store: AudioStore, key: str, start: int, stop: int) -> Iterator[bytes]:
    """Yields a range of a stored file, block by block."""
    for at in range(start, stop, BLOCK_BYTES):
        yield store.read(key, at, min(at + BLOCK_BYTES, stop))


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Returns one byte range as [start, stop); None: send all (no range, or more than one).

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


ROUTES: list[Any] = [audio, audio_head]
