"""Work that a store refused is sent again later, each time after a longer wait, and not for ever.

The thread is free meanwhile. Only where Redis itself is away, which keeps the messages, has a
thread to wait: see ``workers.app``.
"""

from __future__ import annotations

from typing import Final

import structlog

from core.errors import Unavailable, UnreadableRow
from core.record import JobError
from jobs.protocols import WorkId
from workers.context import Context
from workers.metrics import POSTPONED

FIRST_SECONDS: Final = 1.0
"""Before the first new try; twice as long before each one after it [s]."""
LONGEST_SECONDS: Final = 60.0
"""Longest wait before a try [s]."""

log = structlog.get_logger(__name__)


def postpone(context: Context, job_id: str, work: WorkId, queue: str, error: Unavailable) -> None:
    """Gives work back that a store refused, and has its message sent again later.

    Where a store has refused it for ``context.unavailable_seconds``, its job fails instead.

    Args:
        context: of this worker.
        job_id, work: what was refused.
        queue: from which its message came.
        error: what the store answered.

    Raises:
        Unavailable: Redis does not answer; nothing was changed that could not be done again.
    """
    now = context.clock.now()
    refusal = context.store.leases.refuse(job_id, work, context.worker, now)
    if refusal is None:
        return
    tried = now - refusal.since
    if tried >= context.unavailable_seconds:
        _fail(context, job_id, refusal.work, error, tried)
        return
    wait = min(FIRST_SECONDS * 2 ** min(refusal.count - 1, 10), LONGEST_SECONDS)
    if refusal.work != work:
        queue = refusal.work
    context.queue.postpone(job_id, refusal.work, queue, now + wait)
    POSTPONED.labels(error.code).inc()
    log.warning("postponed", job=job_id, work=refusal.work, code=error.code, seconds=wait)


def _fail(context: Context, job_id: str, work: WorkId, error: Unavailable, tried: float) -> None:
    part = int(work) if work.isdecimal() else None
    message = f"{error.message}; given up after {tried:.0f} seconds of tries"
    failure = JobError(error.code, message, True, part)
    log.error("given_up", job=job_id, work=work, code=error.code, seconds=round(tried))
    try:
        record = context.store.records.get(job_id)
    except UnreadableRow:  # nobody knows what to count it as
        context.store.records.finish(job_id, "failed", context.clock.now(), error=failure)
        return
    context.finish(record, "failed", error=failure)
