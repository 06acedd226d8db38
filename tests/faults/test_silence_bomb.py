"""A small text that asks for days of silence is refused, and a long pause costs no memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from audio.join import joined_blocks
from core.duration import DurationLimits
from core.errors import FieldError
from core.record import JobRecord
from core.request import Controls, Source
from core.text import Pauses
from core.voice import read_catalogue
from jobs.protocols import JobStore
from jobs.storage.folder import FolderStore
from tests.faults.test_redis_away import backends
from tests.memory_store import MemoryPartIndex, MemoryQueue, memory_job_store
from text.duration import plain_duration, ssml_duration
from text.ssml.parser import parse_ssml
from workers.context import Context, SystemClock
from workers.tasks.plan import plan

JOB = "0" * 32
BREAKS = '<break time="10s"/>' * 20_000
BETWEEN = 'and so he went <break time="10s"/>' * 20_000
SENTENCES = "Go. " * 20_000
HOUR = 3600.0


@pytest.fixture
def store() -> JobStore:
    return memory_job_store()


@pytest.fixture
def http(
    tiny_voices: Path, tmp_path: Path, closed_port: int, store: JobStore
) -> Iterator[TestClient[Litestar]]:
    state = backends(tiny_voices, tmp_path, closed_port, store)
    app = create_app(state.settings, state)
    with TestClient(app, raise_server_exceptions=False, base_url="http://127.0.0.1") as client:
        yield client


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"ssml": f"<speak>One{BREAKS}two.</speak>"}, "ssml", "pause_too_long"),
        ({"ssml": f"<speak>{BREAKS}two.</speak>"}, "ssml", "pause_too_long"),
        (
            {"ssml": f"<speak>{BETWEEN}</speak>"},
            "ssml",
            "silence_too_long",
        ),
        ({"text": SENTENCES, "pauses": {"sentence": 10.0}}, "text", "silence_too_long"),
        ({"text": "word " * 190_000, "speed": 0.25}, None, None),
    ],
    ids=["breaks", "breaks at the start", "breaks between words", "sentences", "a long book"],
)
def test_days_of_silence_are_refused_before_anything_is_queued(
    http: TestClient[Litestar],
    store: JobStore,
    body: dict[str, object],
    field: str | None,
    code: str | None,
) -> None:
    answer = http.post("/synthesize", json=body)
    if code is None:
        assert answer.json()["code"] == "queue_unavailable"
        return
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["code"] == code
    assert [error["field"] for error in problem["errors"]] == [field]
    assert problem["errors"][0]["allowed"].startswith("at most ")
    assert store.records.page(cursor=None, limit=1).jobs == ()


def test_a_book_of_sixty_hours_is_within_the_limits() -> None:
    sentence = "It was the best of times, it was the worst of times, said the man. "
    book = (sentence * 8 + "\n\n") * 5_900
    duration = plain_duration(book, Pauses())
    assert duration.speech > 58 * HOUR
    duration.require(DurationLimits(), speed=0.8, field="file")


def test_slow_prosody_counts() -> None:
    text = "a" * 1000
    slow = f'<prosody rate="50%">{text}<prosody rate="50%">{text}</prosody></prosody>{text}'
    plain = ssml_duration(parse_ssml(f"<speak>{text * 3}</speak>"), Pauses())
    slowed = ssml_duration(parse_ssml(f"<speak>{slow}</speak>"), Pauses())
    assert slowed.speech == pytest.approx(plain.speech * (2 + 4 + 1) / 3)
    with pytest.raises(FieldError) as refused:
        slowed.require(DurationLimits(audio=400.0), speed=1.0, field="ssml")
    assert refused.value.code == "audio_too_long"


def test_a_plan_that_is_too_long_fails_the_job(tiny_voices: Path, tmp_path: Path) -> None:
    """What the estimate missed: digits last longer than letters."""
    store = memory_job_store()
    source = Source(text="1234567 " * 50)
    record = JobRecord(
        id=JOB, state="queued", request=Controls(), source=source.facts, created_at=0.0
    )
    store.records.create(record, source)
    context = Context(
        store,
        MemoryQueue(),
        FolderStore(tmp_path),
        MemoryPartIndex(),
        read_catalogue([tiny_voices]),
        SystemClock(),
        "me",
        3,
        DurationLimits(audio=60.0),
    )
    plan(context, JOB)
    found = store.records.get(JOB)
    assert found.state == "failed"
    assert found.error is not None
    assert found.error.code == "audio_too_long"


def test_a_pause_of_hours_is_written_in_blocks() -> None:
    tone = np.ones(100, np.float32)
    pause = round(10 * HOUR) * 22050
    tracemalloc.start()
    samples = sum(map(len, joined_blocks([(tone, pause), (tone, 0)], 22050, lead=pause)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert samples == 2 * pause + 200
    assert peak < 16 * 2**20
