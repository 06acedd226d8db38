"""One spelling of REDIS_URL works in both clients, and none sends a password to just anybody."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import FieldError, Unavailable
from core.record import JobRecord
from core.request import Controls, Source
from jobs.celery_queue import CeleryQueue, celery_app
from jobs.ids import new_job_id
from jobs.redis_backend.address import parse_address
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.events import RedisEvents
from jobs.redis_backend.listener import JobEventListener
from jobs.redis_backend.server import EmbeddedRedis, find_redis_server
from jobs.redis_backend.store import redis_job_store
from tests.tls import TlsProxy, tls_proxy, write_certificate

NOW = 1_700_000_000.0
ACL = (
    "on",
    ">pw/@:",
    "~rhapsode:*",
    "resetchannels",
    "&rhapsode:*",
    "+@all",
    "-@admin",
    "-@dangerous",
)
"""The line of docs/operations.md."""


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("redis://:p%40w@h", "redis://:p%40w@h:6379/0"),
        ("redis://u:p@[::1]:5/2", "redis://u:p@[::1]:5/2"),
        ("rediss://h:1", "redis://h:1/0"),
        ("unix:///run/redis.sock?db=3", "redis+socket:///run/redis.sock?virtual_host=3"),
        (
            "redis+sentinel://u:p@a:1,b/main/4",
            "sentinel://u:p@a:1/4;sentinel://u:p@b:26379/4",
        ),
    ],
)
def test_the_queue_has_the_same_address_in_its_own_spelling(url: str, broker: str) -> None:
    assert parse_address(url).broker_url == broker


@pytest.mark.parametrize(
    "url",
    [
        "redis+cluster://a",
        "rediss+cluster://a:1,b:2",
        "sentinel://a:1;sentinel://b:2",
        "redis+socket:///run/redis.sock",
        "http://a",
        "127.0.0.1:6379",
        "redis://h/zero",
        "redis://h:port",
        "redis+sentinel://h",
        "unix://h",
        "rediss://h?ssl_cert_reqs=never",
        "redis://h?ssl_cert_reqs=none",
    ],
)
def test_what_is_not_supported_is_refused_by_name(url: str) -> None:
    with pytest.raises(FieldError) as caught:
        parse_address(url)
    assert (caught.value.field, bool(caught.value.allowed)) == ("REDIS_URL", True)


def test_a_cluster_is_refused_as_the_api_starts() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "api.app"],
        env={"REDIS_URL": "redis+cluster://a:1", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "Redis Cluster is not supported" in done.stderr


def exercise(url: str) -> None:
    """Both clients write, read and listen: what a process of the service does."""
    client = open_redis(url)
    store, queue = redis_job_store(client), CeleryQueue(client, celery_app(url))
    source = Source(text="Hello.")
    job = JobRecord(
        id=new_job_id(NOW), state="queued", request=Controls(), source=source.facts, created_at=NOW
    )
    listener = JobEventListener(client)
    listener.start()
    try:
        store.records.create(job, source)
        assert store.leases.claim(job.id, "plan", "w", NOW).verdict == "run"
        queue.plan(job.id)
        assert list(queue.waiting()) == [(job.id, "plan")]
        assert [event.event for event in RedisEvents(client).after(job.id)] == ["created"]
        app = celery_app(url)
        with app.connection_for_read() as connection:
            message = connection.default_channel.basic_get("plan")
            assert message is not None
            assert connection.default_channel.basic_get("bulk") is None
            message.ack()
        assert queue.taken(NOW * 2) == ()
        store.records.finish(job.id, "cancelled", NOW)
        store.records.forget(job.id)
    finally:
        listener.stop()
        client.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis(tmp_path / "redis", durable=False) as running:
        yield running


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    return write_certificate(tmp_path)


@pytest.fixture
def proxy(server: EmbeddedRedis, certificate: tuple[Path, Path]) -> Iterator[TlsProxy]:
    with tls_proxy(server.port, *certificate) as running:
        yield running


def add_user(server: EmbeddedRedis) -> None:
    client: Any = open_redis(server.url)
    client.execute_command("ACL", "SETUSER", "rhapsode", *ACL)
    client.execute_command("ACL", "SETUSER", "default", "off")


def test_a_certificate_that_is_trusted_lets_both_clients_in(
    server: EmbeddedRedis, proxy: TlsProxy, certificate: tuple[Path, Path]
) -> None:
    add_user(server)
    login = "rhapsode:pw%2F%40%3A"
    exercise(f"rediss://{login}@127.0.0.1:{proxy.port}/0?ssl_ca_certs={certificate[0]}")
    assert b"pw/@:" in proxy.sent


def test_nobody_without_a_trusted_certificate_learns_a_password(proxy: TlsProxy) -> None:
    url = f"rediss://rhapsode:secret@127.0.0.1:{proxy.port}/0"
    with pytest.raises(Unavailable):
        redis_job_store(open_redis(url)).records.ping()
    with pytest.raises(Unavailable):
        CeleryQueue(open_redis(url), celery_app(url)).plan("0" * 32)
    assert bytes(proxy.sent) == b""


def test_a_certificate_of_another_host_is_refused(
    proxy: TlsProxy, certificate: tuple[Path, Path]
) -> None:
    url = f"rediss://:secret@localhost:{proxy.port}/0?ssl_ca_certs={certificate[0]}"
    with pytest.raises(Unavailable):
        redis_job_store(open_redis(url)).records.ping()
    with pytest.raises(Unavailable):
        CeleryQueue(open_redis(url), celery_app(url)).plan("0" * 32)
    assert bytes(proxy.sent) == b""


def test_verification_is_switched_off_by_name_alone(server: EmbeddedRedis, proxy: TlsProxy) -> None:
    exercise(f"rediss://:{server.password}@127.0.0.1:{proxy.port}/0?ssl_cert_reqs=none")


def test_the_documented_user_has_all_that_is_needed(server: EmbeddedRedis) -> None:
    add_user(server)
    exercise(f"redis://rhapsode:pw%2F%40%3A@127.0.0.1:{server.port}/0")


def test_the_embedded_server_lets_nobody_in_without_its_password(
    server: EmbeddedRedis, tmp_path: Path
) -> None:
    with pytest.raises(Unavailable):
        redis_job_store(open_redis(f"redis://127.0.0.1:{server.port}/0")).records.ping()
    file = tmp_path / "redis" / "url"
    assert (file.read_text("utf-8"), file.stat().st_mode & 0o077) == (server.url, 0)
    assert server._process is not None
    words = Path(f"/proc/{server._process.pid}/cmdline").read_bytes()
    assert server.password.encode() not in words


def test_a_unix_socket_serves_both_clients(tmp_path: Path) -> None:
    path = tmp_path / "s"
    words = [str(find_redis_server()), "--port", "0", "--unixsocket", str(path), "--save", ""]
    process = subprocess.Popen([*words, "--requirepass", "p w"], stdout=subprocess.DEVNULL)
    try:
        url = f"unix://:p%20w@{path}?db=1"
        client = open_redis(url)
        while True:
            try:
                client.ping()
                break
            except Exception:
                assert process.poll() is None
        exercise(url)
    finally:
        process.terminate()
        process.wait()


@pytest.mark.parametrize("process", [["api.app"], ["workers.app", "planner"]])
def test_a_process_that_is_given_a_cluster_ends_with_one_line(process: list[str]) -> None:
    environment = {**os.environ, "REDIS_URL": "redis+cluster://a:7000,b:7000"}
    ended = subprocess.run(
        [sys.executable, "-m", *process],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert "REDIS_URL" in line
    assert "Traceback" not in line
