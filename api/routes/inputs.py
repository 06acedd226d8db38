"""``/jobs/{id}/inputs``: what became of each input of a batch, and its file."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any

import msgspec
from anyio import to_thread
from litestar import Response, get, head
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter, PathParameter
from litestar.response import Stream

from api.backends import Backends
from api.openapi import also_media_types
from api.problems import problem_responses
from api.routes.audio import (
    AUDIO,
    AudioFile,
    audio_blocks,
    find_audio,
    parse_range,
    require_intact,
)
from api.routes.jobs import known_id
from core.batch import InputProgress, InputResult, InputState, StoredFile
from core.errors import NotFound
from core.formats import MEDIA_TYPES
from core.record import JobError, JobRecord
from core.text import Notice
from jobs.storage.keys import inputs_key

InputName = Annotated[str, PathParameter(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class InputView(msgspec.Struct, frozen=True, kw_only=True):
    """An input of a batch."""

    id: str
    """As the request has it, or its number."""
    characters: int
    state: InputState
    """partial: there is a file, but parts are missing; pending: not all of it is made yet."""
    seconds: float | None
    """Length of its file [s]."""
    file: str | None
    """Its name in the zip."""
    audio: str | None
    """Where the file alone is, once the job has ended."""
    bytes: int | None
    sha256: str | None
    error: JobError | None
    warnings: tuple[Notice, ...]
    """With places in its own text, once the job has ended; of each code at most fifty."""


class InputList(msgspec.Struct, frozen=True):
    """The inputs of a batch, in its order."""

    inputs: tuple[InputView, ...]


@get("/jobs/{job_id:str}/inputs", responses=problem_responses(404, 503), tags=["jobs"])
async def list_inputs(job_id: FromPath[str], backends: NamedDependency[Backends]) -> InputList:
    """Returns what became of each input of a batch, at any time of the job."""
    record = await to_thread.run_sync(backends.store.records.get, known_id(job_id))
    results = await to_thread.run_sync(input_results, backends, record)
    return InputList(tuple(_input_view(record, one) for one in results))


@get(
    "/jobs/{job_id:str}/inputs/{input_id:str}/audio",
    operation_class=also_media_types(AUDIO),
    responses={
        200: ResponseSpec(
            bytes, description="The file", media_type="audio/wav", generate_examples=False
        ),
        206: ResponseSpec(
            bytes, description="A range", media_type="audio/wav", generate_examples=False
        ),
        **problem_responses(404, 409, 410, 416, 503),
    },
    tags=["jobs"],
)
async def input_audio(
    job_id: FromPath[str],
    input_id: InputName,
    backends: NamedDependency[Backends],
    range_header: Annotated[str | None, HeaderParameter(name="Range")] = None,
) -> Response[Any]:
    """Returns the file of one input of a batch that has ended."""
    archive, file, headers = await to_thread.run_sync(
        _find_file, backends, known_id(job_id), input_id
    )
    wanted = parse_range(range_header, file.bytes)
    start, stop = wanted or (0, file.bytes)
    headers["Content-Length"] = str(stop - start)
    if wanted:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{file.bytes}"
    blocks = audio_blocks(backends.audio, archive.key, file.offset + start, file.offset + stop)
    return Stream(blocks, status_code=206 if wanted else 200, headers=headers)


@head(
    "/jobs/{job_id:str}/inputs/{input_id:str}/audio",
    operation_class=also_media_types(AUDIO),
    responses={
        200: ResponseSpec(
            bytes, description="Its headers", media_type="audio/wav", generate_examples=False
        ),
        **problem_responses(404, 409, 410, 503),
    },
    tags=["jobs"],
)
async def input_audio_head(
    job_id: FromPath[str], input_id: InputName, backends: NamedDependency[Backends]
) -> Response[None]:
    """Returns length and type of the file of one input."""
    find = partial(_find_file, backends, known_id(job_id), input_id)
    _, file, headers = await to_thread.run_sync(find)
    return Response(None, headers=headers | {"Content-Length": str(file.bytes)})


def input_results(backends: Backends, record: JobRecord) -> tuple[InputResult, ...]:
    """Returns what became of the inputs of a batch so far. Raises NotFound: it is none."""
    if not record.source.inputs:
        raise NotFound("the job is no batch", code="no_inputs")
    if record.report is not None:
        data = backends.audio.get(inputs_key(record.id))
        return msgspec.json.decode(data, type=tuple[InputResult, ...])
    found = tuple(_results_so_far(backends, record))
    now = backends.store.records.get(record.id)
    if now.finished_at != record.finished_at:  # what it ended with was deleted meanwhile
        return input_results(backends, now)
    return found


def _results_so_far(backends: Backends, record: JobRecord) -> Iterator[InputResult]:
    """Yields what became of the inputs of a job that has no audio yet, or none at all."""
    source = backends.store.records.source(record.id)
    planned = backends.store.plans.get(record.id) is not None
    inputs = [InputProgress() for _ in source.chapters]
    if planned and record.state != "cancelled":
        results = {one.index: one for one in backends.store.results.all(record.id)}
        for part in backends.store.plans.parts(record.id):
            result = results.get(part.index)
            error = result.error if result is not None else None
            inputs[part.chapter].add(error=error, pending=result is None)
    for chapter, progress in zip(source.chapters, inputs, strict=True):
        state, error = progress.state, progress.failure
        if record.state == "cancelled":
            state, error = "cancelled", None
        elif not planned:
            state, error = ("failed", record.error) if record.error else ("pending", None)
        characters = chapter.span.end - chapter.span.start
        yield InputResult(id=chapter.title, characters=characters, state=state, error=error)


def _input_view(record: JobRecord, result: InputResult) -> InputView:
    file = result.file
    return InputView(
        id=result.id,
        characters=result.characters,
        state=result.state,
        seconds=result.seconds,
        file=file.name if file else None,
        audio=f"/jobs/{record.id}/inputs/{result.id}/audio" if file else None,
        bytes=file.bytes if file else None,
        sha256=file.sha256 if file else None,
        error=result.error,
        warnings=result.warnings,
    )


def _find_file(
    backends: Backends, job_id: str, input_id: str
) -> tuple[AudioFile, StoredFile, dict[str, str]]:
    """Returns the zip of a batch, a file within it and its headers. Raises NotFound, …"""
    archive, record = find_audio(backends, job_id), backends.store.records.get(job_id)
    results = input_results(backends, record)
    file = next((one.file for one in results if one.id == input_id), None)
    if file is None:
        message = f"the batch has no file of an input {input_id!r}"
        raise NotFound(message, code="input_not_found")
    require_intact(backends, archive)
    headers = {
        "ETag": f'"{file.sha256}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": archive.headers["Cache-Control"],
        "Content-Type": MEDIA_TYPES[record.request.format],
        "Content-Disposition": f'inline; filename="{file.name}"',
    }
    return archive, file, headers


ROUTES: list[Any] = [list_inputs, input_audio, input_audio_head]
