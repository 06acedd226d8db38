"""What ``rhapsode book`` shows of a file before anything is spoken; no service is needed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
import rich_click as click
from rich.console import Console
from rich.table import Table

from api.book_request import BookRequest, BookView, source_of, view_of_book
from core.book import Book
from core.text import Notice
from text.books.reader import read_book


def print_contents(file: Path, request: BookRequest, *, as_json: bool, warnings: bool) -> None:
    """Prints chapters, words, hours and what is left out.

    Args:
        file: of the book.
        request: says what is read, and which chapters.
        as_json: whether the list is printed as JSON.
        warnings: whether the chapters are analysed for what the report of a job would warn of.

    Raises:
        FieldError: the file cannot be read, or has no such chapter.
    """
    book = read_book(file.read_bytes(), file.name, request.reading)
    view = view_of_book(book)
    if warnings:
        view = msgspec.structs.replace(view, notices=tuple(_warnings(book, request)))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(view)).decode())
        return
    _print_table(view, set(request.chapters or range(1, len(view.chapters) + 1)))
    for name in view.unreadable:
        click.echo(f"unreadable: {name}", err=True)
    for notice in view.notices:
        click.echo(f"note: {notice.message} [{notice.code}]", err=True)


def _warnings(book: Book, request: BookRequest) -> Iterable[Notice]:
    """What the reader left out, and what the front end warns of."""
    from synthesis.chapter_frontend import analyze_source
    from text.frontend import open_frontend

    source = source_of(book, request)
    return analyze_source(source, open_frontend("house-ipa"), request.pauses).notices


def _print_table(view: BookView, chosen: set[int]) -> None:
    table = Table(title=f"{view.title} — {', '.join(view.authors)}".strip(" —"))
    table.add_column("number", justify="right")
    table.add_column("title")
    table.add_column("words", justify="right")
    table.add_column("time", justify="right")
    chapters = [chapter for chapter in view.chapters if chapter.number in chosen]
    for chapter in chapters:
        length = _clock(chapter.seconds)
        table.add_row(str(chapter.number), chapter.title, str(chapter.words), length)
    table.add_section()
    words, seconds = sum(c.words for c in chapters), sum(c.seconds for c in chapters)
    table.add_row("", f"{len(chapters)} chapters", str(words), _clock(seconds))
    Console().print(table)


def _clock(seconds: float) -> str:
    """Hours and minutes.

    >>> _clock(5460)
    '1:31'
    """
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours}:{minutes:02d}"
