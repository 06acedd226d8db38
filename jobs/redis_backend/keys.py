"""The name of every key and channel in Redis; no other file spells one.

All begin with ``rhapsode:``, so that an ACL user needs ``~rhapsode:*`` and ``&rhapsode:*`` alone.
The keys of one script lie in several hash slots: a Redis Cluster is not supported.
"""

from __future__ import annotations

from typing import Final, get_args

from core.record import JobState
from core.request import Lane

PREFIX: Final = "rhapsode"
JOBS: Final = f"{PREFIX}:jobs"
"""Sorted set: ids of all jobs, all with the score 0, so that they are sorted by id."""
ACTIVE: Final = f"{PREFIX}:active"
"""Sorted set: jobs that have not ended, by when they were touched last [Unix s]."""
LEASED: Final = f"{PREFIX}:leased"
"""Set: jobs of which a worker may hold work."""
WORKERS: Final = f"{PREFIX}:workers"
"""Sorted set: workers by their last beat [Unix s]."""
BEATS: Final = f"{PREFIX}:beats"
"""Hash: worker → its last beat."""
BACKLOG: Final = f"{PREFIX}:backlog"
"""Hash: estimated speech by lane [ms], see ``lua/transition.lua``."""
PACE: Final = f"{PREFIX}:pace"
"""Hash: how fast speech is made, see ``lua/transition.lua``."""
MOVED: Final = f"{PREFIX}:moved"
"""Channel: "<job id> <event>" for every transition, "<job id> samples" for samples of a part."""
PART_INDEX: Final = f"{PREFIX}:part_index"
"""Sorted set: digests of stored parts, by when they were used last [Unix s]."""
API_KEYS: Final = f"{PREFIX}:keys"
"""Hash: id → API key."""
WEBHOOKS: Final = f"{PREFIX}:webhooks"
"""Hash: id → endpoint of the operator, with its secrets."""
DELIVERIES_DUE: Final = f"{PREFIX}:deliveries"
"""Sorted set: ids of deliveries that are pending, by when they are due [Unix s]."""
QUEUE_PREFIX: Final = f"{PREFIX}:queue:"
"""What Celery's transport puts before the names of its queues and its own keys."""
POSTPONED: Final = f"{PREFIX}:postponed"
"""Sorted set: "<queue> <job id> <work>", by when the message is to be sent [Unix s]."""
UNACKED: Final = f"{QUEUE_PREFIX}unacked"
"""Hash: delivery tag → message that a worker took and has not acknowledged."""
UNACKED_INDEX: Final = f"{QUEUE_PREFIX}unacked_index"
"""Sorted set: delivery tags by the time of delivery [Unix s].

Source: celery/kombu v5 kombu/transport/redis.py, Channel.unacked_key and unacked_index_key.
"""

_JOB_PARTS: Final = {
    "events": "events",  # stream: what happened
    "parts": "parts",  # hash: index → part
    "part_ms": "ms",  # hash: index → estimated speech of the part [ms]
    "results": "results",  # hash: index → result
    "failed_parts": "failed",  # set: indices of the parts whose result is an error
    "leases": "leases",  # hash: work → worker that holds it
    "deliveries": "deliveries",  # set: ids of the deliveries of its webhooks
    "attempts": "attempts",  # hash: work → times it was begun; "<work>:by" → who began it last
}
"""Name in the scripts → end of the key."""
_SERVICE_NAMES: Final = {
    "jobs": JOBS,
    "active": ACTIVE,
    "leased": LEASED,
    "workers": WORKERS,
    "backlog": BACKLOG,
    "pace": PACE,
    "moved": MOVED,
    "deliveries_due": DELIVERIES_DUE,
    "name_prefix": f"{PREFIX}:name:",
    "delivery_prefix": f"{PREFIX}:delivery:",
    "job_prefix": f"{PREFIX}:job:",
    "owned_prefix": f"{JOBS}:of:",
    "open_prefix": f"{PREFIX}:open:",
    **{f"queued_{lane}": f"{PREFIX}:queued:{lane}" for lane in get_args(Lane)},
    **{f"index_{state}": f"{JOBS}:{state}" for state in get_args(JobState)},
}


def job_key(job_id: str, name: str = "") -> str:
    """Returns the key of a job's hash, or of something beside it, by its name in the scripts.

    >>> job_key("1"), job_key("1", "part_ms")
    ('rhapsode:job:1', 'rhapsode:job:1:ms')
    """
    base = f"{_SERVICE_NAMES['job_prefix']}{job_id}"
    return f"{base}:{_JOB_PARTS[name]}" if name else base


def samples_key(job_id: str, index: int) -> str:
    """Returns the key of the stream of a part's samples while it is synthesized; it expires."""
    return f"{job_key(job_id)}:samples:{index}"


def names_of_job(job_id: str) -> dict[str, str]:
    """Returns every name that a script about a job may use, with its key, prefix or channel."""
    own = {name: job_key(job_id, name) for name in _JOB_PARTS}
    return {**_SERVICE_NAMES, **own, "job": job_key(job_id), "id": job_id}


def state_key(state: JobState) -> str:
    """Returns the key of the sorted set of the jobs in a state, by id."""
    return _SERVICE_NAMES[f"index_{state}"]


def queued_key(lane: Lane) -> str:
    """Returns the key of the sorted set of a lane's queued jobs, by id and so by time."""
    return _SERVICE_NAMES[f"queued_{lane}"]


def owned_key(owner: str) -> str:
    """Returns the key of the sorted set of an owner's jobs, by id."""
    return _SERVICE_NAMES["owned_prefix"] + owner


def open_key(owner: str) -> str:
    """Returns the key of the set of an owner's jobs that have not ended."""
    return _SERVICE_NAMES["open_prefix"] + owner


def idempotency_key(owner: str, key: str) -> str:
    """Returns the key of the hash of the job that a client's Idempotency-Key names."""
    return f"{PREFIX}:idempotency:{owner}:{key}"


def name_key(owner: str, name: str) -> str:
    """Returns the key of the hash of the job to which its owner gave a name."""
    return f"{_SERVICE_NAMES['name_prefix']}{owner}:{name}"


def rate_key(key_id: str) -> str:
    """Returns the key of an API key's theoretical arrival time [µs]."""
    return f"{PREFIX}:rate:{key_id}"


def lexicons_key(owner: str) -> str:
    """Returns the key of the hash of an owner's lexicons, by name."""
    return f"{PREFIX}:lexicons:{owner}"


def delivery_key(delivery_id: str) -> str:
    """Returns the key of the hash of a delivery: its row, and how far it is."""
    return _SERVICE_NAMES["delivery_prefix"] + delivery_id


def paused_key(address_id: str) -> str:
    """Returns the key that is there as long as nothing is to be sent to a receiver's address."""
    return f"{PREFIX}:paused:{address_id}"
