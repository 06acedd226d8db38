"""OpenAI's own client, and what Open WebUI and SillyTavern send, against the real service."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import openai
import pytest
import soundfile
from litestar.testing import TestClient

from api.app import create_app, open_backends
from api.settings import ApiSettings
from cli.stack import Stack
from jobs.redis_backend.api_keys import RedisApiKeys
from jobs.redis_backend.client import open_redis
from tests.expected_audio import expected_length

TEXT = "The first sentence is short. The second one, which is longer, ends here!"
DEADLINE = 300.0
RECORDED = Path(__file__).parent / "recorded_requests"


@pytest.fixture
def client(service: Stack) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=f"{service.url}/v1", api_key="sk-none-is-needed", timeout=DEADLINE, max_retries=0
    ) as client:
        yield client


@pytest.fixture
def http(service: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.url, timeout=DEADLINE, trust_env=False) as client:
        yield client


MAGIC = {"mp3": b"\xff", "opus": b"OggS", "aac": b"\xff\xf1", "flac": b"fLaC", "wav": b"RIFF"}


@pytest.mark.parametrize("format", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
def test_the_official_client_gets_every_format(client: openai.OpenAI, format: Any) -> None:
    answer = client.audio.speech.create(
        model="tts-1", voice="alloy", input=f"As {format}. {TEXT}", response_format=format
    )
    data = answer.content
    assert data.startswith(MAGIC.get(format, b""))
    if format == "pcm":
        seconds = len(data) / 2 / 24000
    else:
        with av.open(io.BytesIO(data), "r") as container:
            frames = list(container.decode(audio=0))
        seconds = sum(frame.samples for frame in frames) / frames[0].sample_rate
    assert seconds == pytest.approx(expected_length(f"As {format}. {TEXT}") / 22050, abs=0.15)


def test_streaming_to_a_file_and_the_job_behind_it(
    client: openai.OpenAI, http: httpx.Client, tmp_path: Path
) -> None:
    path = tmp_path / "speech.wav"
    with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts",
        voice={"id": "tiny-high"},
        input=TEXT,
        instructions="Speak cheerfully.",
        response_format="wav",
        speed=2.0,
    ) as answer:
        job_id = answer.headers["rhapsode-job"]
        answer.stream_to_file(path)
    job = http.get(f"/jobs/{job_id}").json()
    assert (job["request"]["voice"], job["request"]["speed"]) == ("tiny-high", 2.0)
    samples, rate = soundfile.read(path, dtype="float32")
    assert rate == 22050
    assert len(samples) == expected_length(TEXT, 2.0)
    assert np.abs(samples).max() > 0.1


def test_events(client: openai.OpenAI, http: httpx.Client) -> None:
    body = {"model": "tts-1", "voice": "nova", "input": TEXT, "response_format": "pcm"}
    events = []
    with http.stream("POST", "/v1/audio/speech", json={**body, "stream_format": "sse"}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line:
                assert line.startswith("data: ")
                events.append(json.loads(line.removeprefix("data: ")))
    *deltas, done = events
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    sent = b"".join(base64.b64decode(event["audio"]) for event in deltas)
    assert sent == client.audio.speech.create(**body).content  # type: ignore[arg-type]
    usage = done["usage"]
    assert (done["type"], usage["input_tokens"]) == ("speech.audio.done", len(TEXT))
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert usage["output_tokens"] == round(20 * len(sent) / 2 / 24000)


def test_models_and_voices(client: openai.OpenAI, http: httpx.Client) -> None:
    models = client.models.list().data
    assert "tts-1" in {model.id for model in models}
    assert client.models.retrieve("tts-1-hd").object == "model"
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("gpt-5")
    assert caught.value.code == "model_not_found"
    assert http.get("/v1/audio/voices").json() == {
        "voices": [
            {"id": "tiny", "name": "Tiny tones, speaker 0"},
            {"id": "tiny-high", "name": "Tiny tones, speaker 1"},
        ]
    }


@pytest.mark.parametrize(
    ("change", "param", "code"),
    [
        ({"voice": "nobody"}, "voice", "unknown_voice"),
        ({"input": ""}, "input", "invalid_field"),
        ({"input": "…"}, "input", "unspeakable_text"),
        ({"speed": 5.0}, "speed", "invalid_field"),
        ({"response_format": "midi"}, "response_format", "invalid_field"),
        ({"stream_format": "video"}, "stream_format", "invalid_field"),
    ],
)
def test_refusals_are_those_of_openai(
    client: openai.OpenAI, change: dict[str, Any], param: str, code: str
) -> None:
    asked = {"model": "tts-1", "voice": "alloy", "input": "Hello."} | change
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.speech.create(**asked)
    error = caught.value
    assert (error.param, error.code, error.type) == (param, code, "invalid_request_error")
    assert "Error code: 400" in str(error)


def test_a_missing_field_an_empty_body_and_no_route(http: httpx.Client) -> None:
    cases = {
        400: http.post("/v1/audio/speech", json={"input": "Hello."}),
        415: http.post("/v1/audio/speech", content=b"a=b", headers={"Content-Type": "text/plain"}),
        404: http.get("/v1/audio/nothing"),
        405: http.get("/v1/audio/speech"),
    }
    for status, answer in cases.items():
        assert answer.status_code == status, answer.text
        assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize("file", sorted(RECORDED.glob("*.json")), ids=lambda file: file.stem)
def test_what_others_send(http: httpx.Client, file: Path) -> None:
    """Requests as these programs make them, headers and fields that we do not know among them."""
    recorded = json.loads(file.read_text("utf-8"))
    answer = http.request(
        recorded["method"], recorded["path"], headers=recorded["headers"], json=recorded["body"]
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == recorded["answer"]
    assert len(answer.content) > 20


def test_keys_are_bearer_tokens(redis_url: str, tiny_voices: Path, tmp_path: Path) -> None:
    settings = ApiSettings(
        redis_url=redis_url,
        data=tmp_path,
        voices=(tiny_voices,),
        shipped_voices=False,
        require_keys=True,
        openai_voices=("alloy=tiny-high",),
    )
    app = create_app(settings, open_backends(settings))
    with TestClient(app, raise_server_exceptions=False, base_url="http://127.0.0.1") as http:
        for headers in ({}, {"Authorization": "Bearer sk-wrong"}):
            answer = http.get("/v1/models", headers=headers)
            assert answer.status_code == 401
            error = answer.json()["error"]
            assert (error["type"], error["code"]) == ("authentication_error", "invalid_api_key")
            assert error["param"] is None
        _, token = RedisApiKeys(open_redis(redis_url)).add("openai", 0.0)
        answer = http.get("/v1/models", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200
