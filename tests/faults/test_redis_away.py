"""Redis does not answer: every route says so as a problem document, and goes on after."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from api.backends import Backends
from api.settings import ApiSettings
from core.errors import NotFound
from core.voice import read_catalogue
from jobs.celery_queue import CeleryQueue, celery_app
from jobs.protocols import JobStore
from jobs.redis_backend.backlog import RedisBacklog
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.events import RedisEvents
from jobs.redis_backend.lexicons import RedisLexicons
from jobs.redis_backend.listener import JobEventListener
from jobs.redis_backend.store import redis_job_store
from jobs.redis_backend.webhooks import RedisDeliveries
from jobs.storage.folder import FolderStore
from tests.memory_store import memory_job_store

Http = TestClient[Litestar]
JOB = "/jobs/" + "0" * 32


def backends(voices: Path, folder: Path, port: int, store: JobStore | None = None) -> Backends:
    url = f"redis://127.0.0.1:{port}/0"
    chosen = ApiSettings(voices=(voices,), shipped_voices=False, redis_url=url)
    return Backends(
        settings=chosen,
        store=store or redis_job_store(open_redis(url)),
        queue=CeleryQueue(open_redis(url), celery_app(url)),
        audio=FolderStore(folder),
        catalogue=read_catalogue(chosen.voice_folders),
        listener=JobEventListener(open_redis(url)),
        events=RedisEvents(open_redis(url)),
        backlog=RedisBacklog(open_redis(url)),
        lexicons=RedisLexicons(open_redis(url)),
        deliveries=RedisDeliveries(open_redis(url)),
    )


@pytest.fixture
def http(tiny_voices: Path, tmp_path: Path, closed_port: int) -> Iterator[Http]:
    state = backends(tiny_voices, tmp_path, closed_port)
    app = create_app(state.settings, state)
    with TestClient(app, raise_server_exceptions=False, base_url="http://127.0.0.1") as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/synthesize"),
        ("GET", "/jobs"),
        ("GET", "/lexicons"),
        ("GET", JOB),
        ("DELETE", JOB),
        ("GET", f"{JOB}/audio"),
    ],
)
def test_a_route_that_needs_redis_is_503(http: Http, method: str, path: str) -> None:
    body = {"text": "Hello."} if method == "POST" else None
    answer = http.request(method, path, json=body)
    assert answer.status_code == 503, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"]
    assert answer.json()["code"] == "redis_unavailable"


def test_what_needs_no_redis_answers(http: Http) -> None:
    assert http.get("/healthz").status_code == 200
    assert http.get("/voices").status_code == 200
    assert http.get("/schema/openapi.json").status_code == 200
    seen = http.get("/metrics")
    assert (seen.status_code, "tts_ready 0.0" in seen.text) == (200, True)
    ready = http.get("/readyz")
    assert (ready.status_code, ready.json()["missing"]) == (503, ["redis"])


def test_a_job_that_cannot_be_queued_is_not_kept(
    tiny_voices: Path, tmp_path: Path, closed_port: int
) -> None:
    store = memory_job_store()
    state = backends(tiny_voices, tmp_path, closed_port, store)
    with TestClient(
        create_app(state.settings, state),
        raise_server_exceptions=False,
        base_url="http://127.0.0.1",
    ) as client:
        answer = client.post("/synthesize", json={"text": "Hello."})
        assert (answer.status_code, answer.json()["code"]) == (503, "queue_unavailable")
    assert store.records.page(cursor=None, limit=9).jobs == ()
    with pytest.raises(NotFound):
        store.records.get("0" * 32)
