"""The page of the API's description needs nothing from elsewhere, and no key."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app, open_backends
from api.routes.docs import FILES, FOLDER
from api.settings import ApiSettings

Http = TestClient[Litestar]


@pytest.fixture
def http(redis_url: str, tiny_voices: Path, tmp_path: Path) -> Iterator[Http]:
    settings = ApiSettings(
        data=tmp_path,
        redis_url=redis_url,
        voices=(tiny_voices,),
        shipped_voices=False,
        require_keys=True,
    )
    app = create_app(settings, open_backends(settings))
    with TestClient(app, raise_server_exceptions=False, base_url="http://127.0.0.1") as client:
        yield client


def test_the_page_and_all_that_it_loads_are_ours(http: Http) -> None:
    page = http.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    loaded = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
    assert len(loaded) == 3
    for path in loaded:
        answer = http.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["content-type"].startswith(("text/javascript", "text/css"))
    described = re.search(r'url: "([^"]+)"', http.get("/docs/start.js").text)
    assert described is not None
    assert http.get(described[1]).json()["openapi"].startswith("3.1")
    assert http.get("/docs/none.js").status_code == 404


def test_who_asks_for_the_head_alone_gets_it(http: Http) -> None:
    for path in ("/docs", "/docs/start.js", "/docs/swagger-ui.css"):
        assert http.head(path).headers["content-type"] == http.get(path).headers["content-type"]


@pytest.mark.parametrize("name", FILES)
def test_files_are_whole(http: Http, name: str) -> None:
    data = gzip.decompress((FOLDER / f"{name}.gz").read_bytes())
    assert http.get(f"/docs/{name}").content == data
    assert b"sourceMappingURL" not in data[-200:]


def test_the_description_names_keys_and_says_what_routes_do(http: Http) -> None:
    document = http.get("/schema/openapi.json").json()
    assert set(document["components"]["securitySchemes"]) == {"bearer", "header"}
    operations = [o for path in document["paths"].values() for o in path.values()]
    assert len(operations) > 20
    assert [o["summary"] for o in operations if " " not in o["summary"]] == []
    assert [o["summary"] for o in operations if not o.get("description")] == []


def test_answers_have_examples_that_fit_their_schemas(http: Http) -> None:
    document = http.get("/schema/openapi.json").json()
    schemas = document["components"]["schemas"]
    assert schemas["SynthesisRequest"]["additionalProperties"] is False  # refused, so described
    shown = {
        (path, method, status): media["example"]
        for path, item in document["paths"].items()
        for method, operation in item.items()
        for status, response in operation["responses"].items()
        for media in response.get("content", {}).values()
        if "example" in media
    }
    assert shown["/synthesize", "post", "202"]["state"] == "queued"
    assert shown["/jobs/{job_id}", "get", "200"]["report"]["rtf"] < 1
    assert shown["/synthesize", "post", "422"]["errors"][0]["field"] == "speed"
    for example in shown.values():
        name = next(
            n
            for n, f in (("JobView", "state"), ("JobList", "jobs"), ("Problem", "type"))
            if f in example
        )
        assert set(schemas[name]["required"]) <= set(example) <= set(schemas[name]["properties"])
