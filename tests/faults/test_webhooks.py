"""Webhooks through deaths: of receivers as they read, of senders as they wait for an answer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.record import JobRecord
from core.request import Controls, Source
from core.webhook import WebhookCallback
from jobs.ids import new_job_id
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.server import free_port
from jobs.redis_backend.store import redis_job_store
from jobs.redis_backend.webhooks import RedisDeliveries
from jobs.webhooks import new_secret
from tests.faults.supervised import DEADLINE

RECEIVER = """
import json, os, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

port, log, hold = int(sys.argv[1]), sys.argv[2], sys.argv[3]

class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        line = json.dumps([self.headers["webhook-id"], body.decode()]) + "\\n"
        with open(log, "a") as file:
            file.write(line)
        while os.path.exists(hold):
            time.sleep(0.02)
        self.send_response(204)
        self.end_headers()
    def log_message(self, *_): pass

ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""
SENDER = """
import sys, threading
from core.addresses import parse_networks
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.webhooks import RedisDeliveries
from workers.context import SystemClock
from workers.webhooks.sender import WebhookSender

WebhookSender(
    RedisDeliveries(open_redis(sys.argv[1])), SystemClock(),
    networks=parse_networks(["127.0.0.1/32"], ""), seconds=0.5, delays=[0.05] * 100,
).start()
threading.Event().wait()
"""
DEATHS = 3


@contextmanager
def running(program: str, *words: object) -> Iterator[subprocess.Popen[bytes]]:
    """A program in a process of its own, killed at the end."""
    process = subprocess.Popen([sys.executable, "-c", program, *map(str, words)])
    try:
        yield process
    finally:
        process.kill()
        process.wait(DEADLINE)


def until(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not look():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.02)


def test_an_end_is_delivered_through_three_deaths_of_each_side(
    redis_url: str, tmp_path: Path
) -> None:
    client = open_redis(redis_url)
    store, deliveries = redis_job_store(client), RedisDeliveries(client)
    port, hold, log = free_port(), tmp_path / "hold", tmp_path / "received"
    hold.touch()

    def received() -> list[list[str]]:
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def received_again() -> None:
        seen = len(received())
        until(lambda: len(received()) > seen)

    controls = Controls(voice="v", acoustic="a", vocoder="w", sample_rate=22050)
    source = Source(text="Hello.")
    record = JobRecord(
        id=new_job_id(1.0), state="queued", request=controls, source=source.facts, created_at=1.0
    )
    url = f"http://127.0.0.1:{port}/hook"
    store.records.create(record, source, callback=WebhookCallback(url=url, secret=new_secret()))
    store.records.finish(record.id, "cancelled", 2.0)
    with running(SENDER, redis_url):
        for _ in range(DEATHS):
            with running(RECEIVER, port, log, hold) as receiver:
                received_again()
                os.kill(receiver.pid, signal.SIGKILL)
    with running(RECEIVER, port, log, hold):
        for _ in range(DEATHS):
            with running(SENDER, redis_url) as sender:
                received_again()
                os.kill(sender.pid, signal.SIGKILL)
        hold.unlink()
        with running(SENDER, redis_url):
            until(lambda: deliveries.of_job(record.id)[0].state == "delivered")
    (delivery,) = deliveries.of_job(record.id)
    assert {id_ for id_, _ in received()} == {delivery.delivery.id}
    assert {body for _, body in received()} == {delivery.delivery.body.decode()}
    assert len(received()) >= 2 * DEATHS + 1
