"""A web page of somebody else's cannot use a service without keys, whatever the browser sends."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app, open_backends
from api.settings import ApiSettings

Http = TestClient[Litestar]
BODY = b'{"text": "Hello."}'
JSON = {"content-type": "application/json"}


@pytest.fixture
def settings(redis_url: str, tiny_voices: Path, tmp_path: Path) -> ApiSettings:
    return ApiSettings(
        data=tmp_path,
        redis_url=redis_url,
        voices=(tiny_voices,),
        shipped_voices=False,
        allowed_hosts=("tts.lan",),
    )


@pytest.fixture
def http(settings: ApiSettings) -> Iterator[Http]:
    app = create_app(settings, open_backends(settings))
    with TestClient(app, raise_server_exceptions=False, base_url="http://127.0.0.1") as client:
        yield client


def post(http: Http, **headers: str) -> tuple[int, str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = http.post("/synthesize", content=BODY, headers=named)
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": "127.0.0.1:8080"},
        {"host": "[::1]:8080"},
        {"host": "localhost:8080"},
        {"host": "tts.lan"},
        {"host": "TTS.LAN:8080"},
        {"origin": "http://127.0.0.1", "sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
    ],
)
def test_own_pages_and_programs_are_let_in(http: Http, headers: dict[str, str]) -> None:
    assert post(http, content_type="application/json", **headers) == (202, "")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"host": "evil.example"}, "host_not_allowed"),
        ({"host": "tts.lan.evil.example"}, "host_not_allowed"),
        ({"host": "127.0.0.1.evil.example:8080"}, "host_not_allowed"),
        ({"host": "[::1"}, "host_not_allowed"),
        ({"origin": "http://evil.example"}, "cross_site"),
        ({"origin": "http://127.0.0.1:3000"}, "cross_site"),
        ({"origin": "null"}, "cross_site"),
        ({"sec_fetch_site": "cross-site"}, "cross_site"),
        ({"sec_fetch_site": "same-site"}, "cross_site"),
    ],
)
def test_pages_of_others_are_refused(http: Http, headers: dict[str, str], code: str) -> None:
    assert post(http, content_type="application/json", **headers) == (403, code)
    form = {"file": ("a.txt", b"Hello.")}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    assert http.post("/audiobooks", files=form, headers=named).json()["code"] == code
    assert http.post(f"/jobs/{'0' * 32}/retry", headers=named).json()["code"] == code
    assert http.delete(f"/jobs/{'0' * 32}", headers=named).json()["code"] == code
    assert http.get("/jobs").json()["jobs"] == []


def test_a_name_of_another_reads_nothing_either(http: Http) -> None:
    assert http.get("/jobs", headers={"host": "evil.example"}).status_code == 403
    assert http.get("/jobs", headers={"origin": "http://evil.example"}).status_code == 200


def test_probes_have_whatever_name_they_have(http: Http) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert http.get(path, headers={"host": "rhapsode-api"}).status_code != 403


def test_a_body_needs_its_type(http: Http) -> None:
    assert post(http) == (415, "unsupported_media_type")
    assert post(http, content_type="text/plain") == (415, "unsupported_media_type")


def test_any_name_is_allowed_where_the_setting_says_so(settings: ApiSettings) -> None:
    chosen = ApiSettings(**{**vars(settings), "allowed_hosts": ("*",)})
    app = create_app(chosen, open_backends(chosen))
    with TestClient(app, base_url="http://anywhere.example") as client:
        assert client.post("/synthesize", content=BODY, headers=JSON).status_code == 202


def test_with_keys_no_page_has_one(settings: ApiSettings) -> None:
    chosen = ApiSettings(**{**vars(settings), "require_keys": True})
    app = create_app(chosen, open_backends(chosen))
    with TestClient(app, base_url="http://anywhere.example") as client:
        assert client.post("/synthesize", content=BODY, headers=JSON).status_code == 401


@pytest.mark.parametrize("path", ["/healthz", "/jobs", "/nothing", "/jobs/x", "/schema"])
def test_every_response_says_that_it_is_data(http: Http, path: str) -> None:
    headers = http.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert (headers["x-frame-options"], headers["referrer-policy"]) == ("DENY", "no-referrer")
    assert headers["cache-control"] == "no-store"


ORIGIN = "https://reader.example"


@pytest.fixture
def shared(settings: ApiSettings) -> Iterator[Http]:
    """A service that pages of one other origin may use."""
    chosen = dataclasses.replace(settings, cors_origins=(ORIGIN,))
    app = create_app(chosen, open_backends(chosen))
    with TestClient(app, raise_server_exceptions=False, base_url="http://127.0.0.1") as client:
        yield client


def test_a_page_of_an_allowed_origin_may_ask_and_read(shared: Http) -> None:
    asked = {"origin": ORIGIN, "access-control-request-method": "POST"}
    preflight = shared.options(
        "/synthesize", headers=asked | {"access-control-request-headers": "content-type, prefer"}
    )
    assert preflight.status_code in (200, 204)
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    assert "POST" in preflight.headers["access-control-allow-methods"]
    headers = JSON | {"origin": ORIGIN, "sec-fetch-site": "cross-site"}
    answer = shared.post("/synthesize", content=BODY, headers=headers)
    assert answer.status_code == 202
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    exposed = answer.headers["access-control-expose-headers"].lower()
    assert {"location", "retry-after"} <= {name.strip() for name in exposed.split(",")}
    problem = shared.get("/jobs/none", headers={"origin": ORIGIN})
    assert problem.headers["access-control-allow-origin"] == ORIGIN


def test_a_page_of_any_other_origin_may_not(shared: Http, http: Http) -> None:
    headers = JSON | {"origin": "https://evil.example"}
    answer = shared.post("/synthesize", content=BODY, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")
    assert "access-control-allow-origin" not in answer.headers
    without = http.get("/voices", headers={"origin": ORIGIN})
    assert "access-control-allow-origin" not in without.headers
