"""Files and long texts are read within limits, in processes that the API can do without."""

from __future__ import annotations

import asyncio
import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from api.book_request import BookRequest
from api.fair_semaphore import FairThreads
from api.problems import BodyError
from api.reading import Reading
from api.reading_process import AnalyzeBook
from api.settings import ApiSettings
from core.limited_process import LimitedProcess, ProcessEnded
from core.voice import read_catalogue
from tests.faults.supervised import children_that_run
from tests.faults.test_redis_away import backends
from tests.memory_store import MemoryQueue, memory_job_store

Http = TestClient[Litestar]
Open = Callable[..., Http]
SENTENCE = "A sentence goes on for a while, and then it ends. "
LONG = SENTENCE * 200
"""Above ``RHAPSODE_INLINE_CHARACTERS``, and read in no time."""
BOOK = (SENTENCE * 8 + "\n\n") * 2500
"""A million characters."""


@pytest.fixture
def open_api(tiny_voices: Path, tmp_path: Path, closed_port: int) -> Open:
    """Makes an API with some settings of its own; no Redis is there."""

    def make(**settings: Any) -> Http:
        state = backends(tiny_voices, tmp_path, closed_port, memory_job_store())
        chosen = dataclasses.replace(state.settings, **settings)
        state = dataclasses.replace(state, settings=chosen, queue=MemoryQueue())
        return TestClient(create_app(chosen, state), base_url="http://127.0.0.1")

    return make


def reading_processes() -> list[psutil.Process]:
    """Returns the processes of this test's API that read; a service beside it has its own."""
    return children_that_run("api.reading_process", recursive=False)


def upload(http: Http, path: str, text: str, name: str = "book.txt") -> Any:
    return http.post(path, files={"file": (name, text.encode())})


def test_short_texts_need_no_process_and_long_ones_are_checked_alike(open_api: Open) -> None:
    with open_api() as http:
        short = http.post("/synthesize", json={"text": SENTENCE})
        assert (short.status_code, reading_processes()) == (202, [])
        long = http.post("/synthesize", json={"text": LONG})
        assert (long.status_code, len(reading_processes())) == (202, 1)
        asked = {**short.json()["request"], "characters": len(LONG)}
        assert long.json()["request"] == asked
        for field, text in (("ssml", f"<speak>{LONG}</speek>"), ("text", "*" * 9000)):
            refused = http.post("/synthesize", json={field: text})
            assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
            assert refused.headers["content-type"] == "application/problem+json"


def test_a_process_is_kept_for_the_next_request_and_ends_with_the_api(open_api: Open) -> None:
    with open_api() as http:
        assert upload(http, "/audiobooks/chapters", SENTENCE).status_code == 200
        (process,) = reading_processes()
        assert upload(http, "/audiobooks/analyze", SENTENCE).json()["chapters"]
        assert reading_processes() == [process]
        process.kill()  # while it waits: it is replaced
        process.wait()
        assert upload(http, "/audiobooks/chapters", SENTENCE).status_code == 200
    assert reading_processes() == []


def test_what_takes_too_much_memory_is_refused_and_the_next_file_is_read(open_api: Open) -> None:
    with open_api(read_memory_bytes=16 * 2**20) as http:
        refused = upload(http, "/audiobooks/chapters", BOOK * 2)
        assert (refused.status_code, refused.json()["code"]) == (422, "reading_too_large")
        (problem,) = refused.json()["errors"]
        assert (problem["field"], "16 MiB" in problem["allowed"]) == ("file", True)
        assert upload(http, "/audiobooks/chapters", SENTENCE).status_code == 200


def test_a_chapter_beyond_all_numbers_is_refused(open_api: Open) -> None:
    with open_api() as http:
        for number in (2**31 - 1, 2**31, 10**30):
            form = {"request": f'{{"chapters": [{number}]}}'}
            file = {"file": ("book.txt", SENTENCE.encode())}
            refused = http.post("/audiobooks", files=file, data=form)
            assert (refused.status_code, refused.json()["code"]) == (422, "invalid_field")
            (problem,) = refused.json()["errors"]
            assert problem["field"].startswith("chapters")


def test_what_takes_too_long_is_refused(open_api: Open) -> None:
    with open_api(read_seconds=0.5) as http:
        refused = upload(http, "/audiobooks/analyze", BOOK)
        assert (refused.status_code, refused.json()["code"]) == (422, "reading_too_long")
        assert "0.5 seconds" in refused.json()["errors"][0]["allowed"]


def test_a_process_that_is_killed_at_work_costs_its_request_alone() -> None:
    others = reading_processes()
    process = LimitedProcess("api.reading_process", memory_bytes=2**29)
    (child,) = (one for one in reading_processes() if one not in others)
    child.suspend()  # so that it is at work until it is killed, however fast the machine
    with pytest.raises(ProcessEnded, match="ended with -9") as ended:
        process.ask(b"x" * 2**28, seconds=60, renew=child.kill)
    assert (ended.value.reason, process.runs) == ("died", False)


def test_a_process_at_work_ends_with_the_api(tiny_voices: Path) -> None:
    async def closed_at_work() -> None:
        reading = Reading(ApiSettings(), read_catalogue([tiny_voices]), FairThreads())

        def close_when_busy() -> None:
            if reading_processes():
                reading.close()
            else:
                asyncio.get_running_loop().call_later(0.01, close_when_busy)

        task = AnalyzeBook("book.txt", BookRequest(), (), None)
        with tempfile.TemporaryFile() as file:
            file.write(BOOK.encode())
            asyncio.get_running_loop().call_soon(close_when_busy)
            with pytest.raises(BodyError, match="ended with -9"):
                await reading.analyze_book(task, file, "a client")

    asyncio.run(closed_at_work())
    assert reading_processes() == []
