"""``rhapsode say``: speaks a text to a file in this process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import msgspec
import rich_click as click
from rich.console import Console
from rich.progress import Progress

from cli.request import (
    build_request,
    check_writable,
    data_option,
    format_of,
    read_lexicons,
    read_text,
    require_voices,
    speech_options,
)
from core.errors import FieldError, Unavailable
from core.request import SynthesisRequest
from core.voice import Catalogue
from synthesis.settings import SynthesisSettings

if TYPE_CHECKING:
    from core.lexicon import PronunciationLexicon
    from core.report import SynthesisReport
    from synthesis.local import LocalSynthesizer

PLAYERS: Final = (
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "quiet", "-i", "-"),
    ("mpv", "--no-video", "--really-quiet", "-"),
    ("pw-play", "-"),
    ("paplay",),
    ("aplay", "-q", "-"),
    ("play", "-q", "-t", "wav", "-"),
)
"""Commands that play what they read from standard input, the ones that know most formats first."""


@click.command()
@click.argument("text")
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path, allow_dash=True),
    help="The file; - writes to standard output while it speaks.",
)
@click.option("--play", is_flag=True, help="Play it while it is made, instead of writing a file.")
@click.option("--ssml", is_flag=True, help="The text is SSML.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@data_option
@speech_options
def say(
    text: str,
    out: Path | None,
    play: bool,
    ssml: bool,
    as_json: bool,
    data: Path,
    format_: str | None,
    lexicon_files: tuple[Path, ...],
    **options: object,
) -> None:
    """Speak TEXT (- reads standard input) to a file, without a server.

    \b
    rhapsode say "Hello there." -o hello.wav
    rhapsode say "Hello there." --play
    rhapsode say - -o - --format mp3 < chapter.txt | ssh kitchen mpg123 -
    rhapsode say - -o chapter.mp3 --speed 1.2 < chapter.txt
    rhapsode say "<speak>One<break time='1s'/>two.</speak>" --ssml -o two.flac
    """
    if (out is None) != play:
        raise FieldError("--out", "either a file (-o) or --play is needed")
    path = None if out is None or str(out) == "-" else out
    kind = format_ or "wav" if path is None else format_of(path, format_)
    if path is not None:
        check_writable(path)
    field = "ssml" if ssml else "text"
    request = build_request(**{field: read_text(text)}, format=kind, **options)
    settings = SynthesisSettings.from_environment(data=data)
    catalogue = settings.catalogue()
    require_voices(catalogue, request)
    lexicons = read_lexicons(lexicon_files)
    player = _player() if play else None
    synthesizer = _loaded(request, settings, catalogue, streamed=path is None)
    if path is not None:
        report = _speak(synthesizer, request, path, lexicons)
    elif player is not None:
        report = _play(synthesizer, request, player, lexicons)
    else:
        report = _stream(synthesizer, request, sys.stdout.buffer, lexicons)
    to_stderr = path is None and not play
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report)).decode(), err=to_stderr)
    else:
        _print(report, "played" if out is None else str(out), err=to_stderr)


def _speak(
    synthesizer: LocalSynthesizer,
    request: SynthesisRequest,
    out: Path,
    lexicons: tuple[PronunciationLexicon, ...],
) -> SynthesisReport:
    with _bar() as bar:
        task = bar.add_task("speaking", total=None)
        return synthesizer.synthesize(
            request,
            out,
            lexicons=lexicons,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _stream(
    synthesizer: LocalSynthesizer,
    request: SynthesisRequest,
    target: IO[bytes],
    lexicons: tuple[PronunciationLexicon, ...],
) -> SynthesisReport:
    """Speaks to a pipe, each window as it is made."""

    def write(data: bytes) -> None:
        target.write(data)
        target.flush()

    try:
        with _bar() as bar:
            task = bar.add_task("speaking", total=None)
            return synthesizer.stream(
                request,
                write,
                lexicons=lexicons,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
    except BrokenPipeError as error:
        # Python would fail to flush it once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise Unavailable("nobody reads what is spoken", code="pipe_closed") from error


def _player() -> list[str]:
    """Returns the command of the first player that is installed.

    Raises:
        Unavailable: there is none.
    """
    command = next((list(c) for c in PLAYERS if shutil.which(c[0])), None)
    if command is None:
        names = ", ".join(player for player, *_ in PLAYERS)
        raise Unavailable(f"no player is installed: one of {names}", code="no_player")
    return command


def _play(
    synthesizer: LocalSynthesizer,
    request: SynthesisRequest,
    command: list[str],
    lexicons: tuple[PronunciationLexicon, ...],
) -> SynthesisReport:
    """Speaks to a player."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as player:
        assert player.stdin is not None
        return _stream(synthesizer, request, player.stdin, lexicons)


def _loaded(
    request: SynthesisRequest, settings: SynthesisSettings, catalogue: Catalogue, *, streamed: bool
) -> LocalSynthesizer:
    """Returns a synthesizer that has loaded what the request needs."""
    from cli.speaking import open_synthesizer

    status = "loading the voice (a first time exports its networks) …"
    with Console(stderr=True).status(status):
        synthesizer = open_synthesizer(settings, catalogue)
        synthesizer.load(request, streamed=streamed)
    return synthesizer


def _bar() -> Progress:
    return Progress(console=Console(stderr=True), transient=True)


def _print(report: SynthesisReport, out: str, *, err: bool = False) -> None:
    stages = report.stage_seconds
    length = f"{report.audio_seconds:.2f} s of speech at {report.sample_rate} Hz"
    click.echo(f"{out}: {length}", err=err)
    click.echo(
        f"rtf {report.rtf:.4f} ({1 / report.rtf:.1f} × real time): text {stages.text:.3f} s, "
        f"acoustic {stages.acoustic:.3f} s, vocoder {stages.vocoder:.3f} s, "
        f"encode {stages.encode:.3f} s",
        err=err,
    )
    for notice in report.warnings:
        where = f" at {notice.span.start}–{notice.span.end}" if notice.span else ""
        click.echo(f"note: {notice.message}{where} [{notice.code}]", err=True)
