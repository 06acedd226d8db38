"""Runs the whole service on this machine: Redis, API, planner and synthesizers as children."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Any, Self

import httpx
from prometheus_client.multiprocess import mark_process_dead

from cli.child import ChildProcess
from cli.extras import require_module
from core.errors import Conflict, Unavailable
from jobs.redis_backend.client import require_redis
from jobs.redis_backend.server import EmbeddedRedis, free_port

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 600.0
"""How long a start may take: the first one exports the networks of the default voice [s]."""
DRAIN_SECONDS = 120.0
"""How long running work may take to end; what is killed then runs again after a restart [s]."""
STOP_POLL_SECONDS = 0.1
"""How soon a signal is noticed while running work ends [s]."""
LOG_TAIL_LINES = 12
BACKLOG = 2048
"""Connections that may wait for the API; uvicorn's own default."""
WORKERS_NICE = 10
"""Niceness of workers: beside the API they have a tenth of its weight (sched(7)) and all cores
that it leaves, so that a request is answered at once while they compute for hours."""


class Stack:
    """A service of child processes; a context manager that is entered when the service is ready.

    Args:
        data: folder of everything that is written.
        environment: environment of the children; the settings that follow from here override it.
        host: address that the API listens on.
        port: port of the API; 0 takes a free one.
        synthesizers: number of synthesizer processes.
        voices: more folders of voices.
        redis_url: URL of an existing Redis; None starts one.
        verbose: True sends the children's logs to stderr instead of ``<data>/logs``.
        workers_nice: niceness that workers add to ours.
        on_missing: called with the names of the components that the service still waits for.

    Attributes:
        url: URL of the API.

    Raises:
        Unavailable: the default runtime is not installed (code ``missing_extra``).
    """

    def __init__(
        self,
        data: Path,
        *,
        environment: dict[str, str],
        host: str = "127.0.0.1",
        port: int = 0,
        synthesizers: int = 1,
        voices: tuple[Path, ...] = (),
        redis_url: str | None = None,
        verbose: bool = False,
        workers_nice: int = 0,
        on_missing: Callable[[tuple[str, ...]], None] = lambda names: None,
    ) -> None:
        require_module("onnxruntime")  # here, not in a worker's log
        self._data, self._verbose, self._on_missing = data, verbose, on_missing
        self._redis = None if redis_url else EmbeddedRedis(data / "redis")
        self.redis_url = redis_url or self._redis_of().url
        self._host, self.port = host, port or free_port()
        self.url = url_of(host, self.port)
        settings = {
            "REDIS_URL": self.redis_url,
            "RHAPSODE_DATA": str(data.resolve()),
            "RHAPSODE_HOST": host,
            "RHAPSODE_PORT": str(self.port),
            "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), environment.get("PYTHONPATH")))),
        }
        if voices:
            settings["RHAPSODE_VOICES"] = os.pathsep.join(str(v.resolve()) for v in voices)
        threads = max(1, (os.cpu_count() or 1) // synthesizers)
        # The engine computes batches side by side; a network with threads of its own is slower.
        defaults = {"RHAPSODE_THREADS": str(threads), "OMP_NUM_THREADS": "1"}
        self._environment = {**defaults, **environment, **settings}
        workers = [("planner", "planner")]
        workers += [(f"synthesizer-{index}", "synthesizer") for index in range(synthesizers)]
        self.children = [ChildProcess("api", "api.app")]
        for name, role in workers:
            self.children.append(ChildProcess(name, "workers.app", (role,), nice=workers_nice))
        self._lock: IO[str] | None = None
        self._listener: socket.socket | None = None
        self._metrics: Path | None = None

    def _redis_of(self) -> EmbeddedRedis:
        assert self._redis is not None  # only asked where no url was given
        return self._redis

    def __enter__(self) -> Self:
        self._lock_data_folder()
        try:
            self._listen()
            if self._redis is not None:
                self._redis.start()
            else:
                require_redis(self.redis_url)
            for child in self.children:
                self._spawn(child)
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _listen(self) -> None:
        """Opens the port for the API, so that whoever comes before it runs waits, not fails."""
        self._listener = open_listener(self._host, self.port)
        descriptor = self._listener.fileno()
        api = self.children[0]
        api.arguments, api.inherited = ("--fd", str(descriptor)), (descriptor,)

    def _lock_data_folder(self) -> None:
        try:
            (self._data / "logs").mkdir(parents=True, exist_ok=True)
            lock = (self._data / "up.lock").open("a+")
        except OSError as error:
            raise Unavailable(
                f"cannot write to {self._data}: {error.strerror}", code="disk"
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            with lock:
                lock.seek(0)
                raise Conflict(
                    f"another rhapsode runs on the folder {self._data}, at {lock.read()}: send "
                    "it the work (rhapsode submit, book --url), or choose another folder (--data)"
                ) from error
        lock.truncate(0)
        lock.write(self.url)
        lock.flush()
        self._lock = lock
        for old in self._data.glob("metrics-*"):
            shutil.rmtree(old)
        self._metrics = Path(tempfile.mkdtemp(prefix="metrics-", dir=self._data))
        self._environment["PROMETHEUS_MULTIPROC_DIR"] = str(self._metrics.resolve())

    def _spawn(self, child: ChildProcess) -> None:
        with noted_interrupts() as interrupts:  # a child that has begun is one that is stopped
            child.start(self._environment, self._log_path(child), verbose=self._verbose)
        if interrupts:
            raise KeyboardInterrupt

    @property
    def logs_folder(self) -> Path:
        """Folder of the children's logs."""
        return self._data / "logs"

    def _log_path(self, child: ChildProcess) -> Path:
        return self.logs_folder / f"{child.name}.log"

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        # Whoever is early waits for the API; it must not keep us from seeing that a process died.
        with httpx.Client(base_url=self.url, timeout=1, trust_env=False) as client:
            while not self._ready(client):
                for child in self.children:
                    if child.ended:
                        raise self._died(child)
                if time.monotonic() > deadline:
                    raise Unavailable(
                        f"not ready after {READY_SECONDS:.0f} s; see {self._data}/logs"
                    )
                time.sleep(0.1)

    def _ready(self, client: httpx.Client) -> bool:
        try:
            answer = client.get("/readyz")
        except httpx.TransportError:
            self._on_missing(("api",))
            return False
        readiness = answer.json()
        if failures := readiness.get("failures"):
            raise Unavailable(
                f"the default voice cannot be loaded: {'; '.join(failures)}", code="models"
            )
        self._on_missing(tuple(readiness.get("missing", ())))
        # Of several synthesizers the first that is ready will do; the others join when they are.
        return answer.status_code == 200

    def _died(self, child: ChildProcess) -> Unavailable:
        code = child.process.returncode if child.process else None
        tail = ""
        if not self._verbose:
            lines = self._log_path(child).read_text("utf-8", "replace").splitlines()
            tail = ":\n" + "\n".join(lines[-LOG_TAIL_LINES:])
        return Unavailable(
            f"{child.name} ended with code {code} while starting{tail}", code="start"
        )

    def check(self) -> list[str]:
        """Restarts children that died, each time after a longer wait; returns the restarted names.

        Raises:
            Unavailable: our Redis died.
        """
        if self._redis is not None and not self._redis.alive:
            raise Unavailable(f"redis-server ended; see {self._data}/redis/redis.log", code="redis")
        restarted, now = [], time.monotonic()
        for child in self.children:
            if child.process is not None and child.ended:
                # Its gauges would be summed for ever; its counters rightly stay.
                mark_process_dead(child.process.pid, str(self._metrics))  # type: ignore[no-untyped-call]
                child.schedule_restart(now)
            if child.process is None and now >= child.due:
                self._spawn(child)
                restarted.append(child.name)
        return restarted

    def stop(self) -> None:
        """Stops the API, which ends new work, then the workers when their work ends, then Redis.

        A signal kills what still works; nothing is left behind for it, however many come.
        """
        with noted_interrupts() as interrupts:
            self._stop(interrupts)

    def _stop(self, interrupts: list[int]) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        running = [c.process for c in self.children if c.process is not None]
        for process in running:
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + DRAIN_SECONDS
        for process in running:
            while process.poll() is None:
                if interrupts or time.monotonic() > deadline:  # nobody wants to wait any longer
                    process.kill()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(STOP_POLL_SECONDS)
        for child in self.children:
            child.process = None
        if self._redis is not None:
            self._redis.stop()
        if self._metrics is not None:
            shutil.rmtree(self._metrics, ignore_errors=True)
            self._metrics = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None


@contextmanager
def noted_interrupts() -> Iterator[list[int]]:
    """Yields the list of signals that came; none of them interrupts the block."""
    interrupts: list[int] = []
    with handled_interrupts(lambda number, frame: interrupts.append(number)):
        yield interrupts


@contextmanager
def handled_interrupts(
    handle: Callable[[int, FrameType | None], object],
) -> Iterator[dict[int, Any]]:
    """Has SIGINT and SIGTERM handled so in the block; one that this process ignores stays so.

    Signals interrupt the main thread alone: in another one nothing changes.

    Yields:
        The handlers after the block by signal, at first those before it.
    """
    in_main = threading.current_thread() is threading.main_thread()
    numbers = [
        number
        for number in (signal.SIGINT, signal.SIGTERM)
        if in_main and signal.getsignal(number) is not signal.SIG_IGN
    ]
    afterwards: dict[int, Any] = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield afterwards
    finally:
        for number, handler in afterwards.items():
            signal.signal(number, handler)


def stack_of_command(data: Path, on_missing: Callable[[tuple[str, ...]], None]) -> Stack:
    """Returns the service that a command has while it runs: of its environment, on a free port."""
    environment = dict(os.environ)
    redis_url = environment.get("REDIS_URL") or None
    return Stack(data, environment=environment, redis_url=redis_url, on_missing=on_missing)


def url_of(host: str, port: int) -> str:
    """Returns the URL of a service that listens there, as a client of the same machine uses it.

    >>> url_of("0.0.0.0", 8080), url_of("::1", 80)
    ('http://127.0.0.1:8080', 'http://[::1]:80')
    """
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def open_listener(host: str, port: int) -> socket.socket:
    """Returns a socket that listens; connections wait in it until a process accepts them.

    Raises:
        Conflict: the address is another process's, or none of this machine (code ``port``).
    """
    listener: socket.socket | None = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        if listener is not None:
            listener.close()
        reason = f"cannot listen on {host}:{port}: {error.strerror}"
        raise Conflict(f"{reason}; choose another with --port or --host", code="port") from error
    return listener
