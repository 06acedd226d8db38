"""Planners that live and whose every thread waits for a store are no planners: /readyz says so."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

import workers.app
from api.routes.health import readiness
from core.errors import Unavailable
from jobs.celery_queue import PLAN_TASK, celery_app
from jobs.protocols import MessageOrigin, WorkerBeat, WorkId
from tests.memory_store import memory_job_store
from workers.celery_runtime.in_flight import WaitingTasks
from workers.celery_runtime.queue_order import QueueOrder

NOW = 1_700_000_000.0


def backends(*ready: bool) -> Any:
    store = memory_job_store()
    for number, value in enumerate(ready):
        store.workers.beat(WorkerBeat(f"p{number}", "planner", NOW, value))
    store.workers.beat(WorkerBeat("s", "synthesizer", NOW, True, ("a",)))
    return SimpleNamespace(store=store, catalogue=SimpleNamespace(voices={"v": 1}), now=lambda: NOW)


def test_readiness_tells_that_no_planner_moves() -> None:
    assert readiness(backends(True, False)).missing == ()
    stalled = readiness(backends(False, False))
    assert (stalled.ready, stalled.missing, stalled.planners) == (False, ("planning",), 0)
    assert readiness(backends()).missing == ("planner",)


def test_threads_that_wait_are_counted_until_their_store_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers.app, "RETRY_SECONDS", 0.01)
    app, waits, stopping = celery_app("redis://127.0.0.1:1/0"), WaitingTasks(2), threading.Event()
    away, refused = threading.Event(), threading.Semaphore(0)
    away.set()

    def work(job_id: str, origin: MessageOrigin) -> None:
        if away.is_set():
            refused.release()
            raise Unavailable("the disk is full", code="disk")

    def postpone(job_id: str, work: WorkId, queue: str, error: Unavailable) -> None:
        raise Unavailable("Redis does not answer", code="redis_unavailable")

    order = QueueOrder(2, "plan")
    workers.app._register(app, order, stopping, waits, postpone, PLAN_TASK, work)
    task = app.tasks[PLAN_TASK]
    threads = [
        threading.Thread(target=task.apply, args=([job],), kwargs={"routing_key": "plan"})
        for job in ("a", "b")
    ]
    for thread in threads:
        thread.start()
    for _ in range(8):  # two threads, so each was refused twice at least, or one seven times
        assert refused.acquire(timeout=60)
    while not waits.stalled:
        assert refused.acquire(timeout=60)
    away.clear()
    for thread in threads:
        thread.join(60)
    assert waits.stalled is False
