"""Records out of their hashes, one or a page of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

import msgspec
import redis

from core.record import JobError, JobProgress, JobRecord, JobState
from core.report import SynthesisReport
from core.request import Controls, SourceFacts
from jobs.ids import oldest_id
from jobs.progress import share_of
from jobs.protocols import JobFilter, JobPage
from jobs.redis_backend import scripts
from jobs.redis_backend.client import translated
from jobs.redis_backend.keys import index_key, job_key, redis_key

FIELDS: Final = (
    "state", "request", "created_at", "started_at", "finished_at", "report", "error",
    "parts_total", "parts_done", "parts_failed", "facts", "owner", "total_ms", "done_ms",
)  # fmt: skip
MOST_READ: Final = 100
"""Records read at once for a list."""
MOST_LOOKED: Final = 2000
"""A filter that admits few ends its page here, some 50 ms of work, and the next one goes on."""

_decode = msgspec.msgpack.decode


def read_records(client: redis.Redis, ids: Sequence[str]) -> list[JobRecord | None]:
    """One per id; None: there is no such job. Raises Unavailable."""
    with translated():
        pipe = client.pipeline(transaction=False)
        for job_id in ids:
            pipe.hmget(job_key(job_id), list(FIELDS))
        return [_record(i, row) for i, row in zip(ids, pipe.execute(), strict=True)]


def read_page(client: redis.Redis, wanted: JobFilter, cursor: str | None, limit: int) -> JobPage:
    """See JobStore. Walks down one index, and looks at no more than ``MOST_LOOKED`` records."""
    key = index_key(wanted.state) if wanted.state else redis_key("jobs")
    key = scripts.OWNERS + wanted.owner if wanted.owner else key
    bottom = "-" if wanted.since is None else f"[{oldest_id(wanted.since)}"
    tops = [cursor, None if wanted.until is None else oldest_id(wanted.until)]
    top = min(filter(None, tops), default=None)
    sifted = wanted.lane or wanted.voice or (wanted.owner and wanted.state)
    count = MOST_READ if sifted else min(limit + 1, MOST_READ)
    found: list[JobRecord] = []
    for _ in range(0, MOST_LOOKED, count):
        ids = _ids(client, key, top, bottom, count)
        for job_id, record in zip(ids, read_records(client, ids), strict=True):
            if len(found) == limit:
                return JobPage(tuple(found), top)
            top = job_id
            if record is not None and wanted.admits(record):
                found.append(record)
        if len(ids) < count:
            return JobPage(tuple(found), None)
    return JobPage(tuple(found), top)


def _ids(client: redis.Redis, key: str, top: str | None, bottom: str, count: int) -> list[str]:
    above = f"({top}" if top else "+"
    with translated():
        rows = cast("list[bytes]", client.zrevrangebylex(key, above, bottom, 0, count))
    return [row.decode() for row in rows]


def _record(job_id: str, row: Sequence[bytes | None]) -> JobRecord | None:
    fields = dict(zip(FIELDS, row, strict=True))
    state, request, created = fields["state"], fields["request"], fields["created_at"]
    if state is None or request is None or created is None:
        return None
    names = ("parts_total", "parts_done", "parts_failed")
    planned, done, failed = (int(fields[name] or 0) for name in names)
    share = share_of(int(fields["done_ms"] or 0), int(fields["total_ms"] or 0))
    return JobRecord(
        id=job_id,
        state=cast(JobState, state.decode()),
        request=_decode(request, type=Controls),
        source=_optional(fields["facts"], SourceFacts),
        owner=fields["owner"].decode() if fields["owner"] else None,
        created_at=float(created),
        started_at=_time(fields["started_at"]),
        finished_at=_time(fields["finished_at"]),
        progress=JobProgress(planned, done, failed, share),
        report=_optional(fields["report"], SynthesisReport),
        error=_optional(fields["error"], JobError),
    )


def _time(value: bytes | None) -> float | None:
    return None if value is None else float(value)


def _optional(value: bytes | None, kind: type[Any]) -> Any:
    return None if value is None else _decode(value, type=kind)
