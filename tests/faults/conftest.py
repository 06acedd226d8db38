"""Fixtures of the faults tier."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from cli.child import ChildProcess
from cli.stack import ROOT, Stack
from jobs.redis_backend.server import EmbeddedRedis, free_port
from tests.conftest import tiny_environment
from tests.faults.supervised import DEADLINE, Supervised, wait_until

Start = Callable[..., Supervised]


@dataclass(frozen=True)
class ApiProcess:
    """An API that runs alone."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


StartApi = Callable[..., ApiProcess]


@pytest.fixture
def start(
    tiny_voices: Path, tiny_artifacts: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Start]:
    """Starts a service of its own: ``variables`` of its environment, options of the stack."""
    with ExitStack() as opened:

        def begin(variables: dict[str, str] | None = None, **options: object) -> Supervised:
            environment = tiny_environment(tiny_voices, tiny_artifacts) | (variables or {})
            options.setdefault("data", tmp_path_factory.mktemp("faults"))
            stack = Stack(environment=environment, **options)  # type: ignore[arg-type]
            opened.enter_context(stack)
            http = httpx.Client(base_url=stack.url, timeout=DEADLINE, trust_env=False)
            return Supervised(stack, opened.enter_context(http))

        yield begin


@pytest.fixture
def undisturbed(start: Start) -> Callable[[str], bytes]:
    """What a text sounds like where nothing goes wrong: spoken by a service that ends after."""

    def speak(text: str) -> bytes:
        calm = start()
        job = calm.submit(text=text, lane="bulk")
        assert calm.ended(job)["state"] == "succeeded"
        audio = calm.audio(job)
        calm.stack.stop()
        return audio

    return speak


@pytest.fixture
def start_api(tiny_voices: Path, tmp_path: Path, redis_url: str) -> Iterator[StartApi]:
    """Starts an API alone, a process of its own, with ``variables`` of its environment."""
    with ExitStack() as opened:

        def begin(**variables: str) -> ApiProcess:
            port = free_port()
            own = {"REDIS_URL": redis_url, "RHAPSODE_DATA": str(tmp_path), "PYTHONPATH": str(ROOT)}
            environment = tiny_environment(tiny_voices, tmp_path) | own | variables
            environment["RHAPSODE_PORT"] = str(port)
            api = ChildProcess("api", "api.app")
            api.start(environment, tmp_path / "api.log", verbose=False)
            assert api.process is not None
            started = ApiProcess(port, api.process)
            opened.callback(end, started)
            wait_until(lambda: serves(started))
            return started

        yield begin


def end(api: ApiProcess) -> None:
    """Ends an API and whatever reads for it, also what stands still."""
    with suppress(psutil.NoSuchProcess):
        readers = psutil.Process(api.process.pid).children()
        api.process.kill()
        for reader in readers:
            reader.kill()
    api.process.wait(DEADLINE)


def serves(api: ApiProcess) -> bool:
    assert api.process.poll() is None, "it ended as it started"
    try:
        return httpx.get(f"{api.url}/healthz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def durable(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    """A Redis of its own that writes its append-only file, to be killed."""
    with EmbeddedRedis(tmp_path / "redis") as server:
        yield server
