"""A master dies, the sentinel names its replica: both clients follow, and no job is lost."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import redis

from core.child_process import die_with_parent
from core.errors import RhapsodeError
from core.record import JobRecord
from core.request import Controls, Source
from jobs.celery_queue import CeleryQueue, celery_app
from jobs.ids import new_job_id
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.server import find_redis_server, free_port
from jobs.redis_backend.store import redis_job_store

NOW = 1_700_000_000.0
DEADLINE = 120.0
PASSWORD = "a secret"
SOURCE = Source(text="Hello.")


class Cluster:
    """A master, its replica and a sentinel, each a process of its own."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self.ports = {name: free_port() for name in ("master", "replica", "sentinel")}
        self.processes = {"master": self._server("master")}
        self.processes["replica"] = self._server(
            "replica", f"replicaof 127.0.0.1 {self.ports['master']}"
        )
        until(lambda: b"online" in self.replicas())
        self.processes["sentinel"] = self._run(
            "sentinel",
            f"port {self.ports['sentinel']}",
            "sentinel deny-scripts-reconfig yes",
            f"sentinel monitor main 127.0.0.1 {self.ports['master']} 1",
            f'sentinel auth-pass main "{PASSWORD}"',
            "sentinel down-after-milliseconds main 500",
            "sentinel failover-timeout main 5000",
            options=("--sentinel",),
        )
        self.url = f"redis+sentinel://:a%20secret@127.0.0.1:{self.ports['sentinel']}/main"

    def replicas(self) -> bytes:
        client: Any = open_redis(f"redis://:a%20secret@127.0.0.1:{self.ports['master']}")
        return str(client.info("replication")).encode()

    def _server(self, name: str, *lines: str) -> subprocess.Popen[bytes]:
        own = (f"port {self.ports[name]}", f'requirepass "{PASSWORD}"', 'save ""')
        return self._run(name, *own, f'masterauth "{PASSWORD}"', *lines)

    def _run(
        self, name: str, *lines: str, options: tuple[str, ...] = ()
    ) -> subprocess.Popen[bytes]:
        folder = self._folder / name
        folder.mkdir()
        config = folder / "redis.conf"
        config.write_text("\n".join((f"dir {folder}", "bind 127.0.0.1", *lines, "")), "utf-8")
        process = subprocess.Popen(
            [str(find_redis_server()), str(config), *options],
            stdout=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process


def until(look: Callable[[], Any]) -> None:
    deadline = time.monotonic() + DEADLINE
    while True:
        try:
            if look():
                return
        except (RhapsodeError, redis.RedisError) as error:
            last: object = error
        else:
            last = "not yet"
        assert time.monotonic() < deadline, last
        time.sleep(0.05)


def accepts(queue: CeleryQueue, job_id: str) -> bool:
    queue.synthesize(job_id, 0, "bulk")
    return True


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with ExitStack() as stack:
        yield Cluster(tmp_path, stack)


def test_both_clients_follow_the_master(cluster: Cluster) -> None:
    client = open_redis(cluster.url)
    store, queue = redis_job_store(client), CeleryQueue(client, celery_app(cluster.url))
    until(client.ping)
    job = JobRecord(
        id=new_job_id(NOW), state="queued", request=Controls(), source=SOURCE.facts, created_at=NOW
    )
    store.records.create(job, SOURCE)
    queue.plan(job.id)
    client.wait(1, 5000)  # the replica has it
    cluster.processes["master"].kill()
    until(lambda: store.records.get(job.id).state == "queued")
    until(lambda: store.leases.claim(job.id, "plan", "w", NOW).verdict == "run")
    until(lambda: accepts(queue, job.id))
    assert set(queue.waiting()) == {(job.id, "plan"), (job.id, "0")}


def test_a_master_that_becomes_a_replica_is_left(cluster: Cluster) -> None:
    """REPLICAOF in the middle of a job: writes are refused as read-only, then go to the new one."""
    client = open_redis(cluster.url)
    store = redis_job_store(client)
    until(client.ping)
    job = JobRecord(
        id=new_job_id(NOW), state="queued", request=Controls(), source=SOURCE.facts, created_at=NOW
    )
    store.records.create(job, SOURCE)
    client.wait(1, 5000)
    sentinel: Any = open_redis(f"redis://127.0.0.1:{cluster.ports['sentinel']}")
    until(lambda: sentinel.execute_command("SENTINEL", "FAILOVER", "main"))
    old: Any = open_redis(f"redis://:a%20secret@127.0.0.1:{cluster.ports['master']}")
    until(lambda: old.info("replication")["role"] == "slave")
    until(lambda: store.records.finish(job.id, "cancelled", NOW))
    assert store.records.get(job.id).state == "cancelled"
