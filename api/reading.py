"""Reads what clients send in processes of their own, within limits of time and memory.

No single file or text can then hold the API's lock for seconds, or take its memory. Only short
texts are checked in the API itself, because that takes a millisecond per thousand characters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import IO, Final

import msgspec
from anyio import to_thread

from api.fair_semaphore import FairSemaphore, FairThreads
from api.problems import BodyError, FieldProblem, ProblemError
from api.reading_process import (
    AcceptBook,
    AcceptedBook,
    AnalyzeBook,
    AnalyzeText,
    CheckText,
    ListChapters,
    ReaderSetup,
    ReadingOutcome,
    ReadingTask,
    analyzed,
)
from api.settings import ApiSettings
from api.validation import field_of, resolve_request
from core.errors import Unavailable
from core.lexicon import PronunciationLexicon
from core.limited_process import EndReason, LimitedProcess, ProcessEnded
from core.request import Controls, SynthesisRequest
from core.voice import Catalogue

MODULE: Final = "api.reading_process"
SETUP_SECONDS: Final = 60.0
"""Of the start of a process: it imports for about a second [s]."""
CODES: Final[dict[EndReason, str]] = {
    "time": "reading_too_long",
    "memory": "reading_too_large",
    "died": "reading_failed",
}
MOST_WAITING: Final = 32
"""Texts and files of one client that wait for a process; further ones are answered 429."""


class Reading:
    """The processes that read: started when they are needed, and kept for the next request.

    Clients take turns, and none has all processes where there are several (``FairSemaphore``). The
    ``quota_key`` of a call is on whose account it reads.

    Args:
        settings: of the API.
        catalogue: voices and components.
        threads: for short texts.
    """

    def __init__(self, settings: ApiSettings, catalogue: Catalogue, threads: FairThreads) -> None:
        self._settings, self._catalogue = settings, catalogue
        self._idle: list[LimitedProcess] = []
        self._busy: set[LimitedProcess] = set()
        self._closed = False
        self._threads = threads
        self._turns = FairSemaphore(settings.readers, MOST_WAITING, "too_many_readings")

    def close(self) -> None:
        """Ends all processes; what they read is not answered any more."""
        self._closed = True
        for process in tuple(self._busy):
            process.kill()
        while self._idle:
            self._idle.pop().end()

    async def check_text(self, request: SynthesisRequest, quota_key: str) -> Controls:
        """Returns the controls of a request with every open field filled in.

        Raises:
            InputError: what the client must mend, see ``api.validation.resolve_request``.
            ProblemError: the same, as another process found it.
            LimitReached: too many requests of this client wait (code ``too_many_readings``).
            Unavailable: all processes are busy (code ``readers_busy``).
        """
        if self._is_short(request):
            limits = self._settings.duration_limits
            resolve = partial(resolve_request, request, self._catalogue, limits)
            resolved = await self._threads.run(quota_key, resolve)
            return resolved.controls
        answer = await self._ask(CheckText(request), field_of(request), quota_key)
        return msgspec.msgpack.decode(answer, type=Controls)

    async def analyze_text(
        self, request: SynthesisRequest, lexicons: Sequence[PronunciationLexicon], quota_key: str
    ) -> bytes:
        """Returns an ``AnalyzedText`` as JSON. Raises as ``check_text`` does."""
        if self._is_short(request):
            analyze = partial(self._analyze_here, request, tuple(lexicons))
            return await self._threads.run(quota_key, analyze)
        return await self._ask(AnalyzeText(request, tuple(lexicons)), field_of(request), quota_key)

    async def list_chapters(self, task: ListChapters, file: IO[bytes], quota_key: str) -> bytes:
        """Returns a ``BookView`` as JSON. Raises as ``check_text`` does."""
        return await self._ask(task, "file", quota_key, file)

    async def analyze_book(self, task: AnalyzeBook, file: IO[bytes], quota_key: str) -> bytes:
        """Returns an ``AnalyzedBook`` as JSON. Raises as ``check_text`` does."""
        return await self._ask(task, "file", quota_key, file)

    async def accept_book(self, task: AcceptBook, file: IO[bytes], quota_key: str) -> AcceptedBook:
        """Returns what a job of a book needs. Raises as ``check_text`` does."""
        answer = await self._ask(task, "file", quota_key, file)
        return await to_thread.run_sync(partial(msgspec.msgpack.decode, answer, type=AcceptedBook))

    def _is_short(self, request: SynthesisRequest) -> bool:
        given = (request.text, request.ssml, request.source.text)
        longest = max(len(text or "") for text in given)  # both may be there: it is refused later
        return longest <= self._settings.inline_characters

    def _analyze_here(
        self, request: SynthesisRequest, lexicons: tuple[PronunciationLexicon, ...]
    ) -> bytes:
        limits = self._settings.duration_limits
        resolved = resolve_request(request, self._catalogue, limits)
        return msgspec.json.encode(analyzed(self._catalogue, resolved, lexicons))

    async def _ask(
        self, task: ReadingTask, field: str, quota_key: str, file: IO[bytes] | None = None
    ) -> bytes:
        """Returns the second block of a process' answer."""
        try:
            async with self._turns.permit(quota_key, self._settings.read_seconds):
                return await to_thread.run_sync(self._exchange, task, field, file)
        except TimeoutError as error:
            message = "other texts and files are being read; try again later"
            raise Unavailable(message, code="readers_busy") from error

    def _exchange(self, task: ReadingTask, field: str, file: IO[bytes] | None) -> bytes:
        message, descriptor = msgspec.msgpack.encode(task), None
        if file is not None:
            descriptor = file.fileno()
            file.flush()
        try:
            with self._process() as process:
                seconds = self._settings.read_seconds
                first, second = process.ask(message, descriptor, seconds=seconds)
        except ProcessEnded as error:
            raise self._refusal(error, field) from error
        outcome = msgspec.msgpack.decode(first, type=ReadingOutcome)
        if outcome.problem is not None:
            raise ProblemError(outcome.problem, outcome.headers)
        return second

    @contextmanager
    def _process(self) -> Iterator[LimitedProcess]:
        """Yields a process that nobody else asks; raises ProcessEnded where none starts."""
        process, is_new = self._idle_or_new()
        self._busy.add(process)
        if self._closed:  # while it started
            process.kill()
        try:
            if is_new:
                setup = ReaderSetup(self._catalogue, self._settings.duration_limits)
                process.ask(msgspec.msgpack.encode(setup), seconds=SETUP_SECONDS)
            yield process
        finally:
            self._busy.remove(process)
        if self._closed:
            process.end()
        elif process.runs:
            self._idle.append(process)

    def _idle_or_new(self) -> tuple[LimitedProcess, bool]:
        while self._idle:
            process = self._idle.pop()
            if process.runs:
                return process, False
            process.end()
        memory = self._settings.read_memory_bytes
        return LimitedProcess(MODULE, memory_bytes=memory), True

    def _refusal(self, error: ProcessEnded, field: str) -> BodyError:
        message = f"{field}: it cannot be read: {error.message}"
        seconds, memory = self._settings.read_seconds, self._settings.read_memory_bytes // 2**20
        allowed = f"what is read within {seconds:g} seconds and {memory} MiB"
        errors = (FieldProblem(field, message, allowed),)
        return BodyError(message, code=CODES[error.reason], errors=errors)
