"""The receivers of docs/webhooks.md verify what a service sends; ``rhapsode webhooks``."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from cli.main import rhapsode
from cli.stack import Stack
from jobs.redis_backend.server import free_port
from jobs.webhooks import new_secret

PAGE = (Path(__file__).resolve().parents[2] / "docs/webhooks.md").read_text("utf-8")
PROGRAMS = {"Python": [sys.executable, "-c"], "JavaScript": ["node", "--input-type=module", "-e"]}
DEADLINE = 60.0


def until(look: Callable[[], bool], shown: Callable[[], object] = lambda: "") -> None:
    deadline = time.monotonic() + DEADLINE
    while not look():
        assert time.monotonic() < deadline, f"what was waited for did not happen: {shown()}"
        time.sleep(0.05)


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@pytest.mark.parametrize("language", PROGRAMS)
def test_a_receiver_of_the_page_verifies_what_is_sent(service: Stack, language: str) -> None:
    command, port, secret = PROGRAMS[language], free_port(), new_secret()
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]}")
    code = re.search(rf"## A receiver in {language}\n\n```\w+\n(.*?)```", PAGE, re.S)
    assert code is not None
    environment = {**os.environ, "PORT": str(port), "WEBHOOK_SECRET": secret}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*command, code[1]], env=environment, stdout=pipe, stderr=subprocess.DEVNULL, text=True
    ) as receiver:
        try:
            until(lambda: answers(port))
            url = f"http://127.0.0.1:{port}/"
            with httpx.Client(base_url=service.url, timeout=DEADLINE, trust_env=False) as http:
                body = {"text": "Hello.", "callback": {"url": url, "secret": secret}}
                job = http.post("/synthesize", json=body).json()
                assert receiver.stdout is not None
                assert receiver.stdout.readline() == f"job.succeeded {job['id']}\n"

                def delivery() -> dict[str, Any]:
                    found = http.get(f"/jobs/{job['id']}/deliveries").json()["deliveries"]
                    # The others are those of endpoints that another test left behind.
                    return next(dict(d) for d in found if d["receiver"] == url.rstrip("/"))

                until(lambda: delivery()["state"] == "delivered", delivery)
            forged = httpx.post(
                url,
                content=b"{}",
                headers={
                    "webhook-id": "msg_0",
                    "webhook-timestamp": str(int(time.time())),
                    "webhook-signature": "v1,AAAA",
                },
                trust_env=False,
            )
            assert forged.status_code == 401
        finally:
            receiver.kill()


def test_the_operator_adds_rotates_and_removes_endpoints(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)

    def run(*words: str) -> Any:
        done = CliRunner().invoke(rhapsode, ["webhooks", *words])
        assert done.exit_code == 0, done.output
        return done

    url = "https://reader.example/hooks?token=hidden"
    added = json.loads(run("add", url, "--event", "job.failed", "--json").stdout)
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", added["secret"])
    assert (added["events"], added["receiver"]) == (["job.failed"], "https://reader.example")
    rotated = run("rotate", added["id"], "--keep-hours", "1").stdout.strip()
    assert rotated.startswith("whsec_")
    assert rotated != added["secret"]
    run("disable", added["id"])
    (listed,) = json.loads(run("list", "--json").stdout)
    assert (listed["id"], listed["secrets"]) == (added["id"], 2)
    assert listed["disabled_reason"] == "by the operator"
    run("enable", added["id"])
    shown = run("list").output + json.dumps(listed)
    for hidden in (added["secret"], rotated, "hidden"):
        assert hidden not in shown
    run("remove", added["id"])
    assert json.loads(run("list", "--json").stdout) == []
