"""Finds work whose message is lost: Redis had handed it to a worker in the moment it died."""

from __future__ import annotations

from typing import Final

import structlog

from jobs.protocols import WorkId
from workers.context import Context
from workers.recovery.janitor import record_loss, send_again

ROUNDS: Final = 3
"""Rounds after a worker is gone: two to be sure, and one for what was on its way meanwhile."""

log = structlog.get_logger(__name__)
WorkSet = frozenset[tuple[str, WorkId]]
"""Job ids and work."""


class LostMessages:
    """Compares all open work with all messages, for some rounds after a worker has gone.

    A message is in its queue, or taken by a worker that claims it within milliseconds, or the work
    it names is held or done. Work of which none of this holds, twice in a row, is lost.

    Args:
        context: of this planner.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: frozenset[str] = frozenset()
        self._suspects: WorkSet = frozenset()
        self._rounds = ROUNDS  # who was here before this process may have died with it

    def check(self) -> int:
        """Runs one round; returns how many messages were sent again. Raises Unavailable."""
        context = self._context
        alive = frozenset(beat.id for beat in context.store.workers.alive(context.clock.now()))
        if self._known - alive:
            self._rounds = ROUNDS
        self._known = alive
        if not self._rounds:
            return 0
        self._rounds -= 1
        missing = self._missing()
        lost, self._suspects = missing & self._suspects, missing - self._suspects
        for job_id, work in sorted(lost):
            send_again(context, job_id, work, "message_lost")
            log.warning("found_missing", job=job_id, work=work)
            record_loss(context, job_id, work, "message_lost")
        return len(lost)

    def _missing(self) -> WorkSet:
        """Returns open work without a message.

        Queues are read before taken messages, and these before claims: the order in which messages
        move, so that none is overlooked between two reads.
        """
        queue, store = self._context.queue, self._context.store
        seen = set(queue.waiting())
        seen |= {(m.job_id, m.work) for m in queue.taken(self._context.clock.now())}
        return frozenset(
            (job_id, work)
            for job_id in store.records.open_jobs()
            for work in store.leases.unclaimed(job_id)
            if (job_id, work) not in seen
        )
