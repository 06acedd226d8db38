"""``rhapsode keys`` beside a service that runs, and on the folder of one that does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.keys import keys
from core.errors import NotFound, Unauthenticated
from jobs.redis_backend.api_keys import RedisApiKeys
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.server import EmbeddedRedis, running_redis


@pytest.fixture(autouse=True)
def _no_redis_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)


def run(*words: str | int | Path) -> Result:
    return CliRunner().invoke(keys, [str(word) for word in words], catch_exceptions=False)


def test_a_key_is_added_listed_and_revoked_while_redis_runs(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path / "redis") as server:
        made = run(
            "--data", tmp_path, "add", "Reading room", "--requests-per-minute", 60, "--open-jobs", 5
        )
        token = made.stdout.strip()
        book = RedisApiKeys(open_redis(server.url))
        key = book.check(token)
        assert (key.name, key.admin) == ("Reading room", False)
        assert (key.limits.requests_per_minute, key.limits.open_jobs) == (60.0, 5)
        listed = run("--data", tmp_path, "list").stdout
        assert key.id in listed
        assert "Reading room" in listed
        assert token.split("_", 2)[2] not in listed
        assert "revoked" in run("--data", tmp_path, "revoke", key.id).stdout
        with pytest.raises(Unauthenticated):
            book.check(token)
        with pytest.raises(NotFound):
            run("--data", tmp_path, "revoke", "0" * 12)
    assert running_redis(tmp_path / "redis") is None


def test_a_key_made_before_the_service_starts_is_there(tmp_path: Path) -> None:
    made = json.loads(run("--data", tmp_path, "add", "first", "--admin", "--json").stdout)
    assert "digest" not in made
    with EmbeddedRedis(tmp_path / "redis") as server:
        key = RedisApiKeys(open_redis(server.url)).check(made["key"])
        assert (key.id, key.admin) == (made["id"], True)
    (listed_key,) = json.loads(run("--data", tmp_path, "list", "--json").stdout)
    assert (listed_key["id"], "digest" in listed_key, "key" in listed_key) == (key.id, False, False)


def test_a_url_wins(tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)
    token = run("--data", tmp_path, "add", "elsewhere").stdout.strip()
    assert RedisApiKeys(open_redis(redis_url)).check(token).name == "elsewhere"
    assert not (tmp_path / "redis").exists()
