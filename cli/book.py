"""``rhapsode book``: turns a book's file into an audiobook, through the whole service."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import msgspec
import rich_click as click

from api.book_request import BookRequest
from cli.book_contents import print_contents
from cli.request import (
    check_writable,
    convert_request,
    data_option,
    format_of,
    included,
    installed_catalogue,
    require_voices,
    speech_options,
)
from core.errors import FieldError
from core.formats import MEDIA_TYPES, check_bit_rate, check_format, resolve_sample_rate
from core.request import Highlight, Preset

if TYPE_CHECKING:
    from cli.client import ServiceClient

BESIDE = {
    "srt": "{}.srt",
    "vtt": "{}.vtt",
    "chapters": "{}.chapters.json",
    "audiobookshelf": "metadata.json",
}
"""Names of what ``--also`` writes, after the audiobook's."""
USUAL_RATE = 22050
"""Of voices [Hz], where no service says which."""
_RANGE = re.compile(r"^(\d+)(?:-(\d+))?$")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The audiobook; .zip takes a file per chapter (--format says of which kind), .epub is the "
    "book itself with its audio.",
)
@click.option("--list", "only_list", is_flag=True, help="List the chapters and speak nothing.")
@click.option(
    "--dry-run", is_flag=True, help="List the chapters and all warnings, and speak nothing."
)
@click.option(
    "--include",
    help="What is read of notes,asides,code,tables,captions; by default asides,tables,captions.",
)
@click.option(
    "--say-titles", is_flag=True, help="Speak chapter titles that only the contents have."
)
@click.option("--chapters", help="Which ones, as --list numbers them: 1-3,7.")
@click.option(
    "--preset",
    type=click.Choice(get_args(Preset)),
    help="acx: a zip of mp3 files as Audible's marketplace takes them, with credits.",
)
@click.option(
    "--also",
    multiple=True,
    type=click.Choice(sorted(BESIDE)),
    help="Beside the audiobook: subtitles, podcast chapters, metadata.json; repeatable.",
)
@click.option("--title", help="For the tags; by default the book's own.")
@click.option("--author", help="For the tags; by default the book's own.")
@click.option("--chapter-pause", type=float, help="Between chapters, in seconds.")
@click.option("--scene-pause", type=float, help="At scene breaks (* * *), in seconds.")
@click.option("--paragraph-pause", type=float, help="Between paragraphs, in seconds.")
@click.option("--sentence-pause", type=float, help="Between sentences, in seconds.")
@click.option(
    "--url",
    envvar="RHAPSODE_URL",
    help="URL of a running service (or RHAPSODE_URL); by default one is started for the book.",
)
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print the job, or the list, as JSON.")
@click.option(
    "--highlight",
    type=click.Choice(get_args(Highlight)),
    help="What an EPUB shows as it sounds; by default sentences.",
)
@partial(speech_options, formats=tuple(MEDIA_TYPES))
def book(
    file: Path,
    out: Path | None,
    only_list: bool,
    dry_run: bool,
    include: str | None,
    chapters: str | None,
    url: str | None,
    data: Path,
    as_json: bool,
    format_: str | None,
    also: tuple[str, ...],
    lexicon_files: tuple[Path, ...],
    **options: Any,
) -> int:
    """Speak FILE (EPUB, DOCX, HTML, FB2, Markdown, text, SSML) as an audiobook.

    Stopped or killed, the same command goes on where it was: what is spoken is kept for a day.

    \b
    rhapsode book novel.epub --list
    rhapsode book novel.epub -o novel.m4b
    rhapsode book novel.epub -o novel.zip --format mp3 --chapters 1-3
    rhapsode book novel.epub -o read-aloud.epub
    rhapsode book novel.epub -o novel.zip --preset acx
    """
    if out is None and not (only_list or dry_run):
        raise FieldError("--out", "needed, unless --list or --dry-run is given")
    request = _request(out, format_, chapters, include, options)
    if out is not None:
        check_output(file, out, also, request)
    if only_list or dry_run or out is None:
        print_contents(file, request, as_json=as_json, warnings=dry_run)
        return 0
    if url is None:
        require_voices(installed_catalogue(data), request)
    return _speak(file, request, out, also, lexicon_files, url, data, as_json)


def _speak(
    file: Path,
    request: BookRequest,
    out: Path,
    also: Sequence[str],
    lexicon_files: Sequence[Path],
    url: str | None,
    data: Path,
    as_json: bool,
) -> int:
    from cli.submit import FAILED, print_result
    from cli.up import interrupted_once
    from cli.watch import wait_with_progress

    with interrupted_once(), _open_client(url, data) as client:
        names = tuple(map(client.put_lexicon, lexicon_files))
        request = msgspec.structs.replace(request, lexicons=names)
        job = client.submit_book(file, request, _idempotency_key(file, request))
        if job["state"] in ("partial", "failed"):
            job = client.retry(job)
        job = wait_with_progress(client, job)
        if job["audio"]:
            client.download(job, out)
            for form in also:
                _beside(out, form).write_bytes(client.timings(job, form))
    print_result(job, out, as_json)
    return 0 if job["state"] == "succeeded" else FAILED


def check_output(file: Path, out: Path, also: Sequence[str], request: BookRequest) -> None:
    """Checks all that can be checked of an output before a service is there.

    Raises:
        FieldError: the file would be lost, cannot be written, or cannot have such audio.
    """
    if out.exists() and out.samefile(file):
        raise FieldError("--out", f"{out} is the book itself, which would be lost")
    for written in (out, *(_beside(out, form) for form in also)):
        check_writable(written)
    request = request.with_preset()
    if request.sample_rate is not None:
        check_format(request.format, request.sample_rate)
    rate = request.sample_rate or resolve_sample_rate(request.format, None, USUAL_RATE)
    check_bit_rate(request.format, rate, request.bit_rate, request.channels)


def _beside(out: Path, form: str) -> Path:
    return out.with_name(BESIDE[form].format(out.stem))


def _request(
    out: Path | None,
    format_: str | None,
    chapters: str | None,
    include: str | None,
    options: dict[str, Any],
) -> BookRequest:
    names = ("sentence", "paragraph", "scene", "chapter")
    pauses = {name: options.pop(f"{name}_pause") for name in names}
    fields: dict[str, Any] = {
        **options,
        "pauses": {name: seconds for name, seconds in pauses.items() if seconds is not None},
        "chapters": parse_ranges(chapters) if chapters else None,
        "include": included(include),
    }
    if options.get("preset") and out is not None and out.suffix.lower() != ".zip":
        raise FieldError("--preset", "makes a file per chapter", allowed="-o NAME.zip")
    if out is not None and out.suffix.lower() == ".zip":
        fields |= {"package": "chapters", "format": format_ or "mp3"}
    elif out is not None:
        fields["format"] = format_of(out, format_)
    return convert_request(BookRequest, fields)


def parse_ranges(text: str) -> list[int]:
    """Returns the numbers that a list of numbers and ranges names.

    Raises:
        FieldError: a member of the list is neither.

    >>> parse_ranges("1-3,7")
    [1, 2, 3, 7]
    """
    numbers: list[int] = []
    for member in text.replace(" ", "").split(","):
        match = _RANGE.match(member)
        if match is None:
            raise FieldError("--chapters", f"{member!r} is no range", allowed="like 1-3,7")
        numbers += range(int(match[1]), int(match[2] or match[1]) + 1)
    return numbers


def _idempotency_key(file: Path, request: BookRequest) -> str:
    """Returns a key under which the same file and options are the same job, even after a crash."""
    digest = hashlib.sha256(file.read_bytes())
    digest.update(msgspec.json.encode(request) + ascii(file.name).encode())
    return digest.hexdigest()


@contextmanager
def _open_client(url: str | None, data: Path) -> Iterator[ServiceClient]:
    """Yields a client of the service at the URL, or of one that runs as long as the block."""
    from cli.client import ServiceClient
    from cli.stack import stack_of_command
    from cli.watch import StatusLine

    if url is not None:
        with ServiceClient(url) as client:
            yield client
        return
    status = StatusLine("starting Redis, API and workers …")
    stack = stack_of_command(data, status.show_missing)
    with ExitStack() as opened:
        with status:
            opened.enter_context(stack)
        yield opened.enter_context(ServiceClient(stack.url))
