"""Audio is heard while it is made, and is that of the finished file."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile

from cli.stack import Stack
from core.record import TERMINAL
from tests.epub_files import epub
from tests.expected_audio import expected_length

TEXT = "The first sentence is short. The second one, which is longer, ends here!\n\nA third?"
LONG = "\n\n".join(f"This is paragraph {n} of a text that takes a while." for n in range(400))
DEADLINE = 300.0
"""Seconds; never reached when all is well."""


@pytest.fixture
def http(service: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.url, timeout=DEADLINE, trust_env=False) as client:
        yield client


def accepted(http: httpx.Client, **request: Any) -> str:
    answer = http.post("/synthesize", json=request)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def ended(http: httpx.Client, job_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + DEADLINE
    while True:
        job: dict[str, Any] = http.get(f"/jobs/{job_id}").json()
        if job["state"] in TERMINAL:
            return job
        assert time.monotonic() < deadline, job


def decoded(data: bytes) -> np.ndarray[Any, Any]:
    return soundfile.read(io.BytesIO(data), dtype="float32")[0]  # type: ignore[no-any-return]


@pytest.mark.parametrize("format", ["wav", "ogg", "opus"])
def test_a_stream_has_the_samples_of_the_file(http: httpx.Client, format: str) -> None:
    job_id = accepted(http, text=f"{format}. {TEXT}", stream=True, format=format, speed=1.25)
    answer = http.get(f"/jobs/{job_id}/audio", params={"stream": "true"})
    assert answer.status_code == 200, answer.text
    job = ended(http, job_id)
    assert job["request"]["stream"]
    file = http.get(job["audio"])
    assert answer.headers["content-type"] == file.headers["content-type"]
    assert "content-length" not in answer.headers
    assert (decoded(answer.content) == decoded(file.content)).all()


def test_mp3_is_sent_frame_by_frame(http: httpx.Client) -> None:
    job_id = accepted(http, text=f"mp3. {TEXT}", stream=True, format="mp3", bit_rate=64000)
    answer = http.get(f"/jobs/{job_id}/audio", params={"stream": "true"})
    assert answer.headers["content-type"] == "audio/mpeg"
    ended(http, job_id)
    assert http.get(f"/jobs/{job_id}/audio").content.endswith(answer.content)


def test_the_format_of_a_stream_is_asked_for_by_its_type(http: httpx.Client) -> None:
    job_id = accepted(http, text=f"pcm. {TEXT}", stream=True, sample_rate=24000)
    answer = http.get(
        f"/jobs/{job_id}/audio", params={"stream": "true"}, headers={"Accept": "audio/pcm"}
    )
    assert answer.headers["content-type"] == "audio/pcm; rate=24000; channels=1"
    sent = np.frombuffer(answer.content, "<i2").astype(np.float32) / 32768
    file = http.get(ended(http, job_id)["audio"])
    assert (sent == decoded(file.content)).all()
    again = http.get(
        f"/jobs/{job_id}/audio", params={"stream": "true"}, headers={"Accept": "audio/pcm"}
    )
    assert again.content == answer.content, "its parts are kept"


def test_any_job_streams_while_it_runs(http: httpx.Client) -> None:
    job_id = accepted(http, text=f"Any job. {TEXT}", format="flac")
    answer = http.get(f"/jobs/{job_id}/audio", params={"stream": "true"})
    assert answer.status_code == 200, answer.text
    assert answer.content[:4] == b"fLaC"
    job = ended(http, job_id)
    assert job["report"]["samples"] == expected_length(f"Any job. {TEXT}")


def test_a_stream_begins_before_the_job_has_ended_and_ends_it_when_nobody_listens(
    http: httpx.Client,
) -> None:
    job_id = accepted(http, text=LONG, stream=True)
    with http.stream("GET", f"/jobs/{job_id}/audio", params={"stream": "true"}) as answer:
        assert answer.status_code == 200
        blocks = answer.iter_bytes()  # whose end closes the connection
        first = next(blocks)
        assert first[:4] == b"RIFF"
        assert len(first) > 1000
        assert http.get(f"/jobs/{job_id}").json()["state"] == "running"
    assert ended(http, job_id)["state"] == "cancelled"


def test_a_listener_of_any_other_job_may_leave(http: httpx.Client) -> None:
    job_id = accepted(http, text=f"Another. {LONG[:400]}")
    with http.stream("GET", f"/jobs/{job_id}/audio", params={"stream": "true"}) as answer:
        blocks = answer.iter_bytes()
        assert next(blocks)
    assert ended(http, job_id)["state"] == "succeeded"


def test_a_cancelled_job_cuts_its_stream(http: httpx.Client) -> None:
    job_id = accepted(http, text=f"Cancelled. {LONG}", stream=True)
    with http.stream("GET", f"/jobs/{job_id}/audio", params={"stream": "true"}) as answer:
        blocks = answer.iter_bytes()
        next(blocks)
        assert http.delete(f"/jobs/{job_id}").status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            list(blocks)


@pytest.mark.parametrize(
    ("field", "value"),
    [("loudness_lufs", -20), ("package", "chapters"), ("channels", 2), ("format", "m4b")],
)
def test_what_cannot_be_streamed_is_refused(http: httpx.Client, field: str, value: object) -> None:
    answer = http.post("/synthesize", json={"text": "Hello.", "stream": True, field: value})
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["code"] == "not_streamable"
    assert problem["errors"][0]["field"] == field
    job_id = accepted(http, text=LONG, **{field: value})
    answer = http.get(f"/jobs/{job_id}/audio", params={"stream": "true"})
    assert (answer.status_code, answer.json()["code"]) == (422, "not_streamable")
    http.delete(f"/jobs/{job_id}")


def test_a_job_that_says_nothing_has_no_stream(http: httpx.Client) -> None:
    job_id = accepted(http, text=f"Nothing. {LONG}", stream=True)
    http.delete(f"/jobs/{job_id}")
    answer = http.get(f"/jobs/{job_id}/audio", params={"stream": "true"})
    assert (answer.status_code, answer.json()["code"]) == (404, "no_audio")


def test_a_stream_begins_with_a_chapter(http: httpx.Client) -> None:
    pages = {f"{n}.xhtml": f"<h1>Chapter {n}</h1><p>{TEXT}</p>" for n in ("one", "two", "three")}
    book = epub(pages, [(name, name) for name in pages])
    form = {"request": json.dumps({"format": "wav", "loudness_lufs": None})}
    answer = http.post("/audiobooks", files={"file": ("book.epub", book)}, data=form)
    assert answer.status_code == 202, answer.text
    job_id = answer.json()["id"]
    stream = {"stream": "true", "chapter": "2"}
    sent = http.get(f"/jobs/{job_id}/audio", params=stream)
    assert sent.status_code == 200, sent.text
    file = http.get(ended(http, job_id)["audio"])
    chapters = http.get(f"/jobs/{job_id}/timings").json()["chapters"]
    whole, rate = soundfile.read(io.BytesIO(file.content), dtype="float32")
    rest = whole[round(chapters[1]["start"] * rate) :]
    assert 0 < len(rest) < len(whole)
    assert (decoded(sent.content) == rest).all()
    again = http.get(f"/jobs/{job_id}/audio", params=stream)
    assert again.content == sent.content, "its parts are kept"
    assert http.get(f"/jobs/{job_id}/audio", params={**stream, "chapter": "0"}).status_code == 400
    for wrong in ({**stream, "chapter": "4"}, {"chapter": "2"}):
        refused = http.get(f"/jobs/{job_id}/audio", params=wrong)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_field"), wrong
        assert refused.json()["errors"][0]["field"] == "chapter"
    answer = http.post("/audiobooks", files={"file": ("book.epub", book)}, data=form)
    not_followed = ended(http, answer.json()["id"])["id"]
    refused = http.get(f"/jobs/{not_followed}/audio", params=stream)
    assert (refused.status_code, refused.json()["code"]) == (409, "job_over")
