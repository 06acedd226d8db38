"""The whole service with its audio on object storage: nothing but a link passes through the API."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile

from cli.client import ServiceClient
from cli.stack import Stack
from core.record import TERMINAL
from core.request import SynthesisRequest
from tests.conftest import tiny_environment
from tests.expected_audio import expected_length
from tests.s3 import BUCKET, CREDENTIALS, s3_server

TEXT = "The first sentence is short. The second one, which is longer, ends here! A third?"
DEADLINE = 300.0


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def on_s3(
    s3: str, tiny_voices: Path, tiny_artifacts: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    environment = {
        **tiny_environment(tiny_voices, tiny_artifacts),
        **CREDENTIALS,
        "RHAPSODE_STORAGE": f"s3://{BUCKET}/audio",
        "RHAPSODE_S3_ENDPOINT": s3,
        "RHAPSODE_S3_ALLOW_HTTP": "true",
    }
    with Stack(tmp_path_factory.mktemp("on-s3"), environment=environment) as stack:
        yield stack


@pytest.fixture
def http(on_s3: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=on_s3.url, timeout=DEADLINE, trust_env=False) as client:
        yield client


def synthesize(http: httpx.Client, **request: Any) -> dict[str, Any]:
    deadline = time.monotonic() + DEADLINE
    job: dict[str, Any] = http.post(
        "/synthesize", json=request, headers={"Prefer": "wait=50"}
    ).json()
    while job["state"] not in TERMINAL:
        assert time.monotonic() < deadline, job
        job = http.get(f"/jobs/{job['id']}").json()
    assert job["state"] == "succeeded", job
    return job


def test_audio_is_fetched_where_it_lies(
    http: httpx.Client, service: Stack, s3: str, on_s3: Stack
) -> None:
    job = synthesize(http, text=TEXT, seed=3)
    answer = http.get(job["audio"])
    assert (answer.status_code, answer.content) == (303, b"")
    assert answer.headers["cache-control"] == "no-store"
    link = answer.headers["location"]
    assert link.startswith(f"{s3}/{BUCKET}/audio/jobs/{job['id']}/audio.wav?")
    with httpx.Client(trust_env=False) as anybody:
        whole = anybody.get(link)
        some = anybody.get(link, headers={"Range": "bytes=44-99"})
    assert whole.headers["content-type"] == "audio/wav"
    assert f'filename="{job["id"]}.wav"' in whole.headers["content-disposition"]
    assert (some.status_code, some.content) == (206, whole.content[44:100])
    samples, rate = soundfile.read(io.BytesIO(whole.content), dtype="float32")
    assert (rate, len(samples)) == (22050, job["report"]["samples"])
    assert len(samples) == expected_length(TEXT)
    with httpx.Client(base_url=service.url, timeout=DEADLINE, trust_env=False) as other:
        file = other.get(synthesize(other, text=TEXT, seed=3)["audio"])
    on_disk, _ = soundfile.read(io.BytesIO(file.content), dtype="float32")
    np.testing.assert_array_equal(samples, on_disk)


def test_head_answers_without_a_redirect(http: httpx.Client) -> None:
    job = synthesize(http, text=TEXT, format="flac")
    head = http.head(job["audio"])
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == "audio/flac"
    link = http.get(job["audio"]).headers["location"]
    size = len(httpx.get(link, trust_env=False).content)
    assert head.headers["content-length"] == str(size)
    known = {"If-None-Match": head.headers["etag"]}
    assert http.get(job["audio"], headers=known).status_code == 304


def test_the_command_line_follows(on_s3: Stack, tmp_path: Path) -> None:
    """The key of the API is for the API: S3 refuses a request with two kinds of credentials."""
    out = tmp_path / "hello.wav"
    with ServiceClient(on_s3.url, "rk_ignored_where_no_key_is_needed") as client:
        job = client.submit(SynthesisRequest(text="Hello there."))
        job = client.wait_until_ended(job, lambda _: None)
        client.download(job, out)
    assert soundfile.info(out).frames == job["report"]["samples"]


def test_nothing_is_on_the_disk_and_a_cancelled_job_leaves_nothing(
    http: httpx.Client, on_s3: Stack
) -> None:
    job = synthesize(http, text=TEXT)
    assert not list(on_s3.logs_folder.parent.glob("audio/**/*"))
    answer = http.delete(f"/jobs/{job['id']}")
    assert answer.status_code == 204
    long = http.post("/synthesize", json={"text": TEXT * 40, "lane": "bulk"}).json()
    assert http.delete(f"/jobs/{long['id']}").json()["state"] == "cancelled"
    assert http.get(f"/jobs/{long['id']}/audio").status_code == 404
