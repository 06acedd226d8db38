"""Bad input: always a problem document that names the field; no 500, no silent default."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from api.backends import Backends
from api.settings import ApiSettings
from core.voice import read_catalogue
from jobs.redis_backend.backlog import RedisBacklog
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.events import RedisEvents
from jobs.redis_backend.lexicons import RedisLexicons
from jobs.redis_backend.listener import JobEventListener
from jobs.redis_backend.webhooks import RedisDeliveries
from jobs.storage.folder import FolderStore
from tests.memory_store import MemoryQueue, memory_job_store

Http = TestClient[Litestar]
LIMIT = 64 * 1024


@pytest.fixture(scope="module")
def http(
    tiny_voices: Path, tmp_path_factory: pytest.TempPathFactory, redis_server: Any
) -> Iterator[Http]:
    chosen = ApiSettings(voices=(tiny_voices,), shipped_voices=False, max_body_bytes=LIMIT)
    backends = Backends(
        settings=chosen,
        store=memory_job_store(),
        queue=MemoryQueue(),
        audio=FolderStore(tmp_path_factory.mktemp("audio")),
        catalogue=read_catalogue(chosen.voice_folders),
        listener=JobEventListener(open_redis(redis_server.url)),
        events=RedisEvents(open_redis(redis_server.url)),
        backlog=RedisBacklog(open_redis(redis_server.url)),
        lexicons=RedisLexicons(open_redis(redis_server.url)),
        deliveries=RedisDeliveries(open_redis(redis_server.url)),
    )
    with TestClient(
        create_app(chosen, backends), raise_server_exceptions=False, base_url="http://127.0.0.1"
    ) as client:
        yield client


def post(http: Http, body: bytes, content_type: str = "application/json", **headers: str) -> Any:
    return http.post("/synthesize", content=body, headers={"Content-Type": content_type, **headers})


def refused(answer: Any, status: int, field: str) -> dict[str, Any]:
    problem: dict[str, Any] = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code == problem["status"] == status, problem
    assert problem["type"] == f"urn:rhapsode:problem:{problem['code']}"
    assert problem["title"]
    assert problem["detail"]
    assert field in [error["field"] for error in problem["errors"]], problem
    return problem


BAD: list[tuple[bytes, int, str]] = [
    (b"", 400, "body"),
    (b"  \n", 400, "body"),
    (b"{", 400, "body"),
    (b"text=hello", 400, "body"),
    (b"\xff\xfe\x00\x01RIFF", 400, "body"),
    (b'{"text":"\\ud800"}', 400, "body"),
    (b'{"text":"a","speed":NaN}', 400, "body"),
    (b'{"text":"a","speed":Infinity}', 400, "body"),
    (b"[]", 422, "body"),
    (b"null", 422, "body"),
    (b"[" * 10_000, 422, "body"),
    (b"{}", 422, "text"),
    (b'{"text":null}', 422, "ssml"),
    (b'{"text":"a","ssml":"<speak>a</speak>"}', 422, "ssml"),
    (b'{"text":1}', 422, "text"),
    (b'{"text":["a"]}', 422, "text"),
    (b'{"text":""}', 422, "text"),
    (b'{"text":" \\t\\n "}', 422, "text"),
    ('{"text":"😀🎉👩‍👩‍👧"}'.encode(), 422, "text"),
    ('{"text":"…!?—"}'.encode(), 422, "text"),
    (b'{"text":"a\\u0000b"}', 422, "text"),
    (b'{"text":"a\\u001bb"}', 422, "text"),
    (b'{"text":"a","speed":0}', 422, "speed"),
    (b'{"text":"a","speed":-1}', 422, "speed"),
    (b'{"text":"a","speed":"fast"}', 422, "speed"),
    (b'{"text":"a","speed":"2"}', 422, "speed"),
    (b'{"text":"a","speed":1e999}', 422, "speed"),
    (b'{"text":"a","speed":true}', 422, "speed"),
    (b'{"text":"a","pitch":9}', 422, "pitch"),
    (b'{"text":"a","energy":null}', 422, "energy"),
    (b'{"text":"a","seed":-1}', 422, "seed"),
    (b'{"text":"a","seed":1.5}', 422, "seed"),
    (b'{"text":"a","seed":99999999999999999999}', 422, "seed"),
    (b'{"text":"a","voice":"nobody"}', 422, "voice"),
    (b'{"text":"a","voice":"../../etc/passwd"}', 422, "voice"),
    (b'{"text":"a","acoustic":"tacotron9"}', 422, "acoustic"),
    (b'{"text":"a","vocoder":"griffin-lim"}', 422, "vocoder"),
    (b'{"text":"a","runtime":"tensorflow"}', 422, "runtime"),
    (b'{"text":"a","format":"aac"}', 422, "format"),
    (b'{"text":"a","lane":"fast"}', 422, "lane"),
    (b'{"text":"a","sample_rate":12345}', 422, "sample_rate"),
    (b'{"text":"a","sample_rate":22050,"format":"opus"}', 422, "sample_rate"),
    (b'{"text":"a","tempo":1}', 422, "tempo"),
    (b'{"ssml":"hello"}', 422, "ssml"),
    (b'{"ssml":"<speak>a"}', 422, "ssml"),
    (b'{"ssml":"<speak><blink>a</blink></speak>"}', 422, "ssml"),
    (b'{"ssml":"<speak></speak>"}', 422, "ssml"),
    (b'{"ssml":"<speak><voice name=\'nobody\'>a</voice></speak>"}', 422, "voice"),
    (b'{"ssml":"<speak><phoneme ph=\'h3llo\'>a</phoneme></speak>"}', 422, "ssml"),
    (b"{\"ssml\":\"<speak><phoneme alphabet='sampa' ph='a'>a</phoneme></speak>\"}", 422, "ssml"),
    (b'{"ssml":"<speak><say-as interpret-as=\'date\'>x</say-as></speak>"}', 422, "ssml"),
    (b'{"ssml":"<speak><sub alias=\'!\'>a</sub></speak>"}', 422, "ssml"),
    (b'{"ssml":"<!DOCTYPE x [<!ENTITY a \'b\'>]><speak>&a;</speak>"}', 422, "ssml"),
]


@pytest.mark.parametrize(("body", "status", "field"), BAD)
def test_a_bad_body_names_its_field(http: Http, body: bytes, status: int, field: str) -> None:
    refused(post(http, body), status, field)


def test_a_refusal_names_what_is_allowed(http: Http) -> None:
    def allowed(body: bytes) -> str:
        return str(post(http, body).json()["errors"][0]["allowed"])

    assert allowed(b'{"text":"a","speed":0}') == "number 0.25 to 4.0"
    assert allowed(b'{"text":"a","voice":"nobody"}') == "tiny, tiny-high"
    assert "onnx" in allowed(b'{"text":"a","runtime":"x"}')
    assert "vocoder" in allowed(b'{"text":"a","tempo":1}')
    assert "44100" in allowed(b'{"text":"a","sample_rate":1}')


def test_a_large_body_is_413(http: Http) -> None:
    refused(post(http, b'{"text":"' + b"a" * LIMIT + b'"}'), 413, "body")


def test_another_media_type_is_415(http: Http) -> None:
    refused(post(http, b"text=a", "application/x-www-form-urlencoded"), 415, "body")
    refused(post(http, b"<speak>a</speak>", "application/ssml+xml"), 415, "body")


def test_a_job_whose_api_died_before_it_was_planned_is_sent_on(
    http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that got no answer asks again with its key."""

    def die(self: MemoryQueue, job_id: str) -> None:
        raise SystemError("power cut")

    headers = {"Idempotency-Key": "half-accepted"}
    with monkeypatch.context() as patched:
        patched.setattr(MemoryQueue, "plan", die)
        http.post("/synthesize", json={"text": "Once."}, headers=headers)
    sent: list[str] = []
    monkeypatch.setattr(MemoryQueue, "plan", lambda self, job_id, long: sent.append(job_id))
    answer = http.post("/synthesize", json={"text": "Once."}, headers=headers)
    assert (answer.status_code, sent) == (202, [answer.json()["id"]])


@pytest.mark.parametrize("key", [" ", "a b", "x" * 256])
def test_a_bad_idempotency_key_is_refused(http: Http, key: str) -> None:
    answer = post(http, b'{"text":"a"}', **{"Idempotency-Key": key})
    refused(answer, 422, "Idempotency-Key")


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("/jobs?limit=0", 400, "limit"),
        ("/jobs?limit=many", 400, "limit"),
        ("/jobs?cursor=x", 400, "cursor"),
        ("/jobs?lane=slow", 422, "lane"),
        ("/jobs?lane=null", 422, "lane"),
        ("/jobs?since=null", 400, "since"),
        ("/jobs?since=-1", 400, "since"),
        ("/jobs?until=nan", 400, "until"),
        ("/jobs?since=1e99", 400, "since"),
        ("/jobs?state=done", 422, "state"),
    ],
)
def test_a_bad_parameter_is_named(http: Http, path: str, status: int, field: str) -> None:
    refused(http.get(path), status, field)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/jobs/zz", 404, "job_not_found"),
        ("GET", f"/jobs/{'0' * 32}", 404, "job_not_found"),
        ("DELETE", f"/jobs/{'0' * 32}", 404, "job_not_found"),
        ("GET", f"/jobs/{'0' * 32}/audio", 404, "job_not_found"),
        ("PUT", "/synthesize", 405, "method_not_allowed"),
        ("GET", "/synthesize", 405, "method_not_allowed"),
    ],
)
def test_framework_errors_are_problems_too(
    http: Http, method: str, path: str, status: int, code: str
) -> None:
    answer = http.request(method, path)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_what_is_accepted_is_shown_as_resolved(http: Http) -> None:
    answer = post(http, b'{"text":"50 % of $5","format":"opus"}')
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["location"] == f"/jobs/{job['id']}"
    assert answer.headers["retry-after"]
    assert job["state"] == "queued"
    seen = {name: job["request"][name] for name in ("voice", "acoustic", "vocoder", "sample_rate")}
    assert seen == {
        "voice": "tiny",
        "acoustic": "fastspeech2",
        "vocoder": "hifigan",
        "sample_rate": 24000,
    }
    assert http.get(f"/jobs/{job['id']}").json() == job
    early = http.get(f"/jobs/{job['id']}/audio")
    assert (early.status_code, early.json()["code"]) == (409, "audio_not_ready")


def test_the_description_is_openapi_and_lists_problems(http: Http) -> None:
    document = http.get("/schema").json()
    assert document["openapi"].startswith("3.1")
    answers = document["paths"]["/synthesize"]["post"]["responses"]
    assert {"200", "202", "400", "413", "415", "422", "503"} <= set(answers)
    assert "application/problem+json" in answers["422"]["content"]
    speed = document["components"]["schemas"]["SynthesisRequest"]["properties"]["speed"]
    assert (speed["minimum"], speed["maximum"]) == (0.25, 4.0)


def test_nobody_works_so_it_is_not_ready(http: Http) -> None:
    assert http.get("/healthz").status_code == 200
    answer = http.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["missing"] == ["planner", "synthesizer"]


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)
names = st.sampled_from(
    ["text", "ssml", "voice", "acoustic", "speed", "pitch", "format", "sample_rate", "seed", "x"]
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=st.dictionaries(names, values, max_size=5))
def test_no_json_is_a_server_error(http: Http, body: dict[str, Any]) -> None:
    answer = http.post("/synthesize", json=body)
    assert answer.status_code in (202, 400, 422)
    if answer.status_code != 202:
        assert answer.json()["errors"][0]["field"]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=st.binary(max_size=200))
def test_no_bytes_are_a_server_error(http: Http, body: bytes) -> None:
    assert 400 <= post(http, body).status_code < 423


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(max_size=60), ssml=st.booleans())
def test_no_text_is_a_server_error(http: Http, text: str, ssml: bool) -> None:
    body = {"ssml": f"<speak>{text}</speak>"} if ssml else {"text": text}
    assert http.post("/synthesize", json=body).status_code in (202, 422)


@pytest.mark.parametrize("path", ["/audiobooks", "/audiobooks/chapters"])
@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("bogus", b"{}"),
        ("utf-8", b"\xff\xfe{}"),
        ("unicode_escape", rb"\ud800"),
        ("punycode", rb"\ud800"),
        ("utf-7", b"+2AA-"),
    ],
    ids=["unknown", "wrong", "half", "odd", "half again"],
)
def test_a_form_that_cannot_be_decoded_is_the_senders(
    http: Http, path: str, charset: str, text: bytes
) -> None:
    body = (
        b'--X\r\nContent-Disposition: form-data; name="request"\r\n'
        b"Content-Type: application/json; charset=" + charset.encode() + b"\r\n\r\n" + text
    )
    file = b'\r\n--X\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nHello.'
    headers = {"Content-Type": "multipart/form-data; boundary=X"}
    answer = http.post(path, content=body + file + b"\r\n--X--\r\n", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_form")


def test_another_name_is_another_book(http: Http) -> None:
    """It tells the kind, and the title where nothing else does."""

    def send(name: str) -> Any:
        files = {"file": (name, b"# One\n\nHello.", "text/plain")}
        return http.post("/audiobooks", files=files, headers={"Idempotency-Key": "a-book"})

    first, again, other = send("a.md"), send("a.md"), send("a.txt")
    assert (first.status_code, first.json()["id"]) == (202, again.json()["id"])
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
