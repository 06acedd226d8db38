"""The studio's pages over HTTP: headers, keys, files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app, open_backends
from api.settings import ApiSettings
from api.studio.rendering import PAGES, security_policy
from jobs.redis_backend.api_keys import RedisApiKeys
from jobs.redis_backend.client import open_redis

Http = TestClient[Litestar]
OWN = {"origin": "http://127.0.0.1", "sec-fetch-site": "same-origin"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def settings(redis_url: str, tiny_voices: Path, tmp_path: Path) -> ApiSettings:
    return ApiSettings(
        data=tmp_path, redis_url=redis_url, voices=(tiny_voices,), shipped_voices=False
    )


def client_of(settings: ApiSettings) -> Http:
    app = create_app(settings, open_backends(settings))
    return TestClient(app, raise_server_exceptions=False, base_url="http://127.0.0.1")


@pytest.fixture
def http(settings: ApiSettings) -> Iterator[Http]:
    with client_of(settings) as client:
        yield client


@pytest.fixture
def guarded(settings: ApiSettings) -> Iterator[Http]:
    with client_of(ApiSettings(**{**vars(settings), "require_keys": True})) as client:
        yield client


@pytest.fixture
def token(redis_url: str) -> str:
    return RedisApiKeys(open_redis(redis_url)).add("reader", 0.0)[1]


@pytest.mark.parametrize("path", [address for address, _ in PAGES.values()])
def test_pages_allow_nothing_inline_and_nothing_from_elsewhere(http: Http, path: str) -> None:
    answer = http.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert re.findall(r"<script(?![^>]*\ssrc=)|\son\w+=|\sstyle=|https?://", answer.text) == []
    for address in re.findall(r'(?:src|href)="(/studio/assets/[^"]+)"', answer.text):
        file = http.get(address)
        assert file.status_code == 200
        assert "immutable" in file.headers["cache-control"]


def test_links_of_the_navigation_lead_somewhere(http: Http) -> None:
    found = re.findall(r'<a href="(/[^"#]*)"', http.get("/").text)
    assert len(found) >= len(PAGES)
    assert [path for path in found if http.get(path).status_code != 200] == []


def test_pages_files_and_probes_answer_who_asks_for_the_head_alone(http: Http) -> None:
    (style,) = re.findall(r'href="(/studio/assets/[^"]+css)"', http.get("/").text)
    for path in (*(address for address, _ in PAGES.values()), style, "/healthz", "/readyz"):
        head, whole = http.head(path), http.get(path)
        assert head.status_code == whole.status_code, path
        assert head.headers.get("content-type") == whole.headers["content-type"], path
        assert head.headers.get("retry-after") == whole.headers.get("retry-after"), path


def test_a_file_of_another_version_is_not_kept(http: Http) -> None:
    answer = http.get("/studio/assets/0000000000000000/studio.js")
    assert answer.headers["cache-control"] == "no-store"
    assert http.get("/studio/assets/x/nothing.js").status_code == 404


def test_audio_on_object_storage_may_be_played(settings: ApiSettings) -> None:
    place = {"storage": "s3://speech", "s3_endpoint": "https://in.example:9000/x"}
    policy = security_policy(ApiSettings(**{**vars(settings), **place}))
    assert "media-src 'self' blob: https://in.example:9000;" in policy


def test_problems_are_pages(http: Http) -> None:
    answer = http.get(f"/studio/jobs/{'0' * 32}")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "job_not_found" in answer.text
    part = http.get(f"/studio/jobs/{'0' * 32}", headers={"HX-Request": "true"})
    assert "<html" not in part.text


def test_without_a_key_pages_ask_for_one(guarded: Http) -> None:
    answer = guarded.get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/studio/session?next=%2F")
    part = guarded.get("/studio/networks", headers={"HX-Request": "true"})
    assert part.headers["hx-redirect"].startswith("/studio/session?next=")
    assert guarded.get("/studio/session").status_code == 200


def test_a_key_is_kept_in_a_cookie_that_serves_the_api(guarded: Http, token: str) -> None:
    form = f"key={token}&next=/studio/networks"
    answer = guarded.post(
        "/studio/session", content=form, headers=FORM | OWN, follow_redirects=False
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/studio/networks")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "max-age" not in cookie
    assert guarded.get("/").status_code == 200
    assert guarded.get("/jobs").json()["jobs"] == []
    assert guarded.post("/synthesize", json={"text": "Hello."}, headers=OWN).status_code == 202
    guarded.post("/studio/session/end", headers=OWN)
    assert guarded.get("/jobs").status_code == 401


def test_the_cookie_serves_no_page_of_another_site(guarded: Http, token: str) -> None:
    guarded.cookies.set("rhapsode_key", token)
    other = {"origin": "http://evil.example", "sec-fetch-site": "cross-site"}
    answer = guarded.post("/synthesize", json={"text": "Hello."}, headers=other)
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")
    form = guarded.post("/studio/session", content=f"key={token}", headers=FORM | other)
    assert form.status_code == 403


def test_a_wrong_key_is_not_kept(guarded: Http) -> None:
    answer = guarded.post("/studio/session", content="key=nonsense", headers=FORM | OWN)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example/", "/\\evil.example"])
def test_a_key_leads_nowhere_else(guarded: Http, token: str, target: str) -> None:
    form = f"key={token}&next={target}"
    answer = guarded.post(
        "/studio/session", content=form, headers=FORM | OWN, follow_redirects=False
    )
    assert answer.headers["location"] == "/"


def test_keys_are_made_by_admins_alone_and_where_the_operator_allows_it(
    settings: ApiSettings, redis_url: str, token: str
) -> None:
    admin = RedisApiKeys(open_redis(redis_url)).add("operator", 1.0, admin=True)[1]
    chosen = ApiSettings(**{**vars(settings), "require_keys": True, "keys_over_http": True})
    with client_of(chosen) as http:
        as_admin, as_reader = {"X-API-Key": admin}, {"X-API-Key": token}
        refused = http.post("/keys", json={"name": "x"}, headers=as_reader)
        assert (refused.status_code, refused.json()["code"]) == (403, "admin_only")
        assert http.get("/studio/keys", headers=as_reader).status_code == 403
        assert "/studio/keys" not in http.get("/", headers=as_reader).text
        assert "/studio/keys" in http.get("/", headers=as_admin).text
        body = {"name": "room", "limits": {"open_jobs": 2}}
        made = http.post("/keys", json=body, headers=as_admin)
        assert made.status_code == 201
        assert made.json()["key"]["limits"]["open_jobs"] == 2
        key = {"X-API-Key": made.json()["token"]}
        assert http.get("/jobs", headers=key).status_code == 200
        listed = http.get("/keys", headers=as_admin)
        assert [one["name"] for one in listed.json()["keys"]] == ["reader", "operator", "room"]
        assert "digest" not in listed.text
        for wrong in ({"name": ""}, {"name": "x", "limits": {"rate": 1}}, {"title": "x"}):
            assert http.post("/keys", json=wrong, headers=as_admin).status_code == 422
        gone = http.delete(f"/keys/{made.json()['key']['id']}", headers=as_admin)
        assert gone.json()["disabled_at"] is not None
        assert http.get("/jobs", headers=key).status_code == 401
        assert http.delete("/keys/000000000000", headers=as_admin).status_code == 404


def test_keys_are_not_there_unless_allowed(guarded: Http, redis_url: str) -> None:
    admin = RedisApiKeys(open_redis(redis_url)).add("operator", 1.0, admin=True)[1]
    for path in ("/keys", "/studio/keys"):
        assert guarded.get(path, headers={"X-API-Key": admin}).status_code == 404
