"""What clients send is read here: a process that answers ``api.reading`` within its limits.

``python -m api.reading_process`` loads text and books, but no queue, store or network.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec
import structlog

from api.book_request import BookRequest, source_of, view_of_book
from api.problems import Problem, problem_of
from api.validation import require_size, resolve_controls, resolve_request
from core.book import Book, Cover
from core.duration import DurationLimits
from core.errors import RhapsodeError
from core.lexicon import PronunciationLexicon
from core.limited_process import serve
from core.protocols import TextFrontend
from core.request import Controls, Source, SynthesisRequest
from core.voice import Catalogue
from telemetry.logs import configure_logs, log_fields
from text.analysis import AnalyzedText, analyze_book, analyze_text
from text.books.reader import is_epub, read_book
from text.frontend import open_frontend

Lexicons = tuple[PronunciationLexicon, ...]

log = structlog.get_logger(__name__)


class ReaderSetup(msgspec.Struct, frozen=True, tag=True):
    """The first request of a process: what the others need. Answered with nothing."""

    catalogue: Catalogue
    limits: DurationLimits


class CheckText(msgspec.Struct, frozen=True, tag=True):
    """Answered with the request's controls, as resolved (msgpack)."""

    request: SynthesisRequest


class AnalyzeText(msgspec.Struct, frozen=True, tag=True):
    """Answered with an AnalyzedText (JSON)."""

    request: SynthesisRequest
    lexicons: Lexicons


class ListChapters(msgspec.Struct, frozen=True, tag=True):
    """With the file; answered with a BookView (JSON)."""

    name: str
    request: BookRequest


class AnalyzeBook(msgspec.Struct, frozen=True, tag=True):
    """With the file; answered with an AnalyzedBook (JSON)."""

    name: str
    request: BookRequest
    lexicons: Lexicons
    most_characters: int | None
    """What the key allows."""


class AcceptBook(msgspec.Struct, frozen=True, tag=True):
    """With the file; answered with an AcceptedBook (msgpack)."""

    name: str
    request: BookRequest
    lexicons: Lexicons
    most_characters: int | None
    """What the key allows."""


ReadingTask = ReaderSetup | CheckText | AnalyzeText | ListChapters | AnalyzeBook | AcceptBook


class AcceptedBook(msgspec.Struct, frozen=True):
    """A book that can be spoken."""

    controls: Controls
    source: Source
    cover: Cover | None


class ReadingOutcome(msgspec.Struct, frozen=True):
    """The first block of an answer; where there is no problem, the second is the answer itself."""

    problem: Problem | None = None
    headers: dict[str, str] = {}


DONE = msgspec.msgpack.encode(ReadingOutcome())


class Reader:
    """Answers tasks; the first one is ``ReaderSetup``."""

    def __init__(self) -> None:
        self._setup = ReaderSetup(Catalogue({}, {}), DurationLimits())

    def answer(self, message: bytes, content: bytes) -> tuple[bytes, bytes]:
        """Returns the two blocks of the answer to a task and, of a book, its file."""
        try:
            task: ReadingTask = msgspec.msgpack.decode(message, type=ReadingTask)
            return DONE, self._read(task, content)
        except MemoryError:
            raise
        except Exception as error:
            if not isinstance(error, RhapsodeError):
                log.error("reading_failed", **log_fields(error))
            return msgspec.msgpack.encode(ReadingOutcome(*problem_of(error))), b""

    def _read(self, task: ReadingTask, content: bytes) -> bytes:
        match task:
            case ReaderSetup():
                self._setup = task
                return b""
            case CheckText(request):
                resolved = resolve_request(request, self._setup.catalogue, self._setup.limits)
                return msgspec.msgpack.encode(resolved.controls)
            case AnalyzeText(request, lexicons):
                resolved = resolve_request(request, self._setup.catalogue, self._setup.limits)
                return _json(analyzed(self._setup.catalogue, resolved, lexicons))
            case ListChapters(name, request):
                return _json(view_of_book(read_book(content, name, request.reading)))
            case AnalyzeBook(name, request):
                return self._analyze_book(read_book(content, name, request.reading), task)
            case AcceptBook(name, request):
                keep = request.with_preset().format == "epub" and is_epub(content, name)
                return self._accept(read_book(content, name, request.reading), task, keep=keep)

    def _analyze_book(self, book: Book, task: AnalyzeBook) -> bytes:
        characters = sum(len(chapter.text) for chapter in book.chapters)
        require_size(characters, task.most_characters, "file")
        frontend = frontend_of(self._setup.catalogue, task.request)
        return _json(analyze_book(frontend, book, task.lexicons, task.request.voices))

    def _accept(self, book: Book, task: AcceptBook, *, keep: bool) -> bytes:
        request, catalogue = task.request, self._setup.catalogue
        narrator = None
        if request.preset == "acx":
            selection = catalogue.resolve(request.voice, request.acoustic, request.vocoder)
            narrator = selection.voice.title
        source = source_of(book, request, narrator, keep=keep)
        source = msgspec.structs.replace(source, lexicons=(*task.lexicons, *source.lexicons))
        require_size(len(source.text), task.most_characters, "file")
        resolved = resolve_controls(request, source, catalogue, "file", self._setup.limits)
        return msgspec.msgpack.encode(AcceptedBook(resolved.controls, source, book.cover))


def analyzed(catalogue: Catalogue, request: SynthesisRequest, lexicons: Lexicons) -> AnalyzedText:
    """Returns what a resolved request would say."""
    frontend = frontend_of(catalogue, request)
    source = request.source
    return analyze_text(
        frontend, source.text, ssml=source.markup, lexicons=lexicons, voices=source.voices
    )


def frontend_of(catalogue: Catalogue, request: Controls) -> TextFrontend:
    """Returns the front end that the request's voice reads with."""
    selection = catalogue.resolve(request.voice, request.acoustic, request.vocoder)
    return _opened(selection.acoustic_component.symbols, selection.voice.language)


@lru_cache(maxsize=8)
def _opened(symbols: str, language: str) -> TextFrontend:
    return open_frontend(symbols, language)


def _json(answer: Any) -> bytes:
    return msgspec.json.encode(answer)


if __name__ == "__main__":
    configure_logs("reading")
    serve(Reader().answer)
