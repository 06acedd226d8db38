"""``/jobs/{id}/timings`` and ``/jobs/{id}/manifest``: when each word is spoken, and what is not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from anyio import to_thread
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from api.admission import ApiClient
from api.backends import Backends
from api.fair_semaphore import Compute, FairThreads
from api.openapi import also_media_types
from api.problems import AudioNotReady, problem_responses
from api.routes.jobs import known_id
from api.transcript_views import (
    Manifest,
    ShelfMetadata,
    Timings,
    manifest,
    manifest_json,
    next_block,
    podcast_chapters,
    read_lines,
    shelf_metadata,
    subtitles,
    timings_json,
    unplanned_manifest,
)
from core.errors import FieldError, NotFound
from core.record import TERMINAL, JobRecord
from core.transcript import TranscriptHead, TranscriptLine
from jobs.storage.keys import transcript_key

BLOCK_BYTES = 4 * 2**20
"""Of a transcript, read at once."""
SENT_BYTES = 256 * 1024
"""Of an answer, made at once."""
JSON_FORMS: Any = Timings | ShelfMetadata
"""What is answered as application/json; Litestar's types know no union here."""
MEDIA = {
    "json": "application/json",
    "srt": "application/x-subrip; charset=utf-8",
    "chapters": "application/json+chapters",
    "audiobookshelf": "application/json",
    "vtt": "text/vtt",  # the framework adds the character set to text
}


@get(
    "/jobs/{job_id:str}/timings",
    operation_class=also_media_types(
        ["application/x-subrip", "text/vtt", "application/json+chapters"]
    ),
    responses={
        200: ResponseSpec(
            JSON_FORMS,
            description="As JSON; or subtitles; or Audiobookshelf's metadata.json",
            generate_examples=False,
        ),
        **problem_responses(404, 409, 422),
    },
    tags=["jobs"],
)
async def get_timings(
    job_id: FromPath[str],
    backends: NamedDependency[Backends],
    client: NamedDependency[ApiClient],
    threads: NamedDependency[FairThreads],
    form: Annotated[
        str,
        QueryParameter(
            name="format",
            description=f"one of {', '.join(MEDIA)}",
            schema_extra={"enum": list(MEDIA)},
        ),
    ] = "json",
    phonemes: Annotated[
        bool, QueryParameter(description="with the times of phonemes (JSON)")
    ] = False,
) -> Response[Any]:
    """Returns chapters, sentences and words with their times and places in the source.

    As subtitles (SRT, WebVTT with the voice of each cue), as chapters for podcast players, or as
    the ``metadata.json`` of Audiobookshelf.
    """
    if form not in MEDIA:
        raise FieldError("format", f"no form {form!r}", allowed=", ".join(MEDIA))
    record = await to_thread.run_sync(backends.store.records.get, known_id(job_id))
    if record.state not in TERMINAL:
        raise AudioNotReady(f"the job is {record.state}")
    if record.report is None:
        raise NotFound(f"the job is {record.state} and has no audio", code="no_audio")
    compute = threads.of(client.quota_key)
    pieces = await compute(partial(_rendered, backends, record, form, phonemes))
    return await _sent(compute, pieces, MEDIA[form])


@get("/jobs/{job_id:str}/manifest", responses=problem_responses(404, 503), tags=["jobs"])
async def get_manifest(
    job_id: FromPath[str],
    backends: NamedDependency[Backends],
    client: NamedDependency[ApiClient],
    threads: NamedDependency[FairThreads],
) -> Response[Manifest]:
    """Returns what became of every source character, at any time of the job."""
    record = await to_thread.run_sync(backends.store.records.get, known_id(job_id))
    compute = threads.of(client.quota_key)
    found = await compute(partial(read_manifest, backends, record))
    return await _sent(compute, manifest_json(found), MEDIA["json"])


async def _sent(compute: Compute, pieces: Iterator[bytes], media_type: str) -> Response[Any]:
    """Returns the response that makes its pieces as it is sent; what fails at once is a problem."""
    more = partial(next_block, pieces, SENT_BYTES)
    first = await compute(more)

    async def blocks() -> AsyncIterator[bytes]:
        block = first
        while block:
            yield block
            block = await compute(more)

    return Stream(blocks(), media_type=media_type)


def stored_transcript(
    backends: Backends, record: JobRecord
) -> tuple[TranscriptHead, Iterator[TranscriptLine]]:
    """Returns the transcript of a job that has audio."""
    store, key = backends.audio, transcript_key(record.id)
    starts = range(0, store.size(key), BLOCK_BYTES)
    return read_lines(store.read(key, at, at + BLOCK_BYTES) for at in starts)


def _rendered(backends: Backends, record: JobRecord, form: str, phonemes: bool) -> Iterator[bytes]:
    """Returns a transcript in one of ``MEDIA``, in pieces."""
    head, lines = stored_transcript(backends, record)
    if form == "json":
        return timings_json(head, lines, phonemes=phonemes)
    if form == "chapters":
        return iter([msgspec.json.encode(podcast_chapters(head))])
    if form == "audiobookshelf":
        source = backends.store.records.source(record.id)
        return iter([msgspec.json.encode(shelf_metadata(head, source, record.request.voice))])
    kind: Literal["srt", "vtt"] = "srt" if form == "srt" else "vtt"
    source = backends.store.records.source(record.id)
    return iter([subtitles(lines, source, kind, record.request.voice).encode()])


def read_manifest(backends: Backends, record: JobRecord) -> Manifest:
    """Returns what became of every source character of a job so far."""
    if record.report is not None:
        head, lines = stored_transcript(backends, record)
        return manifest(head.characters, lines, head.silences)
    plan = backends.store.plans.get(record.id)
    so_far = [*_lines_so_far(backends, record)]
    now = backends.store.records.get(record.id)
    if now.finished_at != record.finished_at:  # what it ended with was deleted meanwhile
        return read_manifest(backends, now)
    if plan is None or record.state == "cancelled":
        return unplanned_manifest(record)
    return manifest(record.source.characters, so_far, plan.silences)


def _lines_so_far(backends: Backends, record: JobRecord) -> Iterator[TranscriptLine]:
    """Yields the lines of a job that has no audio yet, or none at all."""
    results = {result.index: result for result in backends.store.results.all(record.id)}
    for part in backends.store.plans.parts(record.id):
        result = results.get(part.index)
        error = result.error.code if result and result.error else None
        status: Literal["spoken", "failed", "pending"] = "spoken" if result else "pending"
        if error:
            status = "failed"
        for utterance in part.utterances:
            yield TranscriptLine(
                span=utterance.span,
                text=utterance.text,
                status=status,
                part=part.index,
                error=error,
            )


ROUTES: list[Any] = [get_timings, get_manifest]
