"""Options of the commands that synthesize, and the request that they make."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

import msgspec
import rich_click as click

from core.errors import FieldError, TextError
from core.formats import MEDIA_TYPES
from core.request import AudioFormat, RuntimeName, SynthesisRequest

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

SUFFIXES: dict[str, str] = {f".{name}": name for name in get_args(AudioFormat)}

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
    click.option("--bit-rate", type=int, help="Bits per second of mp3, opus or m4b."),
    click.option("--channels", type=int, help="2 = the same in both."),
    click.option(
        "--format",
        "format_",
        type=click.Choice(get_args(AudioFormat)),
        help="Format of the file; by default that of its suffix.",
    ),
    click.option("--lufs", "loudness_lufs", type=float, help="Loudness of the file, in LUFS."),
    click.option("--seed", type=int, help="Same text, seed and voice: same samples."),
)


def speech_options(command: F) -> F:
    """Adds the options of a request to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


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
