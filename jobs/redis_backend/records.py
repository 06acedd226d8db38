"""Job records on Redis: one hash per job, and its transitions."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, cast, get_args

import msgspec
import redis

from core.errors import Conflict, LimitReached, NotFound, Unavailable, UnreadableRow
from core.record import JobError, JobProgress, JobRecord, JobState
from core.report import SynthesisReport
from core.request import Controls, Source, SourceFacts
from core.webhook import WebhookCallback
from jobs.ids import oldest_id
from jobs.progress import share_of
from jobs.protocols import Idempotency, JobFilter, JobPage, OpenJobLimits
from jobs.redis_backend import keys
from jobs.redis_backend.client import translated
from jobs.redis_backend.keys import job_key, names_of_job
from jobs.redis_backend.scripts import LuaScript, Value
from jobs.redis_backend.stored import SCHEMA, decode_row, unreadable
from jobs.redis_backend.webhooks import endpoints_of
from jobs.webhooks import WebhookDelivery, make_deliveries

IDEMPOTENCY_SECONDS: Final = 24 * 3600
"""How long a client's key names its job: a day of retries."""
FULL_SECONDS: Final = 5.0
"""When an owner with too many open jobs may ask again: jobs end by then, or not for long [s]."""
FIELDS: Final = (
    "state", "request", "created_at", "started_at", "finished_at", "report", "error",
    "parts_total", "parts_done", "parts_failed", "facts", "owner", "total_ms", "done_ms",
    "streamed", "name", "traceparent",
)  # fmt: skip
MOST_READ: Final = 100
"""Records read at once for a list."""
MOST_LOOKED: Final = 2000
"""A filter that admits few ends its page here, some 50 ms of work, and the next one goes on."""
NO_LIMITS: Final = OpenJobLimits()
ALL_JOBS: Final = JobFilter()
Row = Sequence[bytes | None]
"""Values of ``FIELDS``."""

_encode = msgspec.msgpack.encode


class RedisJobRecords:
    """See ``jobs.protocols.JobRecords``.

    Args:
        client: the connection.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._create = LuaScript(client, "transitions/create")
        self._finish = LuaScript(client, "transitions/finish")
        self._reopen = LuaScript(client, "transitions/reopen")
        self._forget = LuaScript(client, "transitions/forget")
        self._mark_streamed = LuaScript(client, "mark_streamed")

    def ping(self) -> None:
        """See JobRecords."""
        with translated():
            self._client.ping()

    def create(
        self,
        record: JobRecord,
        source: Source,
        idempotency: Idempotency | None = None,
        limits: OpenJobLimits = NO_LIMITS,
        callback: WebhookCallback | None = None,
    ) -> JobRecord:
        """See JobRecords."""
        named, owner = idempotency or Idempotency("", ""), record.owner or ""
        key_of = keys.name_key if named.names_job else keys.idempotency_key
        fields: dict[str, Value] = {
            "schema": SCHEMA,
            "state": record.state,
            "lane": record.request.lane,
            "request": _encode(record.request),
            "created_at": repr(record.created_at),
            "facts": _encode(record.source),
            "source": _encode(source),
        }
        if owner:
            fields["owner"] = owner
        if record.name is not None:
            fields["name"] = record.name
        if record.streamed:
            fields["streamed"] = 1
        if record.traceparent:
            fields["traceparent"] = record.traceparent
        if callback is not None:
            fields["callback"] = _encode(callback)
        verdict, job_id = self._create(
            names_of_job(record.id),
            [item for pair in fields.items() for item in pair],
            idempotency=key_of(owner, named.key),
            owned=keys.owned_key(owner),
            open=keys.open_key(owner),
            payload=named.payload,
            lifetime=0 if named.names_job else IDEMPOTENCY_SECONDS * 1000,
            now=repr(record.created_at),
            owner=owner,
            **_limits(limits),
        )
        if verdict == b"other" and named.names_job:
            message = "the job of this name was made by another request"
            raise Conflict(message, code="name_taken")
        _require_accepted(verdict.decode(), limits)
        return record if verdict == b"new" else self.get(job_id.decode())

    def get(self, job_id: str) -> JobRecord:
        """See JobRecords."""
        (row,) = self._read([job_id])
        record = _record(job_id, row)
        if record is None:
            raise NotFound(f"no job {job_id}", code="job_not_found")
        return record

    def id_of(self, owner: str | None, name: str) -> str:
        """See JobRecords."""
        with translated():
            found = cast("bytes | None", self._client.hget(keys.name_key(owner or "", name), "id"))
        if found is None:
            raise NotFound(f"no job {name}", code="job_not_found")
        return found.decode()

    def source(self, job_id: str) -> Source:
        """See JobRecords."""
        with translated():
            data = self._client.hget(job_key(job_id), "source")
        if data is None:
            raise NotFound(f"no job {job_id}", code="job_not_found")
        return decode_row(cast(bytes, data), Source, job_id)

    def mark_streamed(self, job_id: str) -> JobRecord:
        """See JobRecords."""
        self._mark_streamed({"job": job_key(job_id)})
        return self.get(job_id)

    def page(self, *, cursor: str | None, limit: int, wanted: JobFilter = ALL_JOBS) -> JobPage:
        """See JobRecords. Walks down one index, and looks at no more than ``MOST_LOOKED``."""
        key = keys.state_key(wanted.state) if wanted.state else keys.JOBS
        key = keys.owned_key(wanted.owner) if wanted.owner else key
        bottom = "-" if wanted.since is None else f"[{oldest_id(wanted.since)}"
        tops = [cursor, None if wanted.until is None else oldest_id(wanted.until)]
        top = min(filter(None, tops), default=None)
        sifted = wanted.lane or wanted.voice or (wanted.owner and wanted.state)
        count = MOST_READ if sifted else min(limit + 1, MOST_READ)
        found: list[JobRecord] = []
        for _ in range(0, MOST_LOOKED, count):
            ids = self._ids(key, top, bottom, count)
            for job_id, row in zip(ids, self._read(ids), strict=True):
                if len(found) == limit:
                    return JobPage(tuple(found), top)
                top = job_id
                with suppress(UnreadableRow):  # it is logged and counted
                    record = _record(job_id, row)
                    if record is not None and wanted.admits(record):
                        found.append(record)
            if len(ids) < count:
                return JobPage(tuple(found), None)
        return JobPage(tuple(found), top)

    def open_jobs(self) -> tuple[str, ...]:
        """See JobRecords."""
        with translated():
            rows = cast("list[bytes]", self._client.zrange(keys.ACTIVE, 0, -1))
        return tuple(row.decode() for row in rows)

    def ended_before(self, before: float, limit: int = 100) -> tuple[str, ...]:
        """See JobRecords. Ids sort by the time of making, and what ended before was made before."""
        found: list[str] = []
        bottom, top = "-", f"({oldest_id(before)}"
        while len(found) < limit:
            with translated():
                rows = self._client.zrangebylex(keys.JOBS, bottom, top, 0, limit)
                ids = [row.decode() for row in cast("list[bytes]", rows)]
                pipe = self._client.pipeline(transaction=False)
                for job_id in ids:
                    pipe.hmget(job_key(job_id), ["state", "finished_at"])
                facts = pipe.execute()
            found += [i for i, fact in zip(ids, facts, strict=True) if _ended_before(before, *fact)]
            if len(ids) < limit:
                break
            bottom = f"({ids[-1]}"
        return tuple(found[:limit])

    def discard_results(self, job_id: str, indices: Sequence[int], now: float) -> int:
        """See JobRecords."""
        return self._run_again(job_id, "running", indices, now)[1]

    def retry(self, job_id: str, now: float, limits: OpenJobLimits = NO_LIMITS) -> JobRecord:
        """See JobRecords."""
        state = self.get(job_id).state
        with translated():
            failed = cast("set[bytes]", self._client.smembers(job_key(job_id, "failed_parts")))
        ended_badly, indices = state in ("partial", "failed"), [int(i) for i in failed]
        if not ended_badly or not self._run_again(job_id, state, indices, now, limits)[0]:
            raise Conflict(f"the job is {state}: nothing to retry", code="not_retryable")
        return self.get(job_id)

    def finish(
        self,
        job_id: str,
        state: JobState,
        now: float,
        *,
        report: SynthesisReport | None = None,
        error: JobError | None = None,
    ) -> bool:
        """See JobRecords."""
        deliveries = self._deliveries(job_id, state, now, report, error)
        moved = self._finish(
            names_of_job(job_id),
            [item for one in deliveries for item in (one.id, _encode(one))],
            index_new=keys.state_key(state),
            new_state=state,
            now=repr(now),
            report=b"" if report is None else _encode(report),
            error=b"" if error is None else _encode(error),
            keep=int(state in ("partial", "failed")),
        )
        if moved == -1:
            raise NotFound(f"no job {job_id}", code="job_not_found")
        return bool(moved)

    def forget(self, job_id: str) -> None:
        """See JobRecords."""
        self._forget(names_of_job(job_id))

    def _deliveries(
        self,
        job_id: str,
        state: JobState,
        now: float,
        report: SynthesisReport | None,
        error: JobError | None,
    ) -> tuple[WebhookDelivery, ...]:
        """Returns what the end of a job has to be told to; none where nobody wants to know it."""
        with translated():
            pipe: Any = self._client.pipeline(transaction=False)
            pipe.hgetall(keys.WEBHOOKS)
            pipe.hmget(job_key(job_id), ["callback", "owner"])
            pipe.hmget(job_key(job_id), list(FIELDS))
            endpoints, (callback, owner), row = pipe.execute()
        if not endpoints and callback is None:
            return ()
        record = wanted = None
        with suppress(UnreadableRow):  # its receivers learn that it has ended all the same
            record = _record(job_id, row)
        with suppress(UnreadableRow):
            wanted = _optional(callback, WebhookCallback, job_id)
        return make_deliveries(
            job_id,
            state,
            now,
            record,
            owner=owner.decode() if owner else None,
            report=report,
            error=error,
            endpoints=endpoints_of(endpoints),
            callback=wanted,
        )

    def _run_again(
        self,
        job_id: str,
        state: JobState,
        indices: Sequence[int],
        now: float,
        limits: OpenJobLimits = NO_LIMITS,
    ) -> tuple[bool, int]:
        """Returns whether it runs again, and how often results of it were dropped as it ran."""
        verdict, count = self._reopen(
            names_of_job(job_id),
            indices,
            index_old=keys.state_key(state),
            old_state=state,
            now=repr(now),
            **_limits(limits),
        )
        _require_accepted(verdict.decode(), limits)
        return verdict == b"yes", count

    def _read(self, ids: Sequence[str]) -> list[Row]:
        """Returns the fields of one record per id."""
        with translated():
            pipe = self._client.pipeline(transaction=False)
            for job_id in ids:
                pipe.hmget(job_key(job_id), list(FIELDS))
            return pipe.execute()

    def _ids(self, key: str, top: str | None, bottom: str, count: int) -> list[str]:
        above = f"({top}" if top else "+"
        with translated():
            rows = self._client.zrevrangebylex(key, above, bottom, 0, count)
        return [row.decode() for row in cast("list[bytes]", rows)]


def _limits(limits: OpenJobLimits) -> dict[str, Value]:
    """Returns the limits as the scripts take them."""
    most = {"most_open": limits.of_all, "most_owned": limits.of_owner}
    return {name: -1 if value is None else value for name, value in most.items()}


def _require_accepted(verdict: str, limits: OpenJobLimits) -> None:
    if verdict == "other":
        message = "this Idempotency-Key was used for another request"
        raise Conflict(message, code="idempotency_mismatch")
    if verdict == "full":
        message = f"the key has {limits.of_owner} jobs that have not ended, as many as it may"
        raise LimitReached(message, FULL_SECONDS, code="too_many_open_jobs")
    if verdict == "overloaded":
        raise Unavailable("too many jobs have not ended; try again later", code="overloaded")


def _ended_before(before: float, state: bytes | None, finished_at: bytes | None) -> bool:
    """Returns whether a job has ended; one whose record is gone has, whatever its index says."""
    return state is None or (finished_at is not None and float(finished_at) < before)


def _record(job_id: str, row: Row) -> JobRecord | None:
    """Returns the record of a hash's fields; None: there is no such job. Raises UnreadableRow."""
    try:
        return _parse(job_id, dict(zip(FIELDS, row, strict=True)))
    except ValueError as error:  # a state or number that is none; msgspec's errors are decode_row's
        raise unreadable("JobRecord", job_id) from error


def _parse(job_id: str, fields: dict[str, bytes | None]) -> JobRecord | None:
    state, request, created = fields["state"], fields["request"], fields["created_at"]
    if state is None or request is None or created is None:
        return None
    names = ("parts_total", "parts_done", "parts_failed")
    total, done, failed = (int(fields[name] or 0) for name in names)
    share = share_of(int(fields["done_ms"] or 0), int(fields["total_ms"] or 0))
    return JobRecord(
        id=job_id,
        state=_state(state),
        request=decode_row(request, Controls, job_id),
        source=_optional(fields["facts"], SourceFacts, job_id),
        owner=fields["owner"].decode() if fields["owner"] else None,
        name=fields["name"].decode() if fields["name"] else None,
        streamed=fields["streamed"] is not None,
        traceparent=fields["traceparent"].decode() if fields["traceparent"] else None,
        created_at=float(created),
        started_at=_time(fields["started_at"]),
        finished_at=_time(fields["finished_at"]),
        progress=JobProgress(total, done, failed, share),
        report=_optional(fields["report"], SynthesisReport, job_id),
        error=_optional(fields["error"], JobError, job_id),
    )


def _time(value: bytes | None) -> float | None:
    return None if value is None else float(value)


def _state(value: bytes) -> JobState:
    state = value.decode()
    if state not in get_args(JobState):
        raise ValueError(f"no state {state!r}")
    return cast(JobState, state)


def _optional(value: bytes | None, kind: type[Any], job_id: str) -> Any:
    return None if value is None else decode_row(value, kind, job_id)
