"""Tells as soon as a job has moved, so that nobody polls for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import redis
import structlog

from core.record import JobEventName
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.transitions import MOVED

log = structlog.get_logger(__name__)
Call = Callable[[], object]


class MoveListener:
    """One subscription for all who wait in this process, with one thread however many they are.

    A message may be missed while Redis is away. Everybody is called when it is back; still, who
    waits looks at the record now and then.

    Args:
        url: of Redis.
    """

    def __init__(self, url: str) -> None:
        self._redis = open_redis(url)
        self._waiting: dict[str, list[tuple[Call, JobEventName | None]]] = {}
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
    def told(self, job_id: str, call: Call, *, of: JobEventName | None = None) -> Iterator[None]:
        """While the block runs, ``call`` is called (in the listener's thread) when the job moves.

        Args:
            job_id: of the job.
            call: must not raise nor block.
            of: the one event of interest; None = any.
        """
        waiting = (call, of)
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
            except redis.RedisError:  # whatever it refuses: a thread that ended would tell nobody
                log.warning("listener_lost")
                self._stop.wait(1)

    def _listen(self) -> None:
        subscribe: Any = self._redis.pubsub  # untyped in redis
        with subscribe() as channel:
            channel.subscribe(MOVED)
            while not self._stop.is_set():
                message = channel.get_message(timeout=0.5)
                if message and message["type"] == "subscribe":
                    self._tell_all()
                elif message and message["type"] == "message":
                    job_id, _, event = message["data"].decode().partition(" ")
                    self._tell(job_id, event)

    def _tell(self, job_id: str, event: str) -> None:
        with self._lock:
            calls = [call for call, of in self._waiting.get(job_id, ()) if of in (None, event)]
        for call in calls:
            call()

    def _tell_all(self) -> None:
        with self._lock:
            calls = [call for waiting in self._waiting.values() for call, _ in waiting]
        for call in calls:
            call()
