"""A scrape answers while Redis does not: with the last state, and its age."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest

import api.metrics
from api.metrics import CurrentState
from jobs.progress import Backlog


class Stopped:
    """Backends whose Redis answers only while ``answers`` is set."""

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.answers.set()
        self.asked = 0

    def ping(self) -> None:
        self.asked += 1
        assert self.answers.wait(60)

    def backends(self) -> Any:
        return SimpleNamespace(
            store=SimpleNamespace(
                records=SimpleNamespace(ping=self.ping),
                workers=SimpleNamespace(alive=lambda now: ()),
            ),
            queue=SimpleNamespace(depths=lambda: {"bulk": 7}, ages=lambda now: {"bulk": 3.0}),
            backlog=SimpleNamespace(backlog=Backlog),
            deliveries=SimpleNamespace(waiting=lambda now: (0, 0.0)),
            catalogue=SimpleNamespace(voices={}),
            now=lambda: 0.0,
        )


def values(state: CurrentState) -> dict[str, float]:
    return {sample.name: sample.value for family in state.collect() for sample in family.samples}


def test_the_last_state_is_reported_with_its_age() -> None:
    redis = Stopped()
    state = CurrentState(redis.backends(), seconds=60)
    fresh = values(state)
    assert (fresh["tts_queue_depth"], fresh["tts_state_age_seconds"]) == (7, 0.0)
    redis.answers.clear()
    state._seconds = 0.01
    for _ in range(3):
        old = values(state)
        assert old["tts_queue_depth"] == 7
        assert old["tts_state_age_seconds"] > 0
    assert redis.asked == 2, "one question at a time, however often somebody scrapes"
    state._seconds = 60
    redis.answers.set()
    values(state)
    assert values(state)["tts_state_age_seconds"] == 0.0


def test_before_any_answer_nothing_is_ready() -> None:
    redis = Stopped()
    redis.answers.clear()
    found = values(CurrentState(redis.backends(), seconds=0.01))
    assert (found["tts_ready"], "tts_queue_depth" in found) == (0, False)
    redis.answers.set()


def test_many_scrapes_at_once_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    made = list[int]()

    def exposition(*_: object) -> bytes:
        made.append(len(made))
        return b"%d" % made[-1]

    monkeypatch.setattr(api.metrics, "exposition", exposition)

    async def scenario() -> None:
        state = CurrentState(Stopped().backends())
        assert set(await asyncio.gather(*(state.page(None) for _ in range(50)))) == {b"0"}
        assert await state.page(None) == b"1"

    asyncio.run(scenario())
