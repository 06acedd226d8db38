"""Which worker holds which work, on Redis.

A lease belongs to a worker process and has no time of its own: it is good as long as the worker's
beat is fresh, so that nobody renews hundreds of leases, and a book's assembly may take an hour.
"""

from __future__ import annotations

from typing import cast

import redis

from jobs.protocols import ASSEMBLE, PLAN, Claim, ClaimVerdict, Refusal, WorkId
from jobs.redis_backend import keys
from jobs.redis_backend.client import translated
from jobs.redis_backend.keys import job_key, names_of_job
from jobs.redis_backend.scripts import LuaScript

MOST_STALE = 1000
"""Jobs that nobody touched lately, looked at in one go."""


class RedisLeases:
    """See ``jobs.protocols.WorkLeases``.

    Args:
        client: the connection.
        alive_seconds: how old a worker's last beat may be [s].
    """

    def __init__(self, client: redis.Redis, alive_seconds: float) -> None:
        self._client, self._alive_seconds = client, alive_seconds
        self._claim = LuaScript(client, "transitions/claim")
        self._begin = LuaScript(client, "begin")
        self._release = LuaScript(client, "release")
        self._refuse = LuaScript(client, "refuse")
        self._expire = LuaScript(client, "expire_leases")

    def claim(self, job_id: str, work: WorkId, worker: str, now: float) -> Claim:
        """See WorkLeases."""
        verdict, attempt = self._claim(
            names_of_job(job_id),
            work=work,
            worker=worker,
            now=repr(now),
            alive_since=repr(now - self._alive_seconds),
        )
        return Claim(cast(ClaimVerdict, verdict.decode()), attempt)

    def begin(self, job_id: str, work: WorkId, worker: str) -> bool:
        """See WorkLeases."""
        return bool(self._begin(names_of_job(job_id), work=work, worker=worker))

    def release(self, job_id: str, work: WorkId, worker: str) -> None:
        """See WorkLeases."""
        self._release(names_of_job(job_id), work=work, worker=worker)

    def refuse(self, job_id: str, work: WorkId, worker: str, now: float) -> Refusal | None:
        """See WorkLeases."""
        found = self._refuse(names_of_job(job_id), work=work, worker=worker, now=repr(now))
        if not found:
            return None
        name, count, since = found
        return Refusal(name.decode(), count, float(since))

    def unclaimed(self, job_id: str) -> tuple[WorkId, ...]:
        """See WorkLeases."""
        with translated():
            pipe = self._client.pipeline(transaction=True)
            pipe.hmget(job_key(job_id), ["state", "parts_total"])
            pipe.hkeys(job_key(job_id, "results"))
            pipe.hkeys(job_key(job_id, "leases"))
            (state, total), done, held = pipe.execute()
        if state not in (b"queued", b"running") or PLAN.encode() in held:
            return ()  # over, or its planner is about to send the rest
        parts = {str(index) for index in range(int(total or 0))} - {i.decode() for i in done}
        wanted = parts if parts else {PLAN if total is None else ASSEMBLE}
        return tuple(sorted(wanted - {work.decode() for work in held}))

    def is_unclaimed(self, job_id: str, work: WorkId) -> bool:
        """See WorkLeases."""
        with translated():
            pipe = self._client.pipeline(transaction=True)
            pipe.hget(job_key(job_id), "state")
            pipe.hexists(job_key(job_id, "results"), work)
            pipe.hexists(job_key(job_id, "leases"), work)
            state, done, held = pipe.execute()
        return state in (b"queued", b"running") and not done and not held

    def expire(self, now: float, *, stale_before: float) -> tuple[tuple[str, WorkId], ...]:
        """See WorkLeases."""
        found: list[tuple[str, WorkId]] = []
        with translated():
            before = f"({stale_before!r}"
            stale = self._client.zrangebyscore(keys.ACTIVE, "-inf", before, 0, MOST_STALE)
            leased = cast("set[bytes]", self._client.smembers(keys.LEASED))
        for raw in {*leased, *stale}:
            job_id = raw.decode()
            works = self._expire(
                names_of_job(job_id),
                alive_since=repr(now - self._alive_seconds),
                stale_before=repr(stale_before),
                now=repr(now),
            )
            # A plan sent again sends what has no result, and assemble if nothing is missing.
            found += [(job_id, PLAN if work == b"*" else work.decode()) for work in works]
        return tuple(found)
