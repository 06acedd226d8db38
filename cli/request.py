"""Options of the commands that synthesize, and the request that they make."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import msgspec
import rich_click as click

from core.book import ReadingOptions
from core.errors import FieldError, TextError
from core.formats import MEDIA_TYPES
from core.request import AudioFormat, RuntimeName, SynthesisRequest

if TYPE_CHECKING:
    from core.lexicon import PronunciationLexicon

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

SUFFIXES: dict[str, str] = {f".{name}": name for name in MEDIA_TYPES}

_VOICES = (
    click.option(
        "--voice-of",
        "speakers",
        metavar="NAME=VOICE",
        multiple=True,
        callback=lambda context, option, values: speakers_of(values),
        help="The voice of a script's speaker, whose lines begin with NAME: (repeatable).",
    ),
    click.option("--quote-voice", help="A voice for what stands in quotation marks."),
)
_OPTIONS = (
    click.option("--voice", help="A voice of `rhapsode voices`."),
    click.option("--acoustic", help="An acoustic model of the voice."),
    click.option("--vocoder", help="A vocoder of the voice."),
    click.option(
        "--runtime", type=click.Choice(get_args(RuntimeName)), help="Runtime of the networks."
    ),
    click.option(
        "--language",
        type=click.Choice(("en", "any")),
        help="any: a text of another language is spoken too, as if it were English.",
    ),
    click.option("--speed", type=float, help="2.0 = twice as fast."),
    click.option("--pitch", type=float, help="Factor on the pitch."),
    click.option("--energy", type=float, help="Factor on the energy."),
    click.option("--sample-rate", type=int, help="Sample rate of the file, in Hz."),
    click.option("--bit-rate", type=int, help="Bits per second of mp3, opus, m4b or epub."),
    click.option("--channels", type=int, help="2 = the same in both."),
    click.option("--lufs", "loudness_lufs", type=float, help="Loudness of the file, in LUFS."),
    click.option("--seed", type=int, help="Same text, seed and voice: same samples."),
)

lexicon_option = click.option(
    "--lexicon",
    "lexicon_files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Pronunciations: PLS 1.0 or JSON; repeatable, the first that has a word counts.",
)


def speakers_of(values: Iterable[str]) -> dict[str, str] | None:
    """Returns voices by speaker; None for none.

    Raises:
        FieldError: a value is not ``NAME=VOICE``.

    >>> speakers_of(["ROMEO=edmund", "First Witch = clara"])
    {'ROMEO': 'edmund', 'First Witch': 'clara'}
    """
    speakers: dict[str, str] = {}
    for value in values:
        name, _, voice = value.rpartition("=")
        if not name.strip() or not voice.strip():
            raise FieldError("--voice-of", f"{value!r} names no voice", allowed="NAME=VOICE")
        speakers[name.strip()] = voice.strip()
    return speakers or None


def voice_options(command: F) -> F:
    """Adds the options that give voices to the speakers of a plain text."""
    for option in reversed(_VOICES):
        command = option(command)
    return command


def speech_options(command: F, formats: Sequence[str] = get_args(AudioFormat)) -> F:
    """Adds the options of a request to a command.

    Args:
        command: the function.
        formats: that its file can have.
    """
    format_option = click.option(
        "--format",
        "format_",
        type=click.Choice(formats),
        help="Format of the file; by default that of its suffix.",
    )
    for option in reversed((*_OPTIONS, *_VOICES, format_option, lexicon_option)):
        command = option(command)
    return command


def read_lexicons(files: Iterable[Path]) -> tuple[PronunciationLexicon, ...]:
    """Returns the lexicons of files, for commands that ask no service.

    Raises:
        FieldError: a file is no lexicon, or an entry cannot be spoken.
    """
    from text.lexicons import parse_lexicon

    return tuple(parse_lexicon(file.name, file.read_bytes()) for file in files)


def read_text(text: str) -> str:
    """Returns the argument itself, or standard input for ``-``.

    Raises:
        TextError: standard input is not UTF-8, or nothing is there.
    """
    if text == "-":
        try:
            text = sys.stdin.buffer.read().decode("utf-8")
        except UnicodeDecodeError as error:
            raise TextError("text", f"standard input is not UTF-8: {error}") from error
    if not text.strip():
        raise TextError("text", "nothing to speak")
    return text


def included(names: str | None) -> list[str] | None:
    """Returns the names of what is read by choice; None means not given.

    >>> included("notes, code")
    ['notes', 'code']
    """
    if names is None:
        return None
    return [name for part in names.split(",") if (name := part.strip())]


def reading_options(
    include: str | None, say_titles: bool, speakers: Iterable[str]
) -> ReadingOptions:
    """Returns what of a book is read.

    Raises:
        FieldError: there is nothing of that name to include.
    """
    fields = {
        "include": included(include),
        "say_titles": say_titles,
        "speakers": tuple(speakers),
    }
    return convert_request(ReadingOptions, fields)


def format_of(path: Path, format_: str | None) -> str:
    """Returns the audio format of an output path.

    Raises:
        FieldError: no format is given and the suffix names none.

    >>> format_of(Path("a.MP3"), None)
    'mp3'
    """
    if format_ is not None:
        return format_
    if path.suffix.lower() not in SUFFIXES:
        raise FieldError(
            "format",
            f"the suffix of {path.name!r} names no format; give --format",
            allowed=", ".join(MEDIA_TYPES),
        )
    return SUFFIXES[path.suffix.lower()]


def build_request(**fields: object) -> SynthesisRequest:
    """Returns a request with every given field checked; None means not given.

    Raises:
        FieldError: names the field.
    """
    return convert_request(SynthesisRequest, fields)


def convert_request(kind: type[T], fields: Mapping[str, object]) -> T:
    """Returns a request of a type with every given field checked; None means not given.

    Raises:
        FieldError: names the field.
    """
    given = {name: value for name, value in fields.items() if value is not None}
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        found = re.fullmatch(
            r"(?P<what>.*) - at `\$\.(?P<field>[a-z_.]+)(?:\[[0-9.]*\])?`", str(error)
        )
        if found is None:
            raise FieldError("request", str(error)) from error
        raise FieldError(found["field"], found["what"]) from error
