"""``rhapsode say``: speaks a text to a file in this process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import rich_click as click
from rich.console import Console
from rich.progress import Progress

from cli.request import build_request, format_of, read_lexicons, read_text, speech_options
from core.request import SynthesisRequest

if TYPE_CHECKING:
    from core.lexicon import PronunciationLexicon
    from core.report import SynthesisReport


@click.command()
@click.argument("text")
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file."
)
@click.option("--ssml", is_flag=True, help="The text is SSML.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@speech_options
def say(
    text: str,
    out: Path,
    ssml: bool,
    as_json: bool,
    format_: str | None,
    lexicon_files: tuple[Path, ...],
    **options: object,
) -> None:
    """Speak TEXT (- reads standard input) to a file, without a server.

    \b
    rhapsode say "Hello there." -o hello.wav
    rhapsode say - -o chapter.mp3 --speed 1.2 < chapter.txt
    rhapsode say "<speak>One<break time='1s'/>two.</speak>" --ssml -o two.flac
    """
    field = "ssml" if ssml else "text"
    request = build_request(**{field: read_text(text)}, format=format_of(out, format_), **options)
    report = _speak(request, out, read_lexicons(lexicon_files))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report)).decode())
    else:
        _print(report, out)


def _speak(
    request: SynthesisRequest, out: Path, lexicons: tuple[PronunciationLexicon, ...]
) -> SynthesisReport:
    from cli.speaking import open_synthesizer

    console = Console(stderr=True)
    with console.status("loading the voice (a first time exports its networks) …"):
        synthesizer = open_synthesizer()
        synthesizer.load(request)
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("speaking", total=None)
        return synthesizer.synthesize(
            request,
            out,
            lexicons=lexicons,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _print(report: SynthesisReport, out: Path) -> None:
    stages = report.stage_seconds
    click.echo(f"{out}: {report.audio_seconds:.2f} s of speech at {report.sample_rate} Hz")
    click.echo(
        f"rtf {report.rtf:.4f} ({1 / report.rtf:.1f} × real time): text {stages.text:.3f} s, "
        f"acoustic {stages.acoustic:.3f} s, vocoder {stages.vocoder:.3f} s, "
        f"encode {stages.encode:.3f} s"
    )
    for notice in report.warnings:
        where = f" at {notice.span.start}–{notice.span.end}" if notice.span else ""
        click.echo(f"note: {notice.message}{where} [{notice.code}]", err=True)
