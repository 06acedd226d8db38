"""A body that arrives a byte now and then is cut, whatever route it is for."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app, open_backends
from api.settings import ApiSettings

JSON = b"application/json"
FORM = b"multipart/form-data; boundary=b"


@pytest.mark.parametrize(
    ("path", "kind", "begin"),
    [
        ("/synthesize", JSON, b'{"text": "Hel'),
        ("/audiobooks", FORM, b'--b\r\nContent-Disposition: form-data; name="file"'),
        ("/audiobooks/chapters", FORM, b"--b\r\n"),
    ],
)
def test_a_body_that_does_not_arrive_is_cut(
    redis_url: str, tiny_voices: Path, tmp_path: Path, path: str, kind: bytes, begin: bytes
) -> None:
    app = app_of(redis_url, tiny_voices, tmp_path, upload_seconds=0.05)
    sent: list[dict[str, Any]] = []
    begun = False

    async def receive() -> dict[str, Any]:
        nonlocal begun
        if not begun:
            begun = True
            return {"type": "http.request", "body": begin, "more_body": True}
        await asyncio.Event().wait()  # for ever
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app(scope_of(path, kind), receive, send))
    body = b"".join(message.get("body", b"") for message in sent)
    assert (sent[0]["status"], json.loads(body)["code"]) == (408, "upload_timeout")


@pytest.mark.parametrize("path", ["/synthesize", "/audiobooks"])
def test_a_client_that_goes_away_in_its_body_is_no_fault_of_the_service(
    redis_url: str, tiny_voices: Path, tmp_path: Path, path: str
) -> None:
    app = app_of(redis_url, tiny_voices, tmp_path, upload_seconds=60.0)
    sent = list[dict[str, Any]]()
    messages = iter([{"type": "http.request", "body": b'{"te', "more_body": True}])

    async def receive() -> dict[str, Any]:
        return next(messages, {"type": "http.disconnect"})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app(scope_of(path, FORM if path == "/audiobooks" else JSON), receive, send))
    body = b"".join(message.get("body", b"") for message in sent)
    assert (sent[0]["status"], json.loads(body)["code"]) == (400, "incomplete_body")


def app_of(redis_url: str, voices: Path, data: Path, *, upload_seconds: float) -> Any:
    settings = ApiSettings(
        data=data,
        redis_url=redis_url,
        voices=(voices,),
        shipped_voices=False,
        upload_seconds=upload_seconds,
    )
    return create_app(settings, open_backends(settings))


def scope_of(path: str, kind: bytes) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost"), (b"content-type", kind), (b"content-length", b"999")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
