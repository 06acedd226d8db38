"""API keys over HTTP: who is let in, whose jobs are whose, how much is too much."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.admission import OPEN
from api.app import create_app, open_backends
from api.settings import ApiSettings
from jobs.protocols import KeyLimits
from jobs.redis_backend.api_keys import RedisApiKeys
from jobs.redis_backend.client import open_redis

Http = TestClient[Litestar]
BODY = {"text": "Hello."}


@pytest.fixture
def chosen(redis_url: str, tiny_voices: Path, tmp_path: Path) -> ApiSettings:
    return ApiSettings(
        redis_url=redis_url,
        data=tmp_path,
        voices=(tiny_voices,),
        shipped_voices=False,
        require_keys=True,
        max_open_jobs=4,
    )


@pytest.fixture
def http(chosen: ApiSettings) -> Iterator[Http]:
    app = create_app(chosen, open_backends(chosen))
    with TestClient(app, raise_server_exceptions=False, base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture
def keys(redis_url: str) -> RedisApiKeys:
    return RedisApiKeys(open_redis(redis_url))


def shown(
    keys: RedisApiKeys, name: str = "a", *, admin: bool = False, **limits: Any
) -> dict[str, str]:
    """The header of a new key."""
    _, token = keys.add(name, 0.0, limits=KeyLimits(**limits), admin=admin)
    return {"Authorization": f"Bearer {token}"}


def submit(http: Http, headers: dict[str, str], **more: str) -> str:
    answer = http.post("/synthesize", json=BODY, headers=headers | more)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def code(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def routes_of(http: Http) -> set[tuple[str, str]]:
    paths = http.get("/schema").json()["paths"]
    return {(method.upper(), path) for path, item in paths.items() for method in item}


def test_nothing_but_probes_answers_without_a_key(http: Http) -> None:
    closed = {(m, p) for m, p in routes_of(http) if not p.startswith(OPEN)}
    assert ("POST", "/synthesize") in closed
    for method, path in closed:
        answer = http.request(method, path.replace("{job_id}", "0" * 32))
        assert answer.status_code == 401, (method, path)
        assert answer.headers["www-authenticate"] == 'Bearer realm="rhapsode"'
        if path.startswith("/v1/"):
            assert answer.json()["error"]["code"] == "invalid_api_key"
        elif method != "HEAD":
            assert code(answer) == (401, "unauthenticated")
    for path in ("/healthz", "/metrics", "/schema", "/schema/openapi.json"):
        assert http.get(path).status_code == 200
    assert http.get("/readyz").status_code == 503


def test_a_wrong_or_revoked_key_is_refused(http: Http, keys: RedisApiKeys) -> None:
    key, token = keys.add("gone", 0.0)
    assert http.get("/jobs", headers={"X-API-Key": token}).status_code == 200
    keys.revoke(key.id, 1.0)
    for headers in ({"X-API-Key": token}, {"Authorization": "Bearer nonsense"}):
        answer = http.get("/jobs", headers=headers)
        assert code(answer) == (401, "invalid_key")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
        assert token not in answer.text
    assert code(http.get("/jobs", headers={"Authorization": "Basic YTpi"}))[0] == 401


def test_the_jobs_of_others_do_not_exist(http: Http, keys: RedisApiKeys) -> None:
    mine, other, admin = shown(keys), shown(keys, "b"), shown(keys, "boss", admin=True)
    job = submit(http, mine)
    routes = {(m, p.replace("{job_id}", job)) for m, p in routes_of(http) if "{job_id}" in p}
    assert len(routes) >= 4
    for method, path in sorted(routes):
        assert http.request(method, path, headers=other).status_code == 404, (method, path)
    missing = http.get(f"/jobs/{'0' * 32}", headers=other).json()
    hidden = http.get(f"/jobs/{job}", headers=other).json()
    assert hidden == {**missing, "detail": missing["detail"].replace("0" * 32, job)}
    assert http.get("/jobs", headers=other).json()["jobs"] == []
    for headers in (mine, admin):
        assert http.get(f"/jobs/{job}", headers=headers).json()["state"] == "queued"
        assert [j["id"] for j in http.get("/jobs", headers=headers).json()["jobs"]] == [job]
    assert http.delete(f"/jobs/{job}", headers=admin).json()["state"] == "cancelled"


def test_idempotency_keys_of_two_clients_are_two(http: Http, keys: RedisApiKeys) -> None:
    again = {"Idempotency-Key": "1"}
    mine, other = shown(keys), shown(keys, "b")
    first = submit(http, mine, **again)
    assert submit(http, mine, **again) == first
    assert submit(http, other, **again) != first
    answer = http.post("/synthesize", json={"text": "Else."}, headers=mine | again)
    assert code(answer) == (422, "idempotency_mismatch")


def test_limits_of_a_key(http: Http, keys: RedisApiKeys) -> None:
    small = shown(keys, characters=5)
    answer = http.post("/synthesize", json=BODY, headers=small)
    assert code(answer) == (422, "text_too_long")
    assert answer.json()["errors"][0] == {
        "field": "text",
        "message": "6 characters; the key allows 5",
        "allowed": "1 to 5 characters",
    }
    one = shown(keys, open_jobs=1)
    job = submit(http, one)
    answer = http.post("/synthesize", json=BODY, headers=one)
    assert code(answer) == (429, "too_many_open_jobs")
    assert int(answer.headers["retry-after"]) >= 1
    http.delete(f"/jobs/{job}", headers=one)
    submit(http, one)
    slow = shown(keys, requests_per_minute=1, burst=2)
    statuses = [http.get("/jobs", headers=slow) for _ in range(3)]
    assert [answer.status_code for answer in statuses] == [200, 200, 429]
    assert code(statuses[2])[1] == "rate_limited"
    assert 30 < int(statuses[2].headers["retry-after"]) <= 60


def test_polls_of_a_job_do_not_count(http: Http, keys: RedisApiKeys) -> None:
    slow = shown(keys, requests_per_minute=1, burst=1)
    job = submit(http, slow)
    for path in (f"/jobs/{job}", f"/jobs/{job}/manifest", f"/jobs/{job}"):
        assert http.get(path, headers=slow).status_code == 200
    assert code(http.get(f"/jobs/{job}/audio", headers=slow)) == (409, "audio_not_ready")
    assert code(http.post("/synthesize", json=BODY, headers=slow)) == (429, "rate_limited")


def test_too_many_open_jobs_of_all_are_an_overload(http: Http, keys: RedisApiKeys) -> None:
    mine = shown(keys)
    jobs = [submit(http, mine) for _ in range(4)]
    answer = http.post("/synthesize", json=BODY, headers=mine)
    assert code(answer) == (503, "overloaded")
    assert int(answer.headers["retry-after"]) >= 1
    http.delete(f"/jobs/{jobs[0]}", headers=mine)
    submit(http, mine)


def test_refusals_are_counted_by_code(http: Http, keys: RedisApiKeys) -> None:
    def count(name: str) -> float:
        lines = http.get("/metrics").text.splitlines()
        wanted = f'tts_requests_refused_total{{code="{name}"}} '
        return sum(float(line.split()[-1]) for line in lines if line.startswith(wanted))

    before = count("unauthenticated"), count("invalid_key")
    http.get("/jobs")
    http.get("/jobs", headers={"X-API-Key": "x"})
    assert (count("unauthenticated"), count("invalid_key")) == (before[0] + 1, before[1] + 1)


def test_without_the_setting_nobody_needs_a_key(chosen: ApiSettings) -> None:
    free = dataclasses.replace(chosen, require_keys=False)
    with TestClient(create_app(free, open_backends(free)), base_url="http://127.0.0.1") as client:
        assert client.get("/jobs").status_code == 200
        assert "security" not in client.get("/schema").json()


def test_the_description_names_the_keys(http: Http) -> None:
    document = http.get("/schema").json()
    assert set(document["components"]["securitySchemes"]) == {"bearer", "header"}
    assert document["security"] == [{"bearer": []}, {"header": []}]
    for path, item in document["paths"].items():
        for operation in item.values():
            if path.startswith(OPEN):
                assert operation["security"] == [{}]
            else:
                assert {"401", "429", "503"} <= set(operation["responses"]), path
