"""How things are called in Redis."""

from __future__ import annotations

from typing import Final

PREFIX: Final = "rhapsode"


def redis_key(*names: str) -> str:
    """Something of the service.

    >>> redis_key("jobs", "queued")
    'rhapsode:jobs:queued'
    """
    return ":".join((PREFIX, *names))


def job_key(job_id: str, *names: str) -> str:
    """A job's hash, or something of the job."""
    return redis_key("job", job_id, *names)


def index_key(state: str) -> str:
    """The jobs in a state, by id."""
    return redis_key("jobs", state)
