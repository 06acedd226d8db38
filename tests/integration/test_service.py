"""The whole way of a request: HTTP, Redis, Celery, exported networks, a file and its cost."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile

from cli.stack import Stack
from core.record import TERMINAL
from tests.expected_audio import expected_length

TEXT = "The first sentence is short. The second one, which is longer, ends here! A third?"
DEADLINE = 300.0
"""Seconds; never reached when all is well."""


@pytest.fixture
def http(service: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.url, timeout=DEADLINE, trust_env=False) as client:
        yield client


def speak(http: httpx.Client, **request: Any) -> dict[str, Any]:
    """The ended job; on a slow machine it may outlast the wait that was asked for."""
    deadline = time.monotonic() + DEADLINE
    answer = http.post("/synthesize", json=request, headers={"Prefer": "wait=50"})
    assert answer.is_success, answer.text
    assert answer.headers["preference-applied"] == "wait=50"
    job: dict[str, Any] = answer.json()
    assert (answer.status_code == 200) == (job["state"] in TERMINAL)
    while job["state"] not in TERMINAL:
        assert time.monotonic() < deadline, job
        job = http.get(f"/jobs/{job['id']}", headers={"Prefer": "wait=10"}).json()
    return job


def samples_of(http: httpx.Client, job: dict[str, Any]) -> tuple[np.ndarray[Any, Any], int]:
    data, rate = soundfile.read(io.BytesIO(http.get(job["audio"]).content), dtype="float32")
    return data, rate


def test_text_becomes_a_file_and_a_report(http: httpx.Client) -> None:
    job = speak(http, text=TEXT)
    assert (job["state"], job["error"]) == ("succeeded", None)
    report = job["report"]
    data, rate = samples_of(http, job)
    assert rate == report["sample_rate"] == 22050
    assert len(data) == report["samples"] == expected_length(TEXT)
    assert report["audio_seconds"] == pytest.approx(len(data) / rate)
    stages = report["stage_seconds"]
    assert set(stages) == {"text", "acoustic", "vocoder", "encode"}
    assert all(seconds > 0 for seconds in stages.values())
    assert report["compute_seconds"] == pytest.approx(sum(stages.values()))
    assert report["rtf"] == pytest.approx(report["compute_seconds"] / report["audio_seconds"])
    assert report["utterances"] == 3
    assert set(report["artifacts"]) == {"tiny-fastspeech2", "tiny-hifigan"}
    assert job["created_at"] <= job["started_at"] <= job["finished_at"]
    assert job["progress"] == {"parts_total": 2, "parts_done": 2, "parts_failed": 0, "share": 1.0}
    assert np.abs(data).max() > 0.1


def test_without_prefer_the_job_is_accepted_and_polled(http: httpx.Client) -> None:
    answer = http.post("/synthesize", json={"text": "Poll me."})
    assert answer.status_code == 202
    assert "preference-applied" not in answer.headers
    job = http.get(answer.headers["location"], headers={"Prefer": "wait=1"}).json()
    while job["state"] not in TERMINAL:
        job = http.get(f"/jobs/{job['id']}").json()
    assert job["state"] == "succeeded"


def test_the_same_request_says_the_same_samples(http: httpx.Client) -> None:
    first, second = (speak(http, text=TEXT, seed=7) for _ in range(2))
    assert first["id"] != second["id"]
    assert http.get(first["audio"]).content == http.get(second["audio"]).content


@pytest.mark.parametrize("runtime", ["eager", "torchscript", "onnx"])
def test_every_runtime_speaks(http: httpx.Client, runtime: str) -> None:
    data, _ = samples_of(http, speak(http, text="One, two.", runtime=runtime))
    wanted, _ = samples_of(http, speak(http, text="One, two."))
    np.testing.assert_allclose(data, wanted, atol=2e-4)


@pytest.mark.parametrize(
    ("format", "rate", "media"),
    [
        ("wav", 22050, "audio/wav"),
        ("wav", 48000, "audio/wav"),
        ("flac", 16000, "audio/flac"),
        ("ogg", 22050, "audio/ogg; codecs=vorbis"),
        ("opus", 24000, "audio/ogg; codecs=opus"),
        ("mp3", 22050, "audio/mpeg"),
    ],
)
def test_formats_and_sample_rates(http: httpx.Client, format: str, rate: int, media: str) -> None:
    job = speak(http, text=TEXT, format=format, sample_rate=rate)
    answer = http.get(job["audio"])
    assert answer.headers["content-type"] == media
    data, found = soundfile.read(io.BytesIO(answer.content))
    assert found == job["report"]["sample_rate"] == rate
    slack = 0 if format in ("wav", "flac", "opus") else 4 * 1152  # codec delay and padding
    assert abs(len(data) - job["report"]["samples"]) <= slack
    assert job["report"]["samples"] == pytest.approx(expected_length(TEXT) * rate / 22050, abs=1)


def test_speed_and_ssml(http: httpx.Client) -> None:
    job = speak(http, text=TEXT, speed=2.0)
    assert job["report"]["samples"] == expected_length(TEXT, 2.0)
    markup = "<speak>One.<break time='1s'/>Two <prosody rate='50%'>three</prosody>.</speak>"
    job = speak(http, ssml=markup)
    assert job["state"] == "succeeded"
    assert job["request"]["markup"] is True
    assert job["report"]["audio_seconds"] > 1.0


def test_a_long_text_is_many_parts_and_no_sample_is_lost(http: httpx.Client) -> None:
    text = " ".join(f"This is sentence number {i}, and it goes on a little." for i in range(60))
    job = speak(http, text=text, lane="bulk")
    assert job["state"] == "succeeded"
    assert job["progress"]["parts_total"] > 5
    assert job["progress"]["parts_done"] == job["progress"]["parts_total"]
    assert job["report"]["samples"] == expected_length(text)
    assert job["report"]["batch_fill"] > 1


def test_the_file_is_served_whole_in_ranges_and_not_twice(http: httpx.Client) -> None:
    job = speak(http, text=TEXT)
    whole = http.get(job["audio"])
    assert whole.headers["content-length"] == str(len(whole.content))
    assert whole.headers["accept-ranges"] == "bytes"
    etag = whole.headers["etag"]
    size = len(whole.content)

    def ranged(wanted: str, **headers: str) -> httpx.Response:
        return http.get(job["audio"], headers={"Range": wanted, **headers})

    some = ranged("bytes=44-99")
    assert (some.status_code, some.content) == (206, whole.content[44:100])
    assert some.headers["content-range"] == f"bytes 44-99/{size}"
    assert ranged("bytes=-10").content == whole.content[-10:]
    assert ranged(f"bytes={size - 5}-").content == whole.content[-5:]
    assert ranged(f"bytes=0-{'9' * 5000}").status_code == 200
    assert ranged("bytes=0-9", **{"If-Range": '"other"'}).status_code == 200
    beyond = ranged(f"bytes={size}-")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    again = http.get(job["audio"], headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    head = http.head(job["audio"])
    assert (head.status_code, head.content) == (200, b"")
    same = ("content-length", "content-type", "content-disposition", "etag", "accept-ranges")
    assert [head.headers[name] for name in same] == [whole.headers[name] for name in same]


def test_a_text_is_analyzed_without_a_job(http: httpx.Client) -> None:
    answer = http.post("/analyze", json={"text": "She used 3 pens."})
    assert answer.status_code == 200
    (utterance,) = answer.json()["utterances"]
    assert utterance["spoken"] == "She used three pens"
    assert utterance["span"] == [0, 16]
    refused = http.post("/analyze", json={"text": "😀"})
    assert (refused.status_code, refused.json()["code"]) == (422, "unspeakable_text")
    files = {"file": ("a.txt", b"CHAPTER I\n\nHello.\n\nCHAPTER II\n\nBye.")}
    book = http.post("/audiobooks/analyze", files=files)
    assert [c["title"] for c in book.json()["chapters"]] == ["CHAPTER I", "CHAPTER II"]


def test_an_idempotency_key_makes_one_job(http: httpx.Client) -> None:
    headers = {"Idempotency-Key": "once", "Prefer": "wait=30"}
    first = http.post("/synthesize", json={"text": "Once."}, headers=headers)
    again = http.post("/synthesize", json={"text": "Once."}, headers=headers)
    assert first.json()["id"] == again.json()["id"]
    other = http.post("/synthesize", json={"text": "Twice."}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")


def test_jobs_are_listed_and_filtered(http: httpx.Client) -> None:
    job = speak(http, text="List me.")
    page = http.get("/jobs", params={"limit": 1, "state": "succeeded"}).json()
    assert [found["id"] for found in page["jobs"]] == [job["id"]]
    after = http.get("/jobs", params={"limit": 5, "cursor": page["cursor"] or job["id"]}).json()
    ids = [found["id"] for found in after["jobs"]]
    assert job["id"] not in ids
    assert all(a > b for a, b in pairwise(ids))


def test_a_cancelled_job_stays_cancelled(http: httpx.Client) -> None:
    text = "A sentence that nobody will hear. " * 1500
    job = http.post("/synthesize", json={"text": text, "lane": "bulk"}).json()
    gone = http.delete(f"/jobs/{job['id']}")
    assert (gone.status_code, gone.json()["state"]) == (200, "cancelled")
    speak(http, text="Somebody else is served.")
    seen = http.get(f"/jobs/{job['id']}").json()
    assert (seen["state"], seen["audio"]) == ("cancelled", None)
    audio = http.get(f"/jobs/{job['id']}/audio")
    assert (audio.status_code, audio.json()["code"]) == (404, "no_audio")


def test_a_job_that_has_ended_is_removed(http: httpx.Client) -> None:
    job = speak(http, text="Forget me.")
    gone = http.delete(f"/jobs/{job['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    for path in ("", "/audio", "/timings", "/manifest", "/events"):
        answer = http.get(f"/jobs/{job['id']}{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")
    assert http.delete(f"/jobs/{job['id']}").status_code == 404
    assert job["id"] not in {one["id"] for one in http.get("/jobs").json()["jobs"]}


def test_two_hundred_at_once_all_end_and_share_batches(service: Stack, http: httpx.Client) -> None:
    # A runtime of its own: parts of cancelled jobs that are still spoken count elsewhere.
    runtime = "torchscript"
    start = succeeded(metrics(http))
    speak(http, text="Load it.", runtime=runtime)
    before = counted(http, start + 1)
    # No connection is kept: httpcore closes surplus idle ones without a look at whether another
    # thread has just been given them ("Bad file descriptor").
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    many = httpx.Client(base_url=service.url, timeout=DEADLINE, trust_env=False, limits=limits)

    def one(index: int) -> dict[str, Any]:
        return speak(many, text=f"Request number {index} of many.", runtime=runtime)

    with many, ThreadPoolExecutor(200) as pool:
        jobs = list(pool.map(one, range(200)))
    assert len({job["id"] for job in jobs}) == 200
    assert {job["state"] for job in jobs} == {"succeeded"}
    for index, job in list(enumerate(jobs))[::40]:
        assert job["report"]["samples"] == expected_length(f"Request number {index} of many.")
    after = counted(http, start + 201)

    def grown(name: str) -> float:
        return after.get(name, 0.0) - before.get(name, 0.0)

    batch = (
        'tts_batch_size_{}{{component="tiny-fastspeech2",runtime="torchscript",stage="acoustic"}}'
    )
    assert grown(batch.format("sum")) == 200
    assert grown(batch.format("sum")) / grown(batch.format("count")) > 1
    assert max(job["report"]["batch_fill"] for job in jobs) > 1
    assert succeeded(after) == start + 201


def succeeded(seen: dict[str, float]) -> float:
    """Jobs, of any voice and network."""
    names = (n for n in seen if n.startswith("tts_jobs_finished_total"))
    return sum(seen[name] for name in names if 'state="succeeded"' in name)


def counted(http: httpx.Client, jobs: float) -> dict[str, float]:
    """The metrics once so many jobs are counted: a worker counts after a client may know."""
    deadline = time.monotonic() + DEADLINE
    while succeeded(seen := metrics(http)) < jobs:
        assert time.monotonic() < deadline
    return seen


def metrics(http: httpx.Client) -> dict[str, float]:
    lines = http.get("/metrics").text.splitlines()
    found = (re.match(r"^(tts_[^ ]+) (\S+)$", line) for line in lines)
    return {match[1]: float(match[2]) for match in found if match}


def test_metrics_come_from_api_and_workers(http: httpx.Client) -> None:
    speak(http, text="Measure me.")
    seen = metrics(http)
    names = {re.split(r"[{ ]", name)[0] for name in seen}
    assert names >= {
        "tts_jobs_submitted_total",
        "tts_jobs_finished_total",
        "tts_job_seconds_bucket",
        "tts_queue_wait_seconds_count",
        "tts_stage_seconds_sum",
        "tts_part_rtf_bucket",
        "tts_batch_size_bucket",
        "tts_batch_padding_ratio_sum",
        "tts_audio_seconds_total",
        "tts_compute_seconds_total",
        "tts_queue_depth",
        "tts_models_loaded",
        "tts_build_info",
        "tts_http_request_seconds_count",
        "tts_workers",
    }
    stages = {match[1] for name in seen if (match := re.search(r'stage="(\w+)"', name))}
    assert stages >= {"text", "acoustic", "vocoder", "encode"}
    assert seen['tts_workers{role="synthesizer"}'] == 1


def test_readiness_and_voices(http: httpx.Client) -> None:
    ready = http.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["missing"] == []
    assert "tiny-hifigan" in ready.json()["loaded"]
    voices = {voice["name"]: voice for voice in http.get("/voices").json()["voices"]}
    assert set(voices) == {"tiny", "tiny-high"}
    assert voices["tiny"]["default"] is True
    assert voices["tiny"]["sample_rate"] == 22050
    assert (voices["tiny"]["runtime"], voices["tiny"]["precision"]) == ("onnx", "fp32")


def test_a_ten_megabyte_body_is_answered_not_cut_off(http: httpx.Client) -> None:
    body = b'{"text":"' + b"a" * 10_000_000 + b'"}'
    answer = http.post("/synthesize", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert speak(http, text="The service goes on.")["state"] == "succeeded"


def test_no_text_reaches_the_logs(service: Stack, http: httpx.Client) -> None:
    speak(http, text="Xylophonist secret zanzibar.")
    http.post("/synthesize", json={"text": "Xylophonist", "voice": "zanzibar"})
    logs = service.logs_folder
    logged = "".join(path.read_text("utf-8").lower() for path in logs.glob("*.log"))
    assert "planned" in logged
    assert "xylophonist" not in logged
    assert "zanzibar" not in logged


def test_a_look_at_a_job_may_wait_for_its_end(http: httpx.Client) -> None:
    job = http.post("/synthesize", json={"text": "Wait for me."}).json()
    answer = http.get(f"/jobs/{job['id']}", headers={"Prefer": "wait=50"})
    assert answer.headers["preference-applied"] == "wait=50"
    assert answer.json()["state"] == "succeeded"
