"""The job store on Redis, put together."""

from __future__ import annotations

from typing import Final

import redis

from jobs.protocols import JobStore
from jobs.redis_backend.leases import RedisLeases
from jobs.redis_backend.plans import RedisPlans, RedisResults
from jobs.redis_backend.records import RedisJobRecords
from jobs.redis_backend.sample_streams import RedisSampleStreams
from jobs.redis_backend.workers import RedisWorkers

ALIVE_SECONDS: Final = 15.0
"""A worker without a beat for this long is taken for dead (three beats missed)."""


def redis_job_store(client: redis.Redis, *, alive_seconds: float = ALIVE_SECONDS) -> JobStore:
    """Returns a job store whose parts share a connection.

    Args:
        client: the connection.
        alive_seconds: how old a worker's last beat may be [s].
    """
    return JobStore(
        records=RedisJobRecords(client),
        plans=RedisPlans(client),
        results=RedisResults(client),
        samples=RedisSampleStreams(client),
        leases=RedisLeases(client, alive_seconds),
        workers=RedisWorkers(client, alive_seconds),
    )
