"""Streams of events over a real API: nothing lost, nothing twice, whoever goes away meanwhile."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from api.routes.events import EventView
from cli.client import ServiceClient
from cli.server_sent_events import read_events
from cli.stack import ROOT, Stack
from core.child_process import die_with_parent
from core.part import JobPlan, Part, PartAudio, PartResult
from core.record import JobRecord
from core.request import Controls, Source
from core.text import Span, Utterance
from jobs.ids import new_job_id
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.events import RedisEvents
from jobs.redis_backend.server import EmbeddedRedis, free_port
from jobs.redis_backend.store import redis_job_store
from tests.conftest import tiny_environment

DEADLINE = 120.0
"""Seconds; never reached when all is well."""
SOURCE = Source(text="Hello.")
UTTERANCE = Utterance(
    text="a", span=Span(0, 1), phonemes=("a",), phoneme_ids=(3,), pause_after_seconds=0.0
)
SOUND = PartAudio(samples=(22050,), durations=((86,),), batch_sizes=(1,), sample_rate=22050)


def until(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


class Api:
    """An API process on a Redis of its own, without workers: the test moves the jobs."""

    def __init__(self, folder: Path, voices: Path) -> None:
        self.redis = EmbeddedRedis(folder / "redis")
        self.redis.start()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {
            **tiny_environment(voices, folder),
            "REDIS_URL": self.redis.url,
            "RHAPSODE_DATA": str(folder),
            "RHAPSODE_PORT": str(self.port),
            "PYTHONPATH": str(ROOT),
        }
        self.store, self.events = (
            redis_job_store(open_redis(self.redis.url)),
            RedisEvents(open_redis(self.redis.url)),
        )
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "api.app"],
            env=self._environment,
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )
        until(self.answers, "the API did not start")

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", trust_env=False).is_success
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/task").iterdir()))

    def make(self, parts: int) -> str:
        now = time.time()
        request = Controls(voice="tiny", acoustic="a", vocoder="w", sample_rate=22050)
        record = JobRecord(
            id=new_job_id(now), state="queued", request=request, source=SOURCE.facts, created_at=now
        )
        self.store.records.create(record, SOURCE)
        plan = JobPlan(parts=parts, utterances=parts, lead_seconds=0.0, text_seconds=0.0)
        self.store.plans.put(
            record.id, plan, [Part(i, i, (UTTERANCE,), seconds=1.0) for i in range(parts)]
        )
        return record.id

    def speak(self, job: str, *indices: int) -> None:
        for index in indices:
            self.store.results.add(job, PartResult(index=index, audio=SOUND), "w", time.time())

    def end(self, job: str) -> None:
        self.store.records.finish(job, "succeeded", time.time())


@pytest.fixture
def api(tmp_path: Path, tiny_voices: Path) -> Iterator[Api]:
    api = Api(tmp_path, tiny_voices)
    yield api
    api.kill()
    api.redis.stop()


class Follower:
    """A client that reconnects with the last id until it is told that nothing more will come."""

    def __init__(self, api: Api, job: str) -> None:
        self.api, self.job = api, job
        self.seen: list[EventView] = []
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        with httpx.Client(base_url=self.api.url, timeout=DEADLINE, trust_env=False) as http:
            while True:
                last = self.seen[-1].id if self.seen else ""
                try:
                    if self._follow(http, last) == 204:
                        return
                except httpx.TransportError:
                    time.sleep(0.05)

    def _follow(self, http: httpx.Client, last: str) -> int:
        headers = {"Last-Event-ID": last}
        with http.stream("GET", f"/jobs/{self.job}/events", headers=headers) as answer:
            if answer.status_code == 200:
                assert answer.headers["content-type"].startswith("text/event-stream")
                for message in read_events(answer.iter_lines()):
                    event = msgspec.json.decode(message.data, type=EventView)
                    assert (message.id, message.event) == (event.id, event.event)
                    self.seen.append(event)
            return answer.status_code

    def saw(self, count: int) -> None:
        until(lambda: len(self.seen) >= count, f"{len(self.seen)} of {count} events")

    def require_all(self) -> None:
        self.thread.join(DEADLINE)
        assert not self.thread.is_alive()
        assert self.seen == [EventView.of(event) for event in self.api.events.after(self.job)]


def test_all_comes_in_order_then_the_stream_ends(api: Api) -> None:
    job = api.make(3)
    early = Follower(api, job)
    early.saw(2)
    api.store.leases.claim(job, "0", "w", time.time())
    api.speak(job, 2, 0, 1)
    api.end(job)
    early.require_all()
    names = [e.event for e in early.seen]
    assert names == ["created", "planned", "started", *["part_done"] * 3, "finished"]
    assert [e.part for e in early.seen[3:6]] == [2, 0, 1]
    assert early.seen[4].progress.share == pytest.approx(2 / 3)
    late = Follower(api, job)
    late.require_all()
    half = httpx.get(
        f"{api.url}/jobs/{job}/events", headers={"Last-Event-ID": late.seen[3].id}, trust_env=False
    )
    assert [e.id for e in read_events(half.text.splitlines())] == [e.id for e in late.seen[4:]]


def test_bad_requests_are_problems(api: Api) -> None:
    with httpx.Client(base_url=api.url, trust_env=False) as http:
        for path in (f"/jobs/{new_job_id(0)}/events", "/jobs/x/events"):
            answer = http.get(path)
            assert answer.status_code == 404
            assert answer.json()["code"] == "job_not_found"
        job = api.make(1)
        answer = http.get(f"/jobs/{job}/events", headers={"Last-Event-ID": "x"})
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_view_has_place_and_time(api: Api) -> None:
    first, second = api.make(2), api.make(4)
    with httpx.Client(base_url=api.url, trust_env=False) as http:
        listed = http.get("/jobs").json()["jobs"]
        assert [(job["id"], job["queue_position"]) for job in listed] == [(second, 1), (first, 0)]
        assert listed[0]["eta_seconds"] is None  # nothing was ever spoken
        api.store.leases.claim(first, "0", "w", 1000.0)
        api.store.results.add(first, PartResult(index=0, audio=SOUND), "w", 1002.0)
        job = http.get(f"/jobs/{first}").json()
        assert (job["queue_position"], job["progress"]["share"]) == (None, 0.5)
        assert job["eta_seconds"] == pytest.approx(2.0)  # a second of speech took two
        waiting = http.get(f"/jobs/{second}").json()
        assert waiting["eta_seconds"] == pytest.approx(10.0)
        schema = http.get("/schema/openapi.json").json()
        responses = schema["paths"]["/jobs/{job_id}/events"]["get"]["responses"]
        assert "text/event-stream" in responses["200"]["content"]
        assert "204" in responses


def test_an_api_that_dies_costs_no_event(api: Api) -> None:
    job = api.make(20)
    follower = Follower(api, job)
    api.speak(job, *range(5))
    follower.saw(7)
    api.kill()
    api.speak(job, *range(5, 10))
    api.start()
    api.speak(job, *range(10, 15))
    follower.saw(17)
    api.kill()
    api.start()
    api.speak(job, *range(15, 20))
    api.end(job)
    follower.require_all()


def test_a_redis_that_restarts_costs_no_event(api: Api) -> None:
    job = api.make(10)
    follower = Follower(api, job)
    api.speak(job, *range(5))
    follower.saw(7)
    api.redis.stop()  # the same connection of the client outlives it
    api.redis.start()
    api.speak(job, *range(5, 10))
    api.end(job)
    follower.require_all()


def test_many_clients_share_few_threads_and_a_slow_or_gone_one_costs_nothing(
    api: Api, request: pytest.FixtureRequest
) -> None:
    job, idle = api.make(300), api.make(1)
    before = api.threads
    held = [_raw(api, job) for _ in range(20)]  # they ask and never read
    gone = [_raw(api, idle) for _ in range(60)]
    for connection in held + gone:
        request.addfinalizer(connection.close)
    followers = [Follower(api, job) for _ in range(40)]
    for follower in followers:
        follower.saw(2)
    for connection in gone:
        connection.close()
    api.speak(job, *range(300))
    api.end(job)
    for follower in followers:
        follower.require_all()
    assert api.threads - before <= 60  # pools that are bounded, of anyio (40) and of asyncio
    assert api.answers()


def _raw(api: Api, job: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", api.port))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.sendall(f"GET /jobs/{job}/events HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return connection


def test_the_command_line_waits_by_events_and_outlives_a_restart(api: Api) -> None:
    job = api.make(3)
    looks: list[float] = []
    with ServiceClient(api.url) as client:
        first = client._json(client._call("GET", f"/jobs/{job}"))
        found: list[Any] = []
        waiting = threading.Thread(
            target=lambda: found.append(
                client.wait_until_ended(first, lambda seen: looks.append(seen["progress"]["share"]))
            )
        )
        waiting.start()
        api.speak(job, 0)
        until(lambda: looks and looks[-1] > 0, "the first part was not seen")
        api.kill()
        api.start()
        api.speak(job, 1, 2)
        api.end(job)
        waiting.join(DEADLINE)
    assert found[0]["state"] == "succeeded"
    assert looks == sorted(looks)
    assert looks[-1] == 1.0


def test_the_eta_of_a_long_job_falls(service: Stack) -> None:
    """Through the whole service: known from the first part on, and falling as parts are done."""
    text = " ".join(
        f"Fox number {i} jumps over dog {i * i}, who does not mind." for i in range(300)
    )
    with httpx.Client(base_url=service.url, timeout=DEADLINE, trust_env=False) as http:
        job = http.post("/synthesize", json={"text": text, "lane": "bulk", "seed": 7}).json()
        etas: list[float] = []
        with http.stream("GET", f"/jobs/{job['id']}/events") as answer:
            for message in read_events(answer.iter_lines()):
                seen = http.get(f"/jobs/{job['id']}").json()
                if message.event == "part_done" and seen["state"] == "running":
                    etas.append(seen["eta_seconds"])
    assert (seen["state"], seen["eta_seconds"]) == ("succeeded", None)
    assert seen["progress"]["share"] == 1.0
    assert len(etas) > 3
    assert min(etas) >= 0
    assert all(later <= 1.5 * sooner + 1 for sooner, later in pairwise(etas)), etas
    assert etas[-1] < etas[0]
