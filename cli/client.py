"""A client of a running service; its problems become the errors of ``core.errors``."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import msgspec

from api.books import BookRequest
from cli.events import Event, read_events
from core.errors import (
    FieldError,
    InputError,
    LimitReached,
    NotFound,
    RhapsodeError,
    Unauthenticated,
    Unavailable,
)
from core.record import TERMINAL
from core.request import SynthesisRequest

LOOK_SECONDS = 0.25
"""Between two looks at a job [s]."""
PATIENCE_SECONDS = 60.0
"""A restarted API or Redis is back by then [s]."""
Job = Mapping[str, Any]
"""A job as the API tells it."""


class Client:
    """A context manager.

    Args:
        url: of the API.
        key: an API key; None = RHAPSODE_KEY, which no list of processes shows.
    """

    def __init__(self, url: str, key: str | None = None) -> None:
        token = key or os.environ.get("RHAPSODE_KEY")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(base_url=url, timeout=90, trust_env=False, headers=headers)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def submit(self, request: SynthesisRequest, *, wait_seconds: int = 0) -> Job:
        """Creates a job; waits for its end for some time.

        Raises:
            InputError, Unavailable: the service refuses, or does not answer.
        """
        headers = {"Content-Type": "application/json"}
        if wait_seconds:
            headers["Prefer"] = f"wait={wait_seconds}"
        body = msgspec.json.encode(request)
        return self._json(self._call("POST", "/synthesize", content=body, headers=headers))

    def submit_book(self, file: Path, request: BookRequest, key: str) -> Job:
        """Creates a job of a book's file; the same key again names the same job.

        Raises:
            InputError, Unavailable: the service refuses, or does not answer.
        """
        form = {"request": msgspec.json.encode(request).decode()}
        headers = {"Idempotency-Key": key}
        return self._json(
            self._call("POST", "/audiobooks", files=_upload(file), data=form, headers=headers)
        )

    def chapters(self, file: Path) -> Job:
        """What a book's file holds.

        Raises:
            InputError, Unavailable: the service refuses, or does not answer.
        """
        return self._json(self._call("POST", "/audiobooks/chapters", files=_upload(file)))

    def retry(self, job: Job) -> Job:
        """Runs again what failed.

        Raises:
            NotFound, InputError, Unavailable: it is gone, there is nothing to run, no answer.
        """
        return self._json(self._call("POST", f"/jobs/{job['id']}/retry"))

    def until_ended(self, job: Job, told: Callable[[Job], None]) -> Job:
        """The job once it has ended; ``told`` sees every move of it.

        Events tell of moves; where there is no stream of them, the job is looked at now and then. A
        service that is away for less than ``PATIENCE_SECONDS`` is waited for.

        Raises:
            NotFound, Unavailable: the job is gone, or the service does not answer.
        """
        looked = time.monotonic()
        told(job)
        with closing(self._moves(job["id"])) as moves:
            while job["state"] not in TERMINAL:
                event = next(moves)
                if event is not None and event.event != "finished":
                    job = {**job, **_after(event)}
                if event is None or event.event == "finished" or time.monotonic() > looked + 1:
                    job, looked = self._patiently(job["id"]), time.monotonic()
                told(job)
        return job

    def _moves(self, job_id: str) -> Generator[Event | None, None, None]:
        """Events as they come; None whenever time has passed without a stream."""
        last = ""
        while True:
            headers = {"Last-Event-ID": last}
            try:
                with self._http.stream("GET", f"/jobs/{job_id}/events", headers=headers) as answer:
                    lines = answer.iter_lines() if answer.status_code == 200 else ()
                    for event in read_events(lines):
                        last = event.id
                        yield event
            except httpx.TransportError:
                pass  # the look that follows tells whether the service is away
            time.sleep(LOOK_SECONDS)
            yield None

    def _patiently(self, job_id: str) -> Job:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self._json(self._call("GET", f"/jobs/{job_id}"))
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
            time.sleep(LOOK_SECONDS)

    def download(self, job: Job, path: Path) -> None:
        """The job's audio to a file; the file is there whole or not at all.

        Raises:
            NotFound, Unavailable: there is no audio, or the service or the disk refuses.
        """
        partial = path.with_name(f".{path.name}.part")
        try:
            # A link to object storage is another origin: httpx leaves the key behind.
            with self._http.stream("GET", job["audio"], follow_redirects=True) as answer:
                if answer.status_code != 200:
                    answer.read()
                    raise problem(answer)
                with partial.open("wb") as file:
                    for block in answer.iter_bytes():
                        file.write(block)
            partial.replace(path)
        except httpx.TransportError as error:
            raise Unavailable(f"the service does not answer: {error}") from error
        except OSError as error:
            raise Unavailable(f"cannot write {path}: {error}", code="disk") from error
        finally:
            partial.unlink(missing_ok=True)

    def _call(self, method: str, path: str, **options: Any) -> httpx.Response:
        while True:
            try:
                answer = self._http.request(method, path, **options)
            except httpx.TransportError as error:
                raise Unavailable(
                    f"no service at {self._http.base_url}: {error}; start one with `rhapsode up`"
                ) from error
            if answer.status_code < 400:
                return answer
            told = problem(answer)
            if not isinstance(told, LimitReached) or told.code != "rate_limited":
                raise told
            time.sleep(told.wait_seconds)

    def _json(self, answer: httpx.Response) -> Job:
        found: Job = answer.json()
        return found


def _upload(file: Path) -> dict[str, tuple[str, bytes]]:
    try:
        return {"file": (file.name, file.read_bytes())}
    except OSError as error:
        raise FieldError("FILE", f"cannot read {file}: {error.strerror}") from error


def _after(event: Event) -> Job:
    """What an event tells of its job."""
    told: Job = msgspec.json.decode(event.data)
    return {name: told[name] for name in ("state", "progress")}


def problem(answer: httpx.Response) -> RhapsodeError:
    """The error a problem document tells."""
    try:
        told: dict[str, Any] = answer.json()
    except ValueError:
        told = {}
    code = str(told.get("code", "http"))
    detail = str(told.get("detail", f"HTTP status {answer.status_code}"))
    if answer.status_code >= 500:
        return Unavailable(detail, code=code)
    if answer.status_code == 404:
        return NotFound(detail, code=code)
    if answer.status_code == 401:
        return Unauthenticated(f"{detail} (RHAPSODE_KEY)", code=code)
    if answer.status_code == 429:
        return LimitReached(detail, float(answer.headers.get("retry-after", 1)), code=code)
    if errors := told.get("errors"):
        first = errors[0]
        return FieldError(first["field"], first["message"], allowed=first.get("allowed"), code=code)
    return InputError(detail, code=code)
