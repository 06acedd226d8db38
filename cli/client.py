"""A client of a running service; problem documents become the errors of ``core.errors``."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import msgspec

from api.book_request import BookRequest
from cli.server_sent_events import ServerSentEvent, read_events
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

POLL_SECONDS = 0.25
"""Time between two requests for a job's state [s]."""
OUTAGE_SECONDS = 60.0
"""How long a service may be away while a job is waited for; a restart takes less [s]."""
Document = Mapping[str, Any]
"""A JSON object of the API."""
JobDocument = Document
"""A job as the API returns it."""


class ServiceClient:
    """A client of one service; a context manager that closes its connections.

    Args:
        url: URL of the API.
        key: an API key; None takes RHAPSODE_KEY, which no list of processes shows.
    """

    def __init__(self, url: str, key: str | None = None) -> None:
        token = key or os.environ.get("RHAPSODE_KEY")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(base_url=url, timeout=90, trust_env=False, headers=headers)

    def __enter__(self) -> ServiceClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def submit(self, request: SynthesisRequest, *, wait_seconds: int = 0) -> JobDocument:
        """Creates a job and waits for its end for some time.

        Raises:
            InputError, Unavailable: the service refuses, or does not answer.
        """
        headers = {"Content-Type": "application/json"}
        if wait_seconds:
            headers["Prefer"] = f"wait={wait_seconds}"
        body = msgspec.json.encode(request)
        return self._json(self._call("POST", "/synthesize", content=body, headers=headers))

    def put_lexicon(self, file: Path) -> str:
        """Stores a lexicon's file under a name that tells its version; returns the name.

        Raises:
            InputError, Unavailable: the service refuses, or does not answer.
        """
        data = file.read_bytes()
        stem = re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-")[:40] or "lexicon"
        name = f"{stem}-{hashlib.sha256(data).hexdigest()[:12]}"
        kind = "application/pls+xml" if data.lstrip()[:1] == b"<" else "application/json"
        self._call("PUT", f"/lexicons/{name}", content=data, headers={"Content-Type": kind})
        return name

    def submit_book(self, file: Path, request: BookRequest, key: str) -> JobDocument:
        """Creates a job from a book's file; the same key again names the same job.

        Raises:
            InputError, Unavailable: the service refuses, or does not answer.
        """
        form = {"request": msgspec.json.encode(request).decode()}
        headers = {"Idempotency-Key": key}
        return self._json(
            self._call("POST", "/audiobooks", files=_upload(file), data=form, headers=headers)
        )

    def chapters(self, file: Path) -> Document:
        """Returns title, authors and chapters of a book's file.

        Raises:
            InputError, Unavailable: the service refuses, or does not answer.
        """
        return self._json(self._call("POST", "/audiobooks/chapters", files=_upload(file)))

    def retry(self, job: JobDocument) -> JobDocument:
        """Starts the failed parts of a job again.

        Raises:
            NotFound: the job is gone.
            InputError: nothing of it failed.
            Unavailable: the service does not answer.
        """
        return self._json(self._call("POST", f"/jobs/{job['id']}/retry"))

    def wait_until_ended(
        self, job: JobDocument, on_update: Callable[[JobDocument], None]
    ) -> JobDocument:
        """Returns the job once it has ended.

        The job's event stream reports its transitions; while there is no stream, the job is polled.
        A service that is away for less than ``OUTAGE_SECONDS`` is waited for.

        Args:
            job: the job.
            on_update: called with the job at the start and after every transition.

        Raises:
            NotFound, Unavailable: the job is gone, or the service does not answer.
        """
        polled = time.monotonic()
        on_update(job)
        with closing(self._events(job["id"])) as events:
            while job["state"] not in TERMINAL:
                event = next(events)
                if event is not None and event.event != "finished":
                    seen = _progress_of(event)
                    # A poll may know more than the events that were still under way.
                    if seen["progress"]["share"] >= job["progress"]["share"]:
                        job = {**job, **seen}
                if event is None or event.event == "finished" or time.monotonic() > polled + 1:
                    job, polled = self._get_patiently(job["id"]), time.monotonic()
                on_update(job)
        return job

    def _events(self, job_id: str) -> Generator[ServerSentEvent | None, None, None]:
        """Yields events as they come, and None after each pause without a stream: poll then."""
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
                pass  # the poll that follows shows whether the service is away
            time.sleep(POLL_SECONDS)
            yield None

    def _get_patiently(self, job_id: str) -> JobDocument:
        deadline = time.monotonic() + OUTAGE_SECONDS
        while True:
            try:
                return self._json(self._call("GET", f"/jobs/{job_id}"))
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
            time.sleep(POLL_SECONDS)

    def timings(self, job: JobDocument, form: str) -> bytes:
        """Returns the times of a job's speech as srt, vtt or chapters.

        Raises:
            NotFound, Unavailable: there are none, or the service does not answer.
        """
        return self._call("GET", f"/jobs/{job['id']}/timings", params={"format": form}).content

    def download(self, job: JobDocument, path: Path) -> None:
        """Writes the job's audio to a file, which is there whole or not at all.

        Raises:
            NotFound, Unavailable: there is no audio, or the service or the disk refuses.
        """
        partial = path.with_name(f".{path.name}.part")
        try:
            # A link to object storage is another origin: httpx leaves the key behind.
            with self._http.stream("GET", job["audio"], follow_redirects=True) as answer:
                if answer.status_code != 200:
                    answer.read()
                    raise error_from(answer)
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
            refusal = error_from(answer)
            if not isinstance(refusal, LimitReached) or refusal.code != "rate_limited":
                raise refusal
            time.sleep(refusal.wait_seconds)

    def _json(self, answer: httpx.Response) -> Document:
        document: Document = answer.json()
        return document


def _upload(file: Path) -> dict[str, tuple[str, bytes]]:
    try:
        return {"file": (file.name, file.read_bytes())}
    except OSError as error:
        raise FieldError("FILE", f"cannot read {file}: {error.strerror}") from error


def _progress_of(event: ServerSentEvent) -> Document:
    """Returns the fields of a job that its event carries."""
    data: Document = msgspec.json.decode(event.data)
    return {name: data[name] for name in ("state", "progress")}


def error_from(answer: httpx.Response) -> RhapsodeError:
    """Returns the error that a problem document (RFC 9457) describes."""
    try:
        problem: dict[str, Any] = answer.json()
    except ValueError:
        problem = {}
    code = str(problem.get("code", "http"))
    detail = str(problem.get("detail", f"HTTP status {answer.status_code}"))
    if answer.status_code >= 500:
        return Unavailable(detail, code=code)
    if answer.status_code == 404:
        return NotFound(detail, code=code)
    if answer.status_code == 401:
        return Unauthenticated(f"{detail} (RHAPSODE_KEY)", code=code)
    if answer.status_code == 429:
        return LimitReached(detail, float(answer.headers.get("retry-after", 1)), code=code)
    if errors := problem.get("errors"):
        first = errors[0]
        return FieldError(first["field"], first["message"], allowed=first.get("allowed"), code=code)
    return InputError(detail, code=code)
