"""The page of a book: a file is opened, chapters are chosen, the making begins."""

from __future__ import annotations

from typing import Any, Final, get_args

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import MultipartBody
from litestar.response import Template

from api.admission import ApiClient
from api.backends import Backends
from api.book_request import BOOK_LOUDNESS, BookView
from api.read_route import READ
from api.reading import Reading
from api.reading_process import ListChapters
from api.routes.audiobooks import MAX_BOOK_BYTES, UNDECODABLE, BookForm, book_request_of
from api.routes.voices import list_voices
from api.studio.rendering import page
from api.studio.speak import chosen_networks
from core.book import Optional, ReadingOptions

MAKES: Final = {
    "m4b": "m4b: one file with chapters and cover",
    "mp3": "mp3: one file with chapters and cover",
    "opus": "opus: one small file with chapters",
    "flac": "flac: one file, nothing lost",
    "epub": "EPUB: the book itself, its text lit as it is read aloud",
    "zip": "zip: an mp3 for each chapter",
    "acx": "ACX: a zip as Audible's marketplace takes it",
}
"""What can be made of a book: value of the form → what it is called."""


@READ("/studio/book", sync_to_thread=False)
def book_page(request: Request[Any, Any, Any], backends: NamedDependency[Backends]) -> Template:
    """Returns the page that opens a book."""
    return page(
        request,
        backends,
        "book.html",
        active="book",
        voices=list_voices(backends.catalogue).voices,
        makes=MAKES,
        optional=get_args(Optional),
        included=ReadingOptions().include,
        loudness=BOOK_LOUDNESS,
        **chosen_networks(backends.catalogue, None, None, None),
    )


@post(
    "/studio/book/chapters",
    status_code=200,
    request_max_body_size=MAX_BOOK_BYTES,
    exception_handlers=UNDECODABLE,
)
async def book_chapters(
    request: Request[Any, Any, Any],
    data: MultipartBody[BookForm],
    backends: NamedDependency[Backends],
    client: NamedDependency[ApiClient],
    reading: NamedDependency[Reading],
) -> Template:
    """Returns the chapters of a book as a part of the page, and what is left out."""
    task = ListChapters(data.file.filename, book_request_of(data))
    answer = await reading.list_chapters(task, data.file.file, client.quota_key)
    book = msgspec.json.decode(answer, type=BookView)
    seconds = sum(chapter.seconds for chapter in book.chapters)
    return page(request, backends, "book_chapters.html", book=book, seconds=seconds)


ROUTES: list[Any] = [book_page, book_chapters]
