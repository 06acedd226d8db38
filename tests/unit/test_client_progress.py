"""What the command line shows of a job never goes back."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import msgspec
import pytest

from cli.client import ServiceClient
from cli.server_sent_events import ServerSentEvent


def job(share: float, state: str = "running") -> dict[str, Any]:
    return {"id": "j", "state": state, "progress": {"share": share}}


def event(name: str, share: float) -> ServerSentEvent:
    return ServerSentEvent("", name, msgspec.json.encode(job(share)).decode())


def test_events_that_are_older_than_a_poll_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """After an outage the stream sends again what a poll has overtaken."""

    def events(self: ServiceClient, job_id: str) -> Generator[ServerSentEvent | None, None, None]:
        yield event("part_done", 1 / 3)
        yield None
        yield event("part_done", 2 / 3)
        yield event("finished", 1.0)

    polls = iter([job(1.0), job(1.0, "succeeded")])
    monkeypatch.setattr(ServiceClient, "_events", events)
    monkeypatch.setattr(ServiceClient, "_get_patiently", lambda self, job_id: next(polls))
    shares: list[float] = []
    with ServiceClient("http://127.0.0.1:9") as client:
        last = client.wait_until_ended(
            job(0), lambda seen: shares.append(seen["progress"]["share"])
        )
    assert last["state"] == "succeeded"
    assert shares == [0, 1 / 3, 1.0, 1.0, 1.0]
