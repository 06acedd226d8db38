"""Rows of schema 1, some with fields of the future, are read from now on; bad rows hurt no other.

``python -m tests.contract.test_stored_rows URL`` wrote the fixture, on an empty Redis of the first
version with schema 1. It is not written again: that rows of old are still read is what it shows.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient
from prometheus_client import REGISTRY

from api.app import create_app, open_backends
from api.settings import ApiSettings
from core.acx import AcxReport
from core.errors import Unavailable
from core.part import JobPlan, Part, PartAudio, PartResult
from core.record import JobError, JobRecord
from core.report import StageSeconds, SynthesisReport
from core.request import BookFacts, Chapter, Controls, Source
from core.text import Notice, Prosody, Silence, Span, Utterance, Word
from jobs.protocols import JobStore, KeyLimits, WorkerBeat
from jobs.redis_backend.api_keys import RedisApiKeys
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.keys import BEATS, WORKERS, job_key
from jobs.redis_backend.store import redis_job_store

FIXTURE = Path(__file__).parent / "stored" / "schema_1.json"
NOW = 1_700_000_000.0
JOB = "018bcfe56800" + "0" * 20
NOTICE = Notice("word_guessed", "a guess", Span(0, 5))
CONTROLS = Controls(
    voice="v", acoustic="a", vocoder="w", runtime="onnx", sample_rate=22050, format="m4b"
)
SOURCE = Source(
    text="Hello there.",
    chapters=(Chapter("One", Span(0, 12)),),
    book=BookFacts(title="Book", authors=("A",), cover="image/png"),
    notices=(NOTICE,),
)
UTTERANCE = Utterance(
    text="hello there",
    span=Span(0, 12),
    phonemes=("a", "b"),
    phoneme_ids=(3, 4),
    pause_after_seconds=0.25,
    prosody=(Prosody(start=0, end=2, speed=1.5),),
    words=(Word("hello", Span(0, 5), 0, 1),),
)
PLAN = JobPlan(
    parts=2,
    utterances=2,
    lead_seconds=0.0,
    text_seconds=0.1,
    seconds=3.0,
    silences=(Silence(Span(5, 6), "whitespace"),),
    notices=(NOTICE,),
)
PARTS = [Part(i, i, (UTTERANCE,), seconds=1.5) for i in range(2)]
AUDIO = PartAudio(
    samples=(22050,),
    durations=((40, 46),),
    batch_sizes=(1,),
    sample_rate=22050,
    artifacts={"a": "00"},
    notices=((NOTICE,),),
)
RESULTS = (
    PartResult(index=0, digest="00", audio=AUDIO),
    PartResult(index=1, error=JobError("anomaly", "runaway", part=1)),
)
REPORT = SynthesisReport(
    audio_seconds=1.0,
    compute_seconds=0.1,
    rtf=0.1,
    stage_seconds=StageSeconds(text=0.1),
    queue_seconds=0.0,
    batch_fill=1.0,
    utterances=1,
    sample_rate=22050,
    samples=22050,
    artifacts={"a": "00"},
    acx=AcxReport(rms_db=-20.0, peak_db=-3.0, noise_floor_db=-70.0),
    warnings=(NOTICE,),
    warning_counts={"word_guessed": 1},
)
BEAT = WorkerBeat("w", "synthesizer", NOW, True, ("a",))


def write_rows(url: str) -> None:
    """Fills an empty Redis with one row of each kind."""
    store = redis_job_store(open_redis(url))
    record = JobRecord(
        id=JOB, state="queued", request=CONTROLS, source=SOURCE.facts, created_at=NOW, owner="o"
    )
    store.records.create(record, SOURCE)
    store.plans.put(JOB, PLAN, PARTS)
    store.leases.claim(JOB, "0", "w", NOW)
    for result in RESULTS:
        store.results.add(JOB, result, "w", NOW + 1)
    error = JobError("anomaly", "runaway", part=1)
    store.records.finish(JOB, "partial", NOW + 2, report=REPORT, error=error)
    store.workers.beat(BEAT)
    RedisApiKeys(open_redis(url)).add("reader", NOW, limits=KeyLimits(characters=5))


def from_the_future(value: Any, name: str = "") -> Any:
    """The value with a field more in every structure; what maps names to values stays as it is."""
    if isinstance(value, list):
        return [from_the_future(item) for item in value]
    if not isinstance(value, dict) or name in ("artifacts", "warning_counts"):
        return value
    known = {key: from_the_future(item, key) for key, item in value.items()}
    return {**known, "of_the_future": {"a": [1]}}


def write_fixture(url: str) -> None:
    """Writes what ``write_rows`` stored to the fixture, with fields of the future."""
    write_rows(url)
    client: Any = open_redis(url)
    rows: dict[str, Any] = {}
    for key in sorted(client.scan_iter("*")):
        kind = client.type(key).decode()
        if kind == "hash":
            rows[key.decode()] = {k.decode(): text_of(v) for k, v in client.hgetall(key).items()}
        elif kind == "zset":
            members = client.zrange(key, 0, -1, withscores=True)
            rows[key.decode()] = [[member.decode(), score] for member, score in members]
    FIXTURE.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")


def text_of(value: bytes) -> str:
    try:
        stored = msgspec.msgpack.decode(value)
    except msgspec.DecodeError:
        stored = None
    if isinstance(stored, dict):
        packed = msgspec.msgpack.encode(from_the_future(stored))
        return "msgpack:" + base64.b64encode(packed).decode()
    return value.decode()


def load_fixture(url: str) -> JobStore:
    client: Any = open_redis(url)
    for key, row in json.loads(FIXTURE.read_text("utf-8")).items():
        if isinstance(row, list):
            client.zadd(key, dict(row))
            continue
        for field, text in row.items():
            packed = text.removeprefix("msgpack:")
            client.hset(key, field, base64.b64decode(packed) if packed != text else text)
    return redis_job_store(client)


def test_rows_of_schema_1_are_read_with_fields_of_the_future(redis_url: str) -> None:
    store = load_fixture(redis_url)
    record = store.records.get(JOB)
    assert (record.request, record.source) == (CONTROLS, SOURCE.facts)
    assert (record.state, record.owner, record.report) == ("partial", "o", REPORT)
    assert record.error == JobError("anomaly", "runaway", part=1)
    assert store.records.page(cursor=None, limit=5).jobs == (record,)
    assert store.records.source(JOB) == SOURCE
    assert store.plans.get(JOB) == PLAN
    assert list(store.plans.parts(JOB)) == PARTS
    assert tuple(store.results.all(JOB)) == RESULTS
    assert store.workers.alive(NOW) == (BEAT,)
    (key,) = RedisApiKeys(open_redis(redis_url)).all()
    assert (key.name, key.limits.characters) == ("reader", 5)
    assert store.records.retry(JOB, NOW + 9).state == "running"


def test_rows_carry_their_schema(redis_url: str) -> None:
    write_rows(redis_url)
    client: Any = open_redis(redis_url)
    assert client.hget(job_key(JOB), "schema") == b"1"
    for row in (client.hget(BEATS, "w"), *client.hvals("rhapsode:keys")):
        assert msgspec.msgpack.decode(row)["schema"] == 1


def skipped(kind: str) -> float:
    return REGISTRY.get_sample_value("tts_rows_unreadable_total", {"kind": kind}) or 0.0


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("request", msgspec.msgpack.encode({"format": "of the future"}), "Controls"),
        ("request", b"\xc1", "Controls"),
        ("state", b"paused", "JobRecord"),
        ("created_at", b"yesterday", "JobRecord"),
        ("report", msgspec.msgpack.encode({}), "SynthesisReport"),
    ],
)
def test_a_row_that_cannot_be_read_is_skipped_and_counted(
    redis_url: str, field: str, value: bytes, kind: str
) -> None:
    write_rows(redis_url)
    store, client = redis_job_store(open_redis(redis_url)), open_redis(redis_url)
    well = JobRecord(
        id="018bcfe56801" + "0" * 20,
        state="queued",
        request=CONTROLS,
        source=SOURCE.facts,
        created_at=NOW + 1,
    )
    store.records.create(well, SOURCE)
    client.hset(job_key(JOB), field, value)
    before = skipped(kind)
    assert store.records.page(cursor=None, limit=5).jobs == (well,)
    assert skipped(kind) == before + 1
    with pytest.raises(Unavailable):
        store.records.get(JOB)
    client.zadd(WORKERS, {"w": NOW})
    client.hset(BEATS, "x", b"\xc1")
    assert store.workers.alive(NOW) == (BEAT,)


def test_the_list_of_jobs_answers_beside_a_bad_row(
    redis_url: str, tmp_path: Path, tiny_voices: Path
) -> None:
    write_rows(redis_url)
    open_redis(redis_url).hset(job_key(JOB), "request", msgspec.msgpack.encode({"speed": "fast"}))
    settings = ApiSettings(
        data=tmp_path, redis_url=redis_url, voices=(tiny_voices,), shipped_voices=False
    )
    app = create_app(settings, open_backends(settings))
    with TestClient(app, raise_server_exceptions=False, base_url="http://127.0.0.1") as http:
        job = http.post("/synthesize", json={"text": "Hello."}).json()["id"]
        listed = http.get("/jobs")
        assert (listed.status_code, [j["id"] for j in listed.json()["jobs"]]) == (200, [job])
        answer = http.get(f"/jobs/{JOB}")
        assert (answer.status_code, answer.json()["code"]) == (503, "row_unreadable")
        unknown = {"text": "Hello.", "pauses": {"of_the_future": 1}}
        assert http.post("/synthesize", json=unknown).status_code == 422


if __name__ == "__main__":
    write_fixture(sys.argv[1])
