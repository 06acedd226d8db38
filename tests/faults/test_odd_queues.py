"""What a queue holds or refuses ends no process."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs.redis_backend.client import open_redis
from jobs.redis_backend.keys import QUEUE_PREFIX
from jobs.redis_backend.server import EmbeddedRedis
from tests.faults.conftest import Start
from tests.faults.supervised import Supervised

ODD = [b"no JSON", b"\xff", b"[]", b"null", b"7", b"{}", b'{"properties": {}, "headers": {}}']


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis(tmp_path / "redis", durable=False) as running:
        yield running


def pids(service: Supervised) -> list[int]:
    return [child.process.pid for child in service.stack.children if child.process is not None]


def test_odd_messages_are_dropped(start: Start, server: EmbeddedRedis) -> None:
    service = start(redis_url=server.url)
    before, client = pids(service), open_redis(server.url)
    for queue in ("plan", "assemble", "interactive", "bulk"):
        client.rpush(QUEUE_PREFIX + queue, *ODD)
    for lane in ("interactive", "bulk"):
        job = service.submit(text="Still here.", lane=lane)
        assert service.ended(job)["state"] == "succeeded"
    assert pids(service) == before
    assert not any(client.llen(QUEUE_PREFIX + queue) for queue in ("plan", "bulk"))


def test_a_redis_that_cannot_write_is_waited_for(
    start: Start, server: EmbeddedRedis, tmp_path: Path
) -> None:
    """MISCONF: it refuses every command that writes, until its disk takes them again."""
    service = start(redis_url=server.url)
    before, client = pids(service), open_redis(server.url)
    untyped: Any = client
    (tmp_path / "disk").mkdir()
    untyped.config_set("dir", str(tmp_path / "disk"))
    shutil.rmtree(tmp_path / "disk")
    client.config_set("save", "3600 1")
    client.set("something", "to save")
    client.bgsave()
    service.until(lambda: refuses(client))
    answer = service.http.post("/synthesize", json={"text": "Now?"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    logs = service.stack.logs_folder
    service.until(lambda: all("MISCONF" in p.read_text("utf-8") for p in logs.glob("[ps]*.log")))
    client.config_set("save", "")
    job = service.submit(text="Still here.", lane="bulk")
    assert service.ended(job)["state"] == "succeeded"
    assert pids(service) == before


def refuses(client: Any) -> bool:
    try:
        client.set("something", "else")
    except Exception as error:
        return "MISCONF" in str(error)
    return False
