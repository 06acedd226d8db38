"""Wakes who waits as soon as a job has an event, so that nobody polls for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import redis
import structlog

from core.record import JobEventName
from jobs.redis_backend.keys import MOVED

log = structlog.get_logger(__name__)
Callback = Callable[[], object]


class JobEventListener:
    """A subscription for all who wait in this process, with one thread however many they are.

    A message may be missed while Redis is away. Everybody is called when it is back; still, who
    waits looks at the record now and then.

    Args:
        client: the connection.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._waiting: dict[str, list[tuple[Callback, JobEventName | None]]] = {}
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="moves", daemon=True)

    def start(self) -> None:
        """Starts listening."""
        self._thread.start()

    def stop(self) -> None:
        """Returns when the thread has ended."""
        self._stop.set()
        self._thread.join()

    @contextmanager
    def listening(
        self, job_id: str, callback: Callback, *, event: JobEventName | None = None
    ) -> Iterator[None]:
        """Calls back, in the listener's thread, at every event of a job while the block runs.

        Args:
            job_id: of the job.
            callback: must not raise nor block.
            event: the one event of interest; None = any.
        """
        waiting = (callback, event)
        with self._lock:
            self._waiting.setdefault(job_id, []).append(waiting)
        try:
            yield
        finally:
            with self._lock:
                self._waiting[job_id].remove(waiting)
                if not self._waiting[job_id]:
                    del self._waiting[job_id]

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._listen()
            except redis.RedisError:  # whatever it refuses: a thread that ended would wake nobody
                log.warning("listener_lost")
                self._stop.wait(1)

    def _listen(self) -> None:
        subscribe: Any = self._client.pubsub  # untyped in redis
        with subscribe() as channel:
            channel.subscribe(MOVED)
            while not self._stop.is_set():
                message = channel.get_message(timeout=0.5)
                if message and message["type"] == "subscribe":
                    self._wake_all()
                elif message and message["type"] == "message":
                    job_id, _, event = message["data"].decode().partition(" ")
                    self._wake(job_id, event)

    def _wake(self, job_id: str, event: str) -> None:
        with self._lock:
            waiting = self._waiting.get(job_id, ())
            callbacks = [call for call, wanted in waiting if wanted in (None, event)]
        for callback in callbacks:
            callback()

    def _wake_all(self) -> None:
        with self._lock:
            callbacks = [call for waiting in self._waiting.values() for call, _ in waiting]
        for callback in callbacks:
            callback()
