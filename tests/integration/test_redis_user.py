"""The whole service as the ACL user that docs/operations.md names: it needs no other right."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx

from cli.stack import Stack
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.server import EmbeddedRedis
from tests.conftest import tiny_environment

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def acl_rules() -> list[str]:
    """The rules of the page, without the command and the user's name."""
    (line,) = re.findall(r"^ACL SETUSER rhapsode (.*)$", PAGE.read_text("utf-8"), re.MULTILINE)
    return [rule if rule[0] != ">" else ">password" for rule in line.split()]


def test_a_job_runs_as_the_documented_user(
    tmp_path: Path, tiny_voices: Path, tiny_artifacts: Path
) -> None:
    with EmbeddedRedis(tmp_path / "redis", durable=False) as server:
        client: Any = open_redis(server.url)
        client.execute_command("ACL", "SETUSER", "rhapsode", *acl_rules())
        client.execute_command("ACL", "SETUSER", "default", "off")
        url = f"redis://rhapsode:password@127.0.0.1:{server.port}/0"
        environment = tiny_environment(tiny_voices, tiny_artifacts)
        with Stack(tmp_path / "data", redis_url=url, environment=environment) as stack:
            body = {"text": "Hello there.", "lane": "bulk"}
            with httpx.Client(base_url=stack.url, timeout=60, trust_env=False) as http:
                job = http.post("/synthesize", json=body, headers={"Prefer": "wait=50"}).json()
                assert job["state"] == "succeeded"
                assert "tts_backlog_audio_seconds" in http.get("/metrics").text
            logs = "".join(path.read_text("utf-8") for path in stack.logs_folder.glob("*.log"))
    assert "NOPERM" not in logs
    assert "redis_unavailable" not in logs
