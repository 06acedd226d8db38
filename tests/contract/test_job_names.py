"""Names that clients give to jobs: each owner has its own, for as long as the job is kept."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from litestar.testing import TestClient

from api.app import create_app, open_backends
from api.settings import ApiSettings
from jobs.redis_backend.api_keys import RedisApiKeys
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.keys import name_key


def test_owners_have_names_of_their_own(redis_url: str, tmp_path: Path, tiny_voices: Path) -> None:
    keys = RedisApiKeys(open_redis(redis_url))
    tokens = [keys.add(name, time.time())[1] for name in ("one", "other")]
    owners = [key.id for key in keys.all()]
    settings = ApiSettings(
        data=tmp_path,
        redis_url=redis_url,
        voices=(tiny_voices,),
        shipped_voices=False,
        require_keys=True,
    )
    app = create_app(settings, open_backends(settings))
    with TestClient(app, raise_server_exceptions=False, base_url="http://127.0.0.1") as http:

        def ask(number: int, method: str, path: str, **options: Any) -> Any:
            headers = {"Authorization": f"Bearer {tokens[number]}"}
            return http.request(method, path, headers=headers, **options)

        made = [
            ask(number, "PUT", "/jobs/mine", json={"text": f"Number {number}."})
            for number in (0, 1)
        ]
        assert [answer.status_code for answer in made] == [202, 202]
        ids = [answer.json()["id"] for answer in made]
        assert ids[0] != ids[1]
        for number in (0, 1):
            found = ask(number, "GET", "/jobs/mine").json()
            assert (found["id"], found["name"]) == (ids[number], "mine")
            listed = ask(number, "GET", "/jobs").json()["jobs"]
            assert [one["name"] for one in listed] == ["mine"]
        assert ask(1, "GET", f"/jobs/{ids[0]}").status_code == 404
        assert http.get("/jobs/mine").status_code == 401
        assert ask(0, "DELETE", "/jobs/mine").json()["state"] == "cancelled"
        assert ask(0, "DELETE", "/jobs/mine").status_code == 204
        assert ask(0, "GET", "/jobs/mine").status_code == 404
        assert ask(1, "GET", "/jobs/mine").status_code == 200
    client = open_redis(redis_url)
    assert client.exists(name_key(owners[0], "mine"), name_key(owners[1], "mine")) == 1
