"""Large bodies are taken at a bounded rate; small ones at once."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from api.admission import ApiClient
from api.fair_semaphore import FairSemaphore
from api.uploads import BYTES_PER_SECOND, MOST_WAITING, SMALL_BYTES, _Body

BLOCK = bytes(1024 * 1024)


class _Client:
    quota_key = "a"


def delays_of(body: list[bytes], monkeypatch: pytest.MonkeyPatch) -> tuple[bytes, list[float]]:
    """Reads a body that is there at once; returns it and how long was waited for its rate [s]."""
    delays = list[float]()

    async def sleep(seconds: float) -> None:
        delays.append(seconds)

    async def read() -> bytes:
        messages = [
            {"type": "http.request", "body": block, "more_body": i + 1 < len(body)}
            for i, block in enumerate(body)
        ]
        client: ApiClient | Any = _Client()
        scope = {"method": "POST", "state": {"client": client}}
        pending = iter(messages)

        async def receive() -> Any:
            return next(pending)

        whole = bytearray()
        async with AsyncExitStack() as place:
            turns = FairSemaphore(1, MOST_WAITING, "too_many_uploads")
            reader = _Body(scope, receive, turns, place, 300.0)  # type: ignore[arg-type]
            more = True
            while more:
                message = await reader.receive()
                assert message["type"] == "http.request"
                whole += message["body"]
                more = message["more_body"]
        return bytes(whole)

    monkeypatch.setattr("api.uploads.asyncio.sleep", sleep)
    return asyncio.run(read()), delays


def test_a_large_body_waits_for_its_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    size = 2 * BYTES_PER_SECOND
    body, delays = delays_of([BLOCK] * (size // len(BLOCK)), monkeypatch)
    assert len(body) == size
    assert len(delays) == size // len(BLOCK)
    assert max(delays) > 1.0  # of two seconds, less what reading it took


def test_a_small_body_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    body, delays = delays_of([bytes(SMALL_BYTES)], monkeypatch)
    assert len(body) == SMALL_BYTES
    assert not delays
