"""The list of jobs, and the page of one: how far it is, then how it sounds and what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import Annotated, Any, cast, get_args
from urllib.parse import urlencode

import msgspec
from anyio import to_thread
from litestar import Request
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Template

from api.admission import ApiClient
from api.backends import Backends
from api.fair_semaphore import FairThreads
from api.read_route import READ
from api.routes.jobs import LANES, STATES, known_id
from api.routes.transcript import read_manifest, stored_transcript
from api.routes.voices import list_voices
from api.studio.curl import curl_commands, request_body
from api.studio.rendering import is_fragment, page
from api.studio.source_runs import SourceRun, source_runs
from api.validation import require_streamable
from api.views import JobView, job_view
from core.errors import FieldError, NotFound
from core.recognition import FindingCode
from core.record import TERMINAL, JobRecord, JobState
from core.report import StageSeconds
from core.request import Lane, Source
from core.text import Span
from jobs.protocols import JobFilter

PAGE_JOBS = 20
TITLE_CHARACTERS = 70
SHOWN_CHARACTERS = 20_000
"""Of a chapter, at once: a browser lays out so many words without a hitch."""
AROUND_CHARACTERS = 30
"""Of the text before and after a word that does not sound as meant."""
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


@dataclass(frozen=True, slots=True)
class ListedPlace:
    """A word that does not sound as meant, as the page of a job lists it."""

    before: str
    """What stands before the word in the source, cut to a few words."""
    word: str
    """As it is written there."""
    after: str
    code: FindingCode
    expected: str
    """Phonemes of the word."""
    recognized: str
    """Phonemes that were found in its place; empty = none."""
    start: float
    """In the audio [s]."""
    end: float
    chapter: str
    """Title of its chapter; empty of a text without chapters."""


def listed_places(record: JobRecord, source: Source) -> list[ListedPlace]:
    """Returns the words to listen to, with the text around them."""
    return [
        ListedPlace(
            before=source.text[max(0, place.span.start - AROUND_CHARACTERS) : place.span.start],
            word=source.text[place.span.start : place.span.end],
            after=source.text[place.span.end : place.span.end + AROUND_CHARACTERS],
            code=place.code,
            expected=place.expected,
            recognized=place.recognized,
            start=place.start,
            end=place.end,
            chapter=source.chapters[place.chapter].title if source.chapters else "",
        )
        for place in (record.report.places if record.report else ())
    ]


@dataclass(frozen=True, slots=True)
class ChapterProgress:
    """How far a chapter of a job is."""

    title: str
    share: float
    """Of its characters that are done with, 0 to 1."""
    start: float | None = None
    """Where it begins in the audio [s], once there is a file."""
    end: float | None = None


def chapter_progress(
    backends: Backends, record: JobRecord, source: Source
) -> list[ChapterProgress]:
    """Returns how far each chapter of a job is; none of a text without chapters."""
    if not source.chapters:
        return []
    if record.report is not None:
        head, _ = stored_transcript(backends, record)
        return [ChapterProgress(c.title, 1.0, c.start, c.end) for c in head.chapters]
    entries = read_manifest(backends, record).entries
    done = [entry for entry in entries if entry.status not in ("pending", "cancelled")]
    pending = [entry.span for entry in entries if entry.status in ("pending", "cancelled")]
    found = []
    for chapter in source.chapters:
        rest = sum(_shared(span, chapter.span) for span in pending)
        length = max(1, chapter.span.end - chapter.span.start)
        found.append(ChapterProgress(chapter.title, 1 - rest / length if done else 0.0))
    return found


def _shared(one: Span, other: Span) -> int:
    return max(0, min(one.end, other.end) - max(one.start, other.start))


def can_be_streamed(record: JobRecord) -> bool:
    """Returns whether a job can be heard while it is made."""
    try:
        require_streamable(record.request)
    except FieldError:
        return False
    return record.state not in TERMINAL


def titles_of(backends: Backends, records: Sequence[JobRecord]) -> list[str]:
    """Returns the title of each job's book, or how its text begins; of long texts nothing."""
    found = []
    for record in records:
        title = record.source.title or ""
        if not title and not record.source.is_long:
            with suppress(NotFound):  # it was removed meanwhile
                title = backends.store.records.source(record.id).text[: TITLE_CHARACTERS + 1]
        short = len(title) <= TITLE_CHARACTERS
        found.append(title if short else f"{title[:TITLE_CHARACTERS].rstrip()}…")
    return found


def stage_shares(stages: StageSeconds) -> list[tuple[str, float, float]]:
    """Returns name, seconds and share of every stage that took time.

    >>> stage_shares(StageSeconds(text=1.0, vocoder=3.0))
    [('text', 1.0, 0.25), ('vocoder', 3.0, 0.75)]
    """
    values = msgspec.structs.asdict(stages)
    return [(name, took, took / stages.total) for name, took in values.items() if took > 0]


Choice = Annotated[str, QueryParameter(max_length=64)]


@READ("/studio/jobs")
async def jobs_page(
    request: Request[Any, Any, Any],
    backends: NamedDependency[Backends],
    client: NamedDependency[ApiClient],
    wanted: Annotated[str, QueryParameter(name="state", max_length=64)] = "",
    lane: Choice = "",
    voice: Choice = "",
    cursor: Annotated[str | None, QueryParameter(pattern=r"^[0-9a-f]{32}$")] = None,
) -> Template:
    """Returns the list of jobs, newest first; for a script the list alone, or its next page."""
    meant = JobFilter(
        owner=client.visible_owner,
        state=cast("JobState | None", wanted if wanted in STATES else None),
        lane=cast("Lane | None", lane if lane in LANES else None),
        voice=voice or None,
    )
    read = partial(backends.store.records.page, wanted=meant, cursor=cursor, limit=PAGE_JOBS)
    found = await to_thread.run_sync(read)
    forecasts = await to_thread.run_sync(backends.backlog.forecast, found.jobs)
    titles = await to_thread.run_sync(titles_of, backends, found.jobs)
    chosen = {"state": wanted, "lane": lane, "voice": voice}
    parts = {False: "jobs.html", True: "job_list.html" if cursor is None else "job_rows.html"}
    return page(
        request,
        backends,
        parts[is_fragment(request.headers)],
        active="jobs",
        jobs=[*zip(titles, map(job_view, found.jobs, forecasts), strict=True)],
        open_jobs=any(record.state not in TERMINAL for record in found.jobs),
        cursor=found.cursor,
        states=get_args(JobState),
        lanes=get_args(Lane),
        voices=tuple(backends.catalogue.voices),
        chosen=chosen,
        query=urlencode({name: value for name, value in chosen.items() if value}),
    )


@READ("/studio/jobs/{job_id:str}")
async def job_page(
    request: Request[Any, Any, Any],
    job_id: FromPath[str],
    backends: NamedDependency[Backends],
    client: NamedDependency[ApiClient],
    threads: NamedDependency[FairThreads],
    chapter: Annotated[int, QueryParameter(ge=0, le=100_000)] = 0,
) -> Template:
    """Returns the page of a job."""
    record = await to_thread.run_sync(backends.store.records.get, known_id(job_id))
    source = await to_thread.run_sync(backends.store.records.source, job_id)
    compute = threads.of(client.quota_key)
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
        text=await compute(partial(read_along, backends, record, source, chapter)),
        chapters=await compute(partial(chapter_progress, backends, record, source)),
        places=listed_places(record, source),
        streamable=can_be_streamed(record),
        stages=stage_shares(view.report.stage_seconds) if view.report else [],
        formats=tuple(list_voices(backends.catalogue).formats),
        again=msgspec.json.encode(request_body(record, source)).decode() if repeatable else "",
        curl=curl_commands(
            record, source, str(request.base_url), with_key=backends.keys is not None
        ),
    )


@READ("/studio/jobs/{job_id:str}/text")
async def job_text(
    request: Request[Any, Any, Any],
    job_id: FromPath[str],
    backends: NamedDependency[Backends],
    client: NamedDependency[ApiClient],
    threads: NamedDependency[FairThreads],
    chapter: Annotated[int, QueryParameter(ge=0, le=100_000)] = 0,
) -> Template:
    """Returns the text of a chapter as a part of the job's page."""
    record = await to_thread.run_sync(backends.store.records.get, known_id(job_id))
    source = await to_thread.run_sync(backends.store.records.source, job_id)
    text = await threads.run(
        client.quota_key, partial(read_along, backends, record, source, chapter)
    )
    return page(
        request,
        backends,
        "text.html",
        job=job_view(record),
        source=source,
        text=text,
        again="",
    )


@READ("/studio/jobs/{job_id:str}/chapters")
async def job_chapters(
    request: Request[Any, Any, Any],
    job_id: FromPath[str],
    backends: NamedDependency[Backends],
    client: NamedDependency[ApiClient],
    threads: NamedDependency[FairThreads],
) -> Template:
    """Returns how far the chapters of an open job are, as a part of its page."""
    record = await to_thread.run_sync(backends.store.records.get, known_id(job_id))
    source = await to_thread.run_sync(backends.store.records.source, job_id)
    progress = partial(chapter_progress, backends, record, source)
    chapters = await threads.run(client.quota_key, progress)
    return page(
        request,
        backends,
        "chapters.html",
        job=job_view(record),
        ended=record.state in TERMINAL,
        streamable=can_be_streamed(record),
        chapters=chapters,
    )


ROUTES: list[Any] = [jobs_page, job_page, job_text, job_chapters]
