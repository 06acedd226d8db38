"""Tells as soon as a job has ended, so that nobody polls for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import redis
import structlog

from jobs.redis_client import open_redis
from jobs.redis_store import FINISHED_CHANNEL

log = structlog.get_logger(__name__)


class FinishedListener:
    """One subscription for all who wait in this process.

    A message may be missed while Redis is away, so who waits also looks at the record now and then.

    Args:
        url: of Redis.
    """

    def __init__(self, url: str) -> None:
        self._redis = open_redis(url)
        self._waiting: dict[str, list[Callable[[], object]]] = {}
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="finished", daemon=True)

    def start(self) -> None:
        """Starts listening."""
        self._thread.start()

    def stop(self) -> None:
        """Returns when the thread has ended."""
        self._stop.set()
        self._thread.join()

    @contextmanager
    def told(self, job_id: str, call: Callable[[], object]) -> Iterator[None]:
        """While the block runs, ``call`` is called (in the listener's thread) when the job ends."""
        with self._lock:
            self._waiting.setdefault(job_id, []).append(call)
        try:
            yield
        finally:
            with self._lock:
                self._waiting[job_id].remove(call)
                if not self._waiting[job_id]:
                    del self._waiting[job_id]

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._listen()
            except (redis.ConnectionError, redis.TimeoutError):
                log.warning("listener_lost")
                self._stop.wait(1)

    def _listen(self) -> None:
        subscribe: Any = self._redis.pubsub  # untyped in redis
        with subscribe(ignore_subscribe_messages=True) as channel:
            channel.subscribe(FINISHED_CHANNEL)
            while not self._stop.is_set():
                message = channel.get_message(timeout=0.5)
                if message:
                    self._tell(message["data"].decode())

    def _tell(self, job_id: str) -> None:
        with self._lock:
            calls = list(self._waiting.get(job_id, ()))
        for call in calls:
            call()
