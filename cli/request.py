"""Options of the commands that synthesize, and the request that they make."""

from __future__ import annotations

import os
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
from core.recognition import CheckMode
from core.request import AudioFormat, Controls, Precision, RuntimeName, SynthesisRequest
from core.settings import CommonSettings, default_data_folder

if TYPE_CHECKING:
    from core.lexicon import PronunciationLexicon
    from core.voice import Catalogue

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
        "--precision", type=click.Choice(get_args(Precision)), help="Precision of the networks."
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
    click.option(
        "--check",
        type=click.Choice(get_args(CheckMode)),
        help="report: flag words that do not sound as meant; retry: speak them once more, too.",
    ),
    click.option("--seed", type=int, help="Same text, seed and voice: same samples."),
)

data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="RHAPSODE_DATA",
    default=default_data_folder,
    show_default="the user's data folder, ~/.local/share/rhapsode on Linux",
    help="Folder for exported networks, imported voices, jobs, audio and logs (or RHAPSODE_DATA).",
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

    Where the argument names a file, its text is usually meant: a person is asked, a script is told.

    Raises:
        FieldError: it names a file, and there is nobody to ask.
        TextError: standard input or the file is not UTF-8, or nothing is there.
    """
    if text != "-" and _names_a_file(text):
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            message = f"{text!r} is a file: `- < {text}` in its place speaks its text"
            raise FieldError("TEXT", f"{message}, and `echo {text} |` with `-` its name")
        if click.confirm(f"{text} is a file. Speak its text?", default=True, err=True):
            text = read_file(Path(text))
    elif text == "-":
        try:
            text = sys.stdin.buffer.read().decode("utf-8")
        except UnicodeDecodeError as error:
            raise TextError("text", f"standard input is not UTF-8: {error}") from error
    return require_text(text)


def require_text(text: str) -> str:
    """Returns the text. Raises TextError: there is nothing to speak."""
    if not text.strip():
        raise TextError("text", "nothing to speak")
    return text


def installed_catalogue(data: Path) -> Catalogue:
    """Returns the voices of this installation, for commands that start a service of their own.

    Raises:
        FieldError: a variable is refused.
        ArtifactError: a voice cannot be read.
    """
    return CommonSettings.from_environment(data=data).catalogue()


def require_voices(catalogue: Catalogue, request: Controls) -> None:
    """Checks that the voices and networks of a request are there, before any is loaded.

    Raises:
        FieldError: one is not, or two voices cannot share a file.
        NotFound: the catalogue is empty.
    """
    outer = catalogue.resolve(request.voice, request.acoustic, request.vocoder)
    for voice in (*request.speakers.values(), request.quote_voice):
        if voice is not None:
            catalogue.resolve_inner(outer, voice)


def _names_a_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # longer than a name may be, or with a NUL
        return False


def read_file(path: Path) -> str:
    """Returns the text of a file.

    Raises:
        TextError: it is not UTF-8.
        FieldError: it cannot be read.
    """
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        hint = f"for a book: rhapsode book {path} -o {path.with_suffix('.m4b').name}"
        raise TextError("FILE", f"{path} is not UTF-8: {error}; {hint}") from error
    except OSError as error:
        raise FieldError("FILE", f"cannot read {path}: {error.strerror}") from error


def check_writable(out: Path) -> None:
    """Checks that a file can be written, before time is spent on what belongs into it.

    Raises:
        FieldError: its folder is missing or read-only, or it is a folder itself.
    """
    if not out.parent.is_dir():
        raise FieldError("--out", f"there is no folder {out.parent}")
    if out.is_dir() or not os.access(out if out.exists() else out.parent, os.W_OK):
        raise FieldError("--out", f"{out} cannot be written")


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
        FieldError: no format is given and the suffix names none, or the two contradict each other.

    >>> format_of(Path("a.MP3"), None), format_of(Path("a.ogg"), "opus")
    ('mp3', 'opus')
    """
    named = SUFFIXES.get(path.suffix.lower())
    if format_ is None:
        if named is None:
            raise FieldError(
                "format",
                f"the suffix of {path.name!r} names no format; give --format",
                allowed=", ".join(MEDIA_TYPES),
            )
        return named
    if named is not None and _container(named) != _container(format_):
        message = f"{format_} contradicts the suffix of {path.name!r}"
        raise FieldError("--format", message, allowed=f"{named}, or -o {path.stem}.{format_}")
    return format_


def _container(format_: str) -> str:
    return MEDIA_TYPES[format_].partition(";")[0]  # type: ignore[index]


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
