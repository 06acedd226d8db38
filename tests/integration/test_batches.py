"""Batches: many texts in one job, each a file of its own, as if it was alone; jobs with names."""

from __future__ import annotations

import hashlib
import io
import json
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from cli.main import rhapsode
from cli.stack import Stack

DEADLINE = 120.0
TEXTS = {"greeting": "Hello there. How are you?", "menu": "Press one, or two.", "3": "Good bye."}


@pytest.fixture
def http(service: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.url, timeout=DEADLINE, trust_env=False) as client:
        yield client


def ended(http: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = http.post("/synthesize", json=body, headers={"Prefer": "wait=60"})
    assert answer.status_code == 200, answer.text
    job: dict[str, Any] = answer.json()
    return job


def rows(http: httpx.Client, job: dict[str, Any]) -> list[dict[str, Any]]:
    answer = http.get(f"/jobs/{job['id']}/inputs")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["inputs"]
    return found


@pytest.mark.parametrize("sample_rate", [None, 16000])
def test_each_input_is_what_it_is_alone(http: httpx.Client, sample_rate: int | None) -> None:
    options: dict[str, Any] = {"sample_rate": sample_rate} if sample_rate else {}
    inputs = [
        {"id": "greeting", "text": TEXTS["greeting"]},
        {"id": "menu", "text": TEXTS["menu"]},
        {"text": TEXTS["3"]},
    ]
    job = ended(http, inputs=inputs, **options)
    assert (job["state"], job["request"]["inputs"]) == ("succeeded", 3)
    archive = zipfile.ZipFile(io.BytesIO(http.get(job["audio"]).content))
    assert archive.namelist() == ["greeting.wav", "menu.wav", "3.wav", "manifest.json"]
    for row, text in zip(rows(http, job), TEXTS.values(), strict=True):
        assert (row["state"], row["characters"], row["error"]) == ("succeeded", len(text), None)
        alone = ended(http, text=text, **options)
        audio = http.get(row["audio"])
        assert audio.headers["content-type"] == "audio/wav"
        assert audio.content == http.get(alone["audio"]).content == archive.read(row["file"])
        head = http.head(row["audio"])
        assert (head.status_code, head.content) == (200, b"")
        same = ("content-length", "content-type", "content-disposition", "etag", "accept-ranges")
        assert [head.headers[name] for name in same] == [audio.headers[name] for name in same]
        assert (len(audio.content), hashlib.sha256(audio.content).hexdigest()) == (
            row["bytes"],
            row["sha256"],
        )
        assert row["seconds"] == pytest.approx(alone["report"]["audio_seconds"], abs=1e-6)
        some = http.get(row["audio"], headers={"Range": "bytes=4-11"})
        assert (some.status_code, some.content) == (206, audio.content[4:12])
    timings = http.get(f"/jobs/{job['id']}/timings").json()
    assert [one["title"] for one in timings["chapters"]] == list(TEXTS)


def test_silences_at_an_inputs_edges_are_its_own(http: httpx.Client) -> None:
    texts = [
        "<speak>One.<break time='300ms'/></speak>",
        "<speak><break time='500ms'/>Two.</speak>",
        "<speak><break time='700ms'/>Three.</speak>",
    ]
    job = ended(http, inputs=[{"ssml": text} for text in texts])
    for row, text in zip(rows(http, job), texts, strict=True):
        alone = ended(http, ssml=text)
        assert http.get(row["audio"]).content == http.get(alone["audio"]).content


def test_an_input_without_words_fails_alone(http: httpx.Client) -> None:
    job = ended(http, inputs=[{"text": "One."}, {"text": "***"}, {"text": "Three."}])
    assert (job["state"], job["error"]["code"]) == ("partial", "unspeakable_text")
    found = rows(http, job)
    assert [row["state"] for row in found] == ["succeeded", "failed", "succeeded"]
    assert found[1]["error"]["code"] == "unspeakable_text"
    assert (found[1]["file"], found[1]["audio"]) == (None, None)
    assert [one["code"] for one in found[1]["warnings"]] == ["chapter_silent"]
    missing = http.get(f"/jobs/{job['id']}/inputs/2/audio")
    assert (missing.status_code, missing.json()["code"]) == (404, "input_not_found")
    assert http.get(found[2]["audio"]).status_code == 200
    archive = zipfile.ZipFile(io.BytesIO(http.get(job["audio"]).content))
    assert archive.namelist() == ["1.wav", "3.wav", "manifest.json"]


def test_warnings_stand_at_their_input_with_places_in_it(http: httpx.Client) -> None:
    job = ended(http, inputs=[{"text": "Hello."}, {"text": "See Zyxwv there."}])
    first, second = rows(http, job)
    assert first["warnings"] == []
    guessed = [one for one in second["warnings"] if one["code"] == "word_guessed"]
    assert [one["span"] for one in guessed] == [[4, 9]]


def test_a_batch_that_has_not_ended_or_never_will(http: httpx.Client) -> None:
    text = "A sentence that takes a while, and another one. " * 40
    job = http.post("/synthesize", json={"inputs": [{"text": text}] * 20, "lane": "bulk"}).json()
    assert {row["state"] for row in rows(http, job)} <= {"pending", "succeeded"}
    assert http.delete(f"/jobs/{job['id']}").status_code == 200
    assert {row["state"] for row in rows(http, job)} == {"cancelled"}
    alone = ended(http, text="Hello.")
    none = http.get(f"/jobs/{alone['id']}/inputs")
    assert (none.status_code, none.json()["code"]) == (404, "no_inputs")


ONE, MARKED = {"text": "a"}, {"ssml": "<speak>b</speak>"}
INVALID = "invalid_field"


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"inputs": []}, "inputs", INVALID),
        ({"inputs": [ONE] * 1001}, "inputs", INVALID),
        ({"inputs": [ONE], "text": "b"}, "text", "text_or_ssml"),
        ({"inputs": [ONE, {}]}, "inputs[1].text", "text_or_ssml"),
        ({"inputs": [ONE, MARKED]}, "inputs[1].ssml", INVALID),
        ({"inputs": [MARKED, {"ssml": "<p>"}]}, "inputs[1].ssml", "invalid_ssml"),
        ({"inputs": [{"id": "A", "text": "a"}, {"id": "a", "text": "b"}]}, "inputs[1].id", INVALID),
        ({"inputs": [{"id": "2", "text": "a"}, {"text": "b"}]}, "inputs[1].id", INVALID),
        ({"inputs": [{"id": "../a", "text": "a"}]}, "inputs[0].id", INVALID),
        ({"inputs": [ONE], "stream": True}, "stream", "not_streamable"),
        ({"inputs": [ONE], "format": "m4b"}, "format", INVALID),
        ({"inputs": [{"text": "x" * 600_000}] * 2}, "inputs", INVALID),
        ({"inputs": [{"text": "***"}]}, "inputs", "unspeakable_text"),
    ],
)  # fmt: skip
def test_a_batch_that_cannot_be_is_refused_by_the_name_of_its_field(
    http: httpx.Client, body: dict[str, Any], field: str, code: str
) -> None:
    answer = http.post("/synthesize", json=body)
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert (problem["errors"][0]["field"], problem["code"]) == (field, code)


def test_analysis_takes_one_text_at_a_time(http: httpx.Client) -> None:
    answer = http.post("/analyze", json={"inputs": [{"text": "a"}]})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "inputs")


def test_a_name_makes_a_job_once(http: httpx.Client) -> None:
    name = str(uuid.uuid4())
    body = {"text": "A job that has a name."}
    made = http.put(f"/jobs/{name}", json=body)
    assert (made.status_code, made.headers["location"]) == (202, f"/jobs/{name}")
    job = http.get(f"/jobs/{name}", headers={"Prefer": "wait=60"}).json()
    assert (job["id"], job["name"], job["state"]) == (made.json()["id"], name, "succeeded")
    again = http.put(f"/jobs/{name}", json=body)
    assert (again.status_code, again.json()["id"]) == (200, job["id"])
    other = http.put(f"/jobs/{name}", json={"text": "Another one."})
    assert (other.status_code, other.json()["code"]) == (409, "name_taken")
    audio = http.get(f"/jobs/{name}/audio")
    assert audio.content == http.get(job["audio"]).content
    assert "event: finished" in http.get(f"/jobs/{name}/events").text
    assert http.delete(f"/jobs/{name}").status_code == 204
    assert http.get(f"/jobs/{name}").status_code == 404
    assert http.put(f"/jobs/{name}", json={"text": "Another one."}).status_code == 202


@pytest.mark.parametrize("name", ["0" * 32, ".hidden", "a b", "x" * 65])
def test_what_is_no_name_is_refused(http: httpx.Client, name: str) -> None:
    answer = http.put(f"/jobs/{name}", json={"text": "Hello."})
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_command_submits_a_file_of_inputs(service: Stack, tmp_path: Path) -> None:
    lines = [{"id": "one", "text": "One."}, {"text": "Two."}]
    source, out = tmp_path / "inputs.jsonl", tmp_path / "all.zip"
    source.write_text("\n".join(map(json.dumps, lines)) + "\n", "utf-8")
    words = ["submit", "--inputs", str(source), "-o", str(out), "--format", "flac"]
    done = CliRunner().invoke(rhapsode, [*words, "--url", service.url])
    assert done.exit_code == 0, done.output
    assert zipfile.ZipFile(out).namelist() == ["one.flac", "2.flac", "manifest.json"]
