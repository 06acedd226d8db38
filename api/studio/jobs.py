"""The page of a job: how far it is, then how it sounds and what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import Annotated, Any

import msgspec
from anyio import to_thread
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Template

from api.backends import Backends
from api.routes.jobs import known_id
from api.routes.transcript import stored_transcript
from api.routes.voices import list_voices
from api.studio.curl import curl_commands, request_body
from api.studio.rendering import page
from api.studio.source_runs import SourceRun, source_runs
from api.views import JobView, job_view
from core.record import TERMINAL, JobRecord
from core.report import StageSeconds
from core.request import Source
from core.text import Span

SHOWN_CHARACTERS = 20_000
"""Of a chapter, at once: a browser lays out so many words without a hitch."""
REPEATABLE_CHARACTERS = 100_000
"""Longer texts are not carried to the browser to be submitted again."""


@dataclass(frozen=True, slots=True)
class ReadAlong:
    """The text of a chapter with the times of its words."""

    runs: tuple[SourceRun, ...]
    title: str
    chapter: int
    """From 0."""
    cut: bool
    """Whether there is more than is shown."""


def read_along(backends: Backends, record: JobRecord, source: Source, chapter: int) -> ReadAlong:
    """Returns a chapter of a job's source; one that is not there is the first.

    Raises:
        NotFound, Unavailable: the transcript cannot be read.
    """
    spans = [(one.title, one.span) for one in source.chapters] or [("", Span(0, len(source.text)))]
    chapter = chapter if 0 <= chapter < len(spans) else 0
    title, whole = spans[chapter]
    within = Span(whole.start, min(whole.end, whole.start + SHOWN_CHARACTERS))
    warnings = record.report.warnings if record.report else ()
    if record.report is None:
        runs: tuple[SourceRun, ...] = (SourceRun(text=source.text[within.start : within.end]),)
    else:
        head, lines = stored_transcript(backends, record)
        before_end = takewhile(lambda line: line.span.start < within.end, lines)
        runs = tuple(source_runs(source.text, within, before_end, head.silences, warnings))
    return ReadAlong(runs, title, chapter, within.end < whole.end)


def stage_shares(stages: StageSeconds) -> list[tuple[str, float, float]]:
    """Returns name, seconds and share of every stage that took time.

    >>> stage_shares(StageSeconds(text=1.0, vocoder=3.0))
    [('text', 1.0, 0.25), ('vocoder', 3.0, 0.75)]
    """
    values = msgspec.structs.asdict(stages)
    return [(name, took, took / stages.total) for name, took in values.items() if took > 0]


@get("/studio/jobs/{job_id:str}")
async def job_page(
    request: Request[Any, Any, Any],
    job_id: FromPath[str],
    backends: NamedDependency[Backends],
    chapter: Annotated[int, QueryParameter(ge=0, le=100_000)] = 0,
) -> Template:
    """Returns the page of a job."""
    record = await to_thread.run_sync(backends.store.records.get, known_id(job_id))
    source = await to_thread.run_sync(backends.store.records.source, job_id)
    read = partial(read_along, backends, record, source, chapter)
    (forecast,) = await to_thread.run_sync(backends.backlog.forecast, [record])
    view: JobView = job_view(record, forecast)
    repeatable = source.book is None and len(source.text) <= REPEATABLE_CHARACTERS
    return page(
        request,
        backends,
        "job.html",
        active="jobs",
        job=view,
        ended=record.state in TERMINAL,
        source=source,
        text=await to_thread.run_sync(read),
        stages=stage_shares(view.report.stage_seconds) if view.report else [],
        formats=tuple(list_voices(backends.catalogue).formats),
        again=msgspec.json.encode(request_body(record, source)).decode() if repeatable else "",
        curl=curl_commands(
            record, source, str(request.base_url), with_key=backends.keys is not None
        ),
    )


ROUTES: list[Any] = [job_page]
