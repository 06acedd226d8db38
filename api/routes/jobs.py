"""``/jobs``: look, list, cancel, remove."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Any, cast, get_args

from anyio import to_thread
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter, QueryParameter

from api.admission import ApiClient
from api.backends import Backends, preferred_wait
from api.problems import problem_responses
from api.views import JobList, JobView, job_view
from core.errors import Conflict, FieldError, NotFound
from core.record import JobRecord, JobState
from core.request import Lane
from jobs.ids import ID_PATTERN
from jobs.protocols import JobFilter
from jobs.storage.keys import job_folder
from telemetry.metrics import count_finished

STATES: list[str] = list(get_args(JobState))
LANES: list[str] = list(get_args(Lane))
RFC3339: dict[str, Any] = {
    "pattern": r"^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$",
    "schema_extra": {"format": "date-time", "examples": ["2026-01-31T12:00:00Z"]},
}
"""A time as clients write it. Source: RFC 3339 §5.6."""
PreferHeader = Annotated[
    str | None,
    HeaderParameter(name="Prefer", description="`wait=N`: answer at the job's end (RFC 7240)"),
]


def known_id(job_id: str) -> str:
    """Returns the id, if it can be one.

    Raises:
        NotFound: it cannot.
    """
    if not ID_PATTERN.match(job_id):
        raise NotFound("no such job", code="job_not_found")
    return job_id


@get("/jobs/{job_id:str}", responses=problem_responses(404, 503), tags=["jobs"])
async def get_job(
    job_id: FromPath[str],
    backends: NamedDependency[Backends],
    prefer: PreferHeader = None,
) -> Response[JobView]:
    """Returns a job with its progress, and once it has ended its report or error."""
    seconds = preferred_wait(prefer, backends.settings.max_wait_seconds)
    record = await backends.wait_until_ended(known_id(job_id), seconds)
    (forecast,) = await to_thread.run_sync(backends.backlog.forecast, [record])
    headers = {} if record.finished_at else {"Retry-After": "1"}
    if seconds:
        headers["Preference-Applied"] = f"wait={seconds:g}"
    return Response(job_view(record, forecast), headers=headers)


@get("/jobs", responses=problem_responses(422), tags=["jobs"])
async def list_jobs(
    backends: NamedDependency[Backends],
    client: NamedDependency[ApiClient],
    wanted: Annotated[  # Litestar keeps the name "state" for itself
        str | None,
        QueryParameter(name="state", description="only these", schema_extra={"enum": STATES}),
    ] = None,
    lane: Annotated[
        str | None,
        QueryParameter(description="only of this lane", schema_extra={"enum": LANES}),
    ] = None,
    voice: Annotated[
        str | None, QueryParameter(max_length=64, description="only in this voice")
    ] = None,
    since: Annotated[
        str | None, QueryParameter(description="created then or later (RFC 3339)", **RFC3339)
    ] = None,
    until: Annotated[
        str | None, QueryParameter(description="created before that (RFC 3339)", **RFC3339)
    ] = None,
    cursor: Annotated[
        str | None,
        QueryParameter(pattern=r"^[0-9a-f]{32}$", description="from the page before"),
    ] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100, description="most jobs of a page")] = 20,
) -> JobList:
    """Returns jobs, newest first; with API keys those of the key.

    A page may hold fewer than the limit though more follow: go on until the cursor is null.
    """
    meant = JobFilter(
        owner=client.visible_owner,
        state=cast("JobState | None", _known("state", wanted, STATES)),
        lane=cast("Lane | None", _known("lane", lane, LANES)),
        voice=voice,
        since=_seconds("since", since),
        until=_seconds("until", until),
    )
    read = partial(backends.store.records.page, wanted=meant, cursor=cursor, limit=limit)
    found = await to_thread.run_sync(read)
    forecasts = await to_thread.run_sync(backends.backlog.forecast, found.jobs)
    views = tuple(map(job_view, found.jobs, forecasts))
    return JobList(views, found.cursor)


def _seconds(field: str, text: str | None) -> float | None:
    """Returns a time [Unix s]. Raises FieldError: the calendar has no such time."""
    if text is None:
        return None
    try:
        return max(0.0, datetime.fromisoformat(text.upper()).timestamp())
    except ValueError as error:
        raise FieldError(field, f"{text} is no time", allowed="2026-01-31T12:00:00Z") from error


def _known(field: str, value: str | None, allowed: list[str]) -> str | None:
    if value in (None, *allowed):
        return value
    raise FieldError(field, f"unknown {field} {value!r}", allowed=", ".join(allowed))


@delete(
    "/jobs/{job_id:str}",
    status_code=200,
    summary="Cancel an open job, or remove one that has ended",
    description=(
        "200 with the cancelled job: parts that have not begun never run. "
        "204: it had ended, and is gone with its audio and text."
    ),
    responses={
        204: ResponseSpec(None, description="It had ended, and is gone"),
        **problem_responses(404, 503),
    },
    tags=["jobs"],
)
async def cancel_job(
    job_id: FromPath[str], backends: NamedDependency[Backends]
) -> Response[JobView]:
    """Cancels an open job; removes one that has ended, with its audio and text."""
    record = await to_thread.run_sync(_cancel_or_remove, known_id(job_id), backends)
    if record is None:
        return Response(None, status_code=204)  # type: ignore[arg-type]
    return Response(job_view(record))


def _cancel_or_remove(job_id: str, backends: Backends) -> JobRecord | None:
    """Returns the cancelled job; None: it had ended, and is removed."""
    try:
        return cancel(job_id, backends)
    except Conflict:
        backends.audio.delete(job_folder(job_id))
        backends.store.records.forget(job_id)
        return None


def cancel(job_id: str, backends: Backends) -> JobRecord:
    """Cancels an open job and deletes its audio. Raises Conflict: it has ended."""
    record = backends.store.records.get(job_id)
    now = backends.now()
    if not backends.store.records.finish(job_id, "cancelled", now):
        raise Conflict(f"the job has ended: {record.state}", code="job_over")
    count_finished(record, "cancelled", now)
    backends.audio.delete(job_folder(job_id))
    return backends.store.records.get(job_id)


@post(
    "/jobs/{job_id:str}/retry",
    status_code=202,
    responses=problem_responses(404, 409, 503),
    tags=["jobs"],
)
async def retry_job(
    job_id: FromPath[str], backends: NamedDependency[Backends], client: NamedDependency[ApiClient]
) -> Response[JobView]:
    """Runs the failed parts of a partial or failed job again, and only them."""
    record = await to_thread.run_sync(_retry, known_id(job_id), backends, client)
    return Response(job_view(record), headers={"Location": f"/jobs/{job_id}", "Retry-After": "1"})


def _retry(job_id: str, backends: Backends, client: ApiClient) -> JobRecord:
    now = backends.now()
    record = backends.store.records.retry(job_id, now, client.open_job_limits(backends.settings))
    with backends.tracing.work("retry", now, record.traceparent, {"rhapsode.job_id": job_id}):
        # Should the queue be away now: nobody holds anything of the job, so a planner finds it.
        backends.queue.plan(job_id, long=record.source.is_long, reason="retried")
    return record


ROUTES: list[Any] = [get_job, list_jobs, cancel_job, retry_job]
