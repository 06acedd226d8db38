"""One trace a job, whole and connected, though a synthesizer dies in the middle of it."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import httpx
import pytest

from cli.stack import Stack
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.keys import job_key
from tests.conftest import tiny_environment
from tests.faults.supervised import DEADLINE, Job, Supervised
from tests.otlp_collector import OtlpCollector, ReceivedSpan, otlp_collector

CLIENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
"""Trace and span of a client. Source: W3C Trace Context, Recommendation, section 3.2."""
SECRET = "walrus"
BOOK = "\n\n".join(
    f"# Chapter {chapter}\n\n"
    + " ".join(f"The {SECRET} of chapter {chapter} spoke {i} times, then left." for i in range(30))
    for chapter in range(3)
)
STEPS = ("queue", "collect", "batch", "store")


@dataclass
class TracedRun:
    """What a service exported of three sentences and a book, and what the jobs were."""

    collector: OtlpCollector
    book: Job
    sentences: list[Job]

    def spans(self, job: Job) -> list[ReceivedSpan]:
        """Returns those of a job's trace."""
        return [span for span in self.collector.spans if span.trace_id == job["trace_id"]]


@pytest.fixture(scope="module")
def run(
    tiny_voices: Path, tiny_artifacts: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TracedRun]:
    with otlp_collector() as collector:
        environment = tiny_environment(tiny_voices, tiny_artifacts) | {
            "RHAPSODE_TRACES": collector.url,
            "RHAPSODE_PARTS_AT_ONCE": "2",
            "RHAPSODE_SYMBOLS_AT_ONCE": "128",
        }
        stack = Stack(tmp_path_factory.mktemp("traced"), environment=environment)
        with stack, httpx.Client(base_url=stack.url, timeout=DEADLINE, trust_env=False) as http:
            service = Supervised(stack, http)
            sentences = [speak(service, text) for text in ("Number 1.", "Number 2.")]
            sentences.append(speak(service, "Number 3.", traceparent="nonsense"))
            book = submit_book(service, {"traceparent": f"00-{'-'.join(CLIENT)}-01"})
            kill_with_a_part(service, book)
            book = service.ended(book)
        # The stack has ended, and with it the last spans were exported.
        yield TracedRun(collector, book, sentences)


def speak(service: Supervised, text: str, **headers: str) -> Job:
    answer = service.http.post("/synthesize", json={"text": text}, headers=headers)
    assert answer.status_code == 202, answer.text
    return service.ended(answer.json())


def submit_book(service: Supervised, headers: dict[str, str]) -> Job:
    request = json.dumps({"format": "wav"})
    answer = service.http.post(
        "/audiobooks",
        files={"file": ("book.md", BOOK.encode())},
        data={"request": request},
        headers=headers,
    )
    assert answer.status_code == 202, answer.text
    job: Job = answer.json()
    return job


def test_the_trace_of_a_book_is_whole_though_a_synthesizer_died(run: TracedRun) -> None:
    assert (run.book["state"], run.book["trace_id"]) == ("succeeded", CLIENT[0])
    spans = run.spans(run.book)
    assert {span.service.removeprefix("rhapsode-") for span in spans} == {
        "api",
        "planner",
        "synthesizer",
    }
    require_connected(spans)
    names = Counter(span.name for span in spans)
    assert (names["POST /audiobooks"], names["plan"], names["assemble"]) == (1, 1, 1)
    require_parts(run.collector, spans, run.book["progress"]["parts_total"])


def test_every_try_of_a_part_is_shown_with_its_reason(run: TracedRun) -> None:
    spans = run.spans(run.book)
    lost = [span for span in spans if span.name == "part lost"]
    again = [s for s in spans if s.name == "part" and s.attributes["rhapsode.reason"] != "first"]
    assert lost
    assert {span.error for span in lost} == {"worker_died"}
    assert {span.attributes["rhapsode.reason"] for span in again} == {"worker_died"}
    assert {str(s.attributes["rhapsode.part"]) for s in again} >= {
        span.attributes["rhapsode.work"] for span in lost
    }


def kill_with_a_part(service: Supervised, job: Job) -> None:
    """Kills the synthesizer while it holds a part of the job."""
    child, redis = service.child("synthesizer").process, open_redis(service.stack.redis_url)
    assert child is not None

    def stopped_with_a_part() -> bool:
        os.kill(child.pid, signal.SIGSTOP)
        held = [work.decode() for work in cast("list[bytes]", redis.hkeys(leases))]
        if any(work.isdecimal() for work in held):
            return True
        os.kill(child.pid, signal.SIGCONT)
        return False

    leases = job_key(job["id"], "leases")
    service.until(stopped_with_a_part)
    service.kill("synthesizer")
    redis.close()


def require_connected(spans: list[ReceivedSpan]) -> None:
    """Every span stands under another one, but the request, which stands under the client's."""
    ids = {span.span_id for span in spans}
    assert len(ids) == len(spans)
    (root,) = [span for span in spans if span.parent_id not in ids]
    assert (root.name, root.parent_id) == ("POST /audiobooks", CLIENT[1])
    assert all(span.start <= span.end for span in spans)


def require_parts(collector: OtlpCollector, spans: list[ReceivedSpan], total: int) -> None:
    """Every part was synthesized in a try of which every step is known.

    Or it was stored by a synthesizer that died before it told so: whoever tries again finds it, and
    only waited.
    """
    whole = set()
    for span in spans:
        if span.name != "part" or span.error:
            continue
        steps = {child.name: child for child in collector.children(span)}
        whole.add(span.attributes["rhapsode.part"])
        if span.attributes.get("rhapsode.reused") and span.attributes["rhapsode.reason"] != "first":
            assert set(steps) == {"queue"}, span
            continue
        assert set(steps) == set(STEPS), span
        calls = {child.name for child in collector.children(steps["batch"])}
        assert calls == {"acoustic", "vocoder"}
    assert whole == set(range(total))


def test_a_job_has_a_trace_of_its_own_where_the_client_sends_none(run: TracedRun) -> None:
    traces = {job["trace_id"] for job in run.sentences}
    assert len(traces) == 3
    spans = [span for job in run.sentences for span in run.spans(job)]
    roots = [span for span in spans if not span.parent_id]
    assert {root.trace_id for root in roots} == traces
    assert [root.name for root in roots] == ["POST /synthesize"] * 3
    assert {span.error for span in spans} == {None}


def test_spans_hold_no_text(run: TracedRun) -> None:
    assert SECRET.encode() not in b"".join(run.collector.bodies)
