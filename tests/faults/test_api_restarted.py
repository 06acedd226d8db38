"""The API dies or is replaced while a job runs: the job does not notice, a client polls on."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

import httpx
import pytest

from tests.faults.conftest import Start
from tests.faults.supervised import DEADLINE, require_whole

TEXT = " ".join(f"Sentence {i} goes on for a while, then ends." for i in range(400))
SHORTER = " ".join(f"Sentence {i} goes on for a while, then ends." for i in range(90))
"""Ends within the seconds that the API's running requests get."""
ENVIRONMENT = {"RHAPSODE_PARTS_AT_ONCE": "2", "RHAPSODE_SYMBOLS_AT_ONCE": "128"}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_job_outlives_the_api(
    number: signal.Signals, start: Start, undisturbed: Callable[[str], bytes]
) -> None:
    expected = undisturbed(TEXT)
    service = start(ENVIRONMENT)
    job = service.submit(text=TEXT, lane="bulk")
    service.until(lambda: service.parts_done(job) > 0)
    service.kill("api", number)
    assert service.look(job) is None
    service.until(lambda: service.look(job) is not None)  # at the same address
    assert not service.over(job), "the job was too short"
    done = service.ended(job)
    require_whole(done, service.audio(job), expected)


def test_a_request_that_waits_is_answered_before_the_api_ends(start: Start) -> None:
    service = start(ENVIRONMENT | {"RHAPSODE_PARTS_AT_ONCE": "1"})
    answers: list[httpx.Response] = []

    def wait() -> None:
        headers = {"Prefer": "wait=60"}
        url = f"{service.stack.url}/synthesize"
        body = {"text": SHORTER, "lane": "bulk"}
        answers.append(
            httpx.post(url, json=body, headers=headers, timeout=DEADLINE, trust_env=False)
        )

    waiting = threading.Thread(target=wait)
    waiting.start()
    service.until(lambda: bool(service.http.get("/jobs").json()["jobs"]))
    service.kill("api", signal.SIGTERM)
    waiting.join()
    (answer,) = answers
    assert (answer.status_code, answer.json()["state"]) == (200, "succeeded")
