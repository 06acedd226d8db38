"""Redis at its memory limit refuses writes: clients are told so, and nothing is half kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app, open_backends
from api.settings import ApiSettings
from core.errors import Unavailable
from jobs.celery_queue import CeleryQueue, celery_app
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.server import EmbeddedRedis

Http = TestClient[Litestar]


@pytest.fixture
def full(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    """A Redis that has no room left for anything, with what is there readable."""
    with EmbeddedRedis(tmp_path / "redis", durable=False) as server:
        yield server


def fill(server: EmbeddedRedis) -> None:
    """Sets a limit that even an empty server exceeds: how much that one uses differs by version."""
    client = open_redis(server.url)
    client.config_set("maxmemory", "1")  # a byte; 0 would mean no limit
    assert client.info("memory")["used_memory"] > 1
    client.close()


def relieve(server: EmbeddedRedis) -> None:
    """Takes the limit away."""
    client = open_redis(server.url)
    client.config_set("maxmemory", "0")
    client.close()


@pytest.fixture
def http(full: EmbeddedRedis, tiny_voices: Path, tmp_path: Path) -> Iterator[Http]:
    chosen = ApiSettings(
        redis_url=full.url, data=tmp_path, voices=(tiny_voices,), shipped_voices=False
    )
    app = create_app(chosen, open_backends(chosen))
    with TestClient(app, raise_server_exceptions=False, base_url="http://127.0.0.1") as client:
        yield client


def test_a_job_that_cannot_be_kept_is_not_accepted(http: Http, full: EmbeddedRedis) -> None:
    kept = http.post("/synthesize", json={"text": "Before."}).json()["id"]
    fill(full)
    answer = http.post("/synthesize", json={"text": "Now."}, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["code"]) == (503, "redis_full")
    assert answer.headers["retry-after"]
    assert [job["id"] for job in http.get("/jobs").json()["jobs"]] == [kept]
    assert http.delete(f"/jobs/{kept}").json()["state"] == "cancelled"  # it makes room
    relieve(full)
    again = http.post("/synthesize", json={"text": "Now."}, headers={"Idempotency-Key": "k"})
    assert again.status_code == 202
    client = open_redis(full.url)
    assert client.llen("rhapsode:queue:plan") == 2
    client.close()


def test_a_job_whose_message_does_not_fit_is_not_kept(
    http: Http, full: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record fitted, its message does not: there is no job that nobody would plan."""
    send = CeleryQueue.plan

    def late(queue: CeleryQueue, job_id: str, *, long: bool = False) -> None:
        fill(full)
        send(queue, job_id, long=long)

    monkeypatch.setattr(CeleryQueue, "plan", late)
    answer = http.post("/synthesize", json={"text": "Now."})
    assert (answer.status_code, answer.json()["code"]) == (503, "queue_unavailable")
    assert http.get("/jobs").json()["jobs"] == []


@pytest.mark.parametrize("connected", [False, True])
def test_a_message_that_does_not_fit_is_unavailable(full: EmbeddedRedis, connected: bool) -> None:
    queue = CeleryQueue(open_redis(full.url), celery_app(full.url))
    if connected:
        queue.plan("0" * 32)
    fill(full)
    with pytest.raises(Unavailable):
        queue.plan("0" * 32)


def test_keys_are_still_known(full: EmbeddedRedis, http: Http, tmp_path: Path) -> None:
    """What only reads goes on; what counts a request cannot, and says so."""
    from jobs.protocols import KeyLimits
    from jobs.redis_backend.api_keys import RedisApiKeys

    keys = RedisApiKeys(open_redis(full.url))
    key, token = keys.add("a", 0.0)
    fill(full)
    assert keys.check(token) == key
    limited = msgspec.structs.replace(key, limits=KeyLimits(requests_per_minute=1))
    with pytest.raises(Unavailable):
        keys.admit(limited)
