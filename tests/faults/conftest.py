"""Fixtures of the faults tier."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from cli.stack import Stack
from jobs.redis_backend.server import EmbeddedRedis
from tests.conftest import tiny_environment
from tests.faults.supervised import DEADLINE, Supervised

Start = Callable[..., Supervised]


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
def durable(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    """A Redis of its own that writes its append-only file, to be killed."""
    with EmbeddedRedis(tmp_path / "redis") as server:
        yield server
