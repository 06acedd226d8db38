"""The backends of the API: what its routes work with, built once by the application."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from anyio import to_thread

from api.settings import ApiSettings
from core.protocols import AudioStore
from core.record import TERMINAL, JobRecord
from core.voice import Catalogue
from jobs.protocols import ApiKeyStore, BacklogReader, EventLog, JobQueue, JobStore, LexiconStore
from jobs.redis_backend.listener import JobEventListener
from jobs.storage.verifier import FileVerifier
from jobs.webhooks import DeliveryStore
from telemetry.tracing import Tracing

LOOK_SECONDS = 1.0
"""How often a waiting request looks at the record, should the message have been missed [s]."""


_WAIT = re.compile(r"(?:^|,)\s*wait\s*=\s*(\d{1,6})\s*(?=$|[,;])", re.IGNORECASE)


def preferred_wait(prefer: str | None, most: float) -> float:
    """Returns the seconds of ``Prefer: wait``.

    What is not understood is ignored, as RFC 7240 §2 wants it.

    >>> preferred_wait("respond-async, wait=10", 60.0)
    10.0
    """
    found = _WAIT.search(prefer or "")
    return min(float(found[1]), most) if found else 0.0


@dataclass(frozen=True, slots=True)
class Backends:
    """The service's state outside the process."""

    settings: ApiSettings
    store: JobStore
    queue: JobQueue
    audio: AudioStore
    catalogue: Catalogue
    listener: JobEventListener
    events: EventLog
    backlog: BacklogReader
    lexicons: LexiconStore
    deliveries: DeliveryStore
    keys: ApiKeyStore | None = None
    """None: no key is required."""
    files: FileVerifier = field(default_factory=FileVerifier)
    now: Callable[[], float] = time.time
    """Unix seconds."""
    tracing: Tracing = field(default_factory=Tracing)
    """Off by default."""

    async def wait_until_ended(self, job_id: str, seconds: float) -> JobRecord:
        """Waits for a job's end; returns its record then, or as it is after that time [s].

        Raises:
            NotFound, Unavailable: see JobStore.
        """
        loop, event = asyncio.get_running_loop(), asyncio.Event()
        deadline = loop.time() + seconds

        def wake() -> object:
            return loop.call_soon_threadsafe(event.set)

        with self.listener.listening(job_id, wake, event="finished"):
            while True:
                event.clear()  # before the look: what ends after it sets the event again
                record = await to_thread.run_sync(self.store.records.get, job_id)
                left = deadline - loop.time()
                if record.state in TERMINAL or left <= 0:
                    return record
                try:
                    await asyncio.wait_for(event.wait(), min(left, LOOK_SECONDS))
                except TimeoutError:
                    continue
