"""``rhapsode submit``: sends a text to a running service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import rich_click as click

from cli.client import JobDocument, ServiceClient
from cli.request import (
    build_request,
    check_writable,
    format_of,
    read_file,
    read_text,
    require_text,
    speech_options,
)
from cli.watch import wait_with_progress
from core.errors import FieldError
from core.request import Lane, SynthesisRequest

FAILED = 4
"""Exit code of a job that did not succeed; see ``cli.exit_codes``."""
MARKUP = (".ssml", ".xml")


@click.command()
@click.argument("file", required=False)
@click.option("--text", help="The text itself, instead of FILE.")
@click.option(
    "--inputs",
    "inputs_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='Many texts instead of FILE, a line of JSON each: {"id": …, "text": …}; gives a zip.',
)
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="Where the audio goes."
)
@click.option(
    "--url",
    default="http://127.0.0.1:8080",
    envvar="RHAPSODE_URL",
    show_default=True,
    help="URL of the service (or RHAPSODE_URL).",
)
@click.option("--ssml", is_flag=True, help="The text is SSML (assumed for .ssml and .xml files).")
@click.option("--lane", type=click.Choice(get_args(Lane)), help="Bulk lets others go first.")
@click.option("--no-wait", is_flag=True, help="Print the job and leave.")
@click.option("--json", "as_json", is_flag=True, help="Print the job as JSON.")
@speech_options
def submit(
    file: str | None,
    text: str | None,
    inputs_file: Path | None,
    out: Path | None,
    url: str,
    ssml: bool,
    no_wait: bool,
    as_json: bool,
    format_: str | None,
    lexicon_files: tuple[Path, ...],
    **options: object,
) -> int:
    """Send FILE (- reads standard input) to a running service and fetch its audio.

    \b
    rhapsode submit book.txt -o book.flac --lane bulk
    rhapsode submit --text "Hello there." -o hello.wav
    rhapsode submit --inputs prompts.jsonl -o prompts.zip --format mp3
    """
    if out is None and not no_wait:
        raise FieldError("--out", "needed, unless --no-wait is given")
    if out is not None:
        check_writable(out)
    if inputs_file is None:
        source, markup = _source(file, text)
        kind = format_of(out, format_) if out is not None else format_
        field = "ssml" if ssml or markup else "text"
        request = build_request(**{field: source}, format=kind, **options)
    else:
        if file is not None or text is not None:
            raise FieldError("--inputs", "neither FILE nor --text goes with it")
        _require_zip(out)
        request = build_request(inputs=read_inputs(inputs_file), format=format_, **options)
    with ServiceClient(url) as client:
        names = tuple(map(client.put_lexicon, lexicon_files))
        request = msgspec.structs.replace(request, lexicons=names)
        if no_wait or out is None:
            job = client.submit(request)
            click.echo(json.dumps(job, indent=2) if as_json else f"{url}/jobs/{job['id']}")
            return 0
        return _fetch(client, request, out, as_json)


def _require_zip(out: Path | None) -> None:
    if out is not None and out.suffix.lower() != ".zip":
        raise FieldError("--out", f"{out.name!r} becomes a zip", allowed="a name that ends in .zip")


def read_inputs(file: Path) -> list[Any]:
    """Returns the inputs of a batch, one for each line of JSON; a string is a text.

    Raises:
        FieldError: a line is no JSON, or the file cannot be read.
    """
    found: list[Any] = []
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FieldError("--inputs", f"cannot read {file}: {error}") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                one = msgspec.json.decode(line)
            except msgspec.DecodeError as error:
                raise FieldError("--inputs", f"line {number} is no JSON: {error}") from error
            found.append({"text": one} if isinstance(one, str) else one)
    return found


def _source(file: str | None, text: str | None) -> tuple[str, bool]:
    if (file is None) == (text is None):
        raise FieldError("FILE", "exactly one of FILE and --text is needed")
    if text is not None:
        return require_text(text), False
    if file is None or file == "-":
        return read_text("-"), False
    return read_file(Path(file)), Path(file).suffix.lower() in MARKUP


def _fetch(client: ServiceClient, request: SynthesisRequest, out: Path, as_json: bool) -> int:
    job = wait_with_progress(client, client.submit(request))
    if job["audio"]:
        client.download(job, out)
    print_result(job, out, as_json)
    return 0 if job["state"] == "succeeded" else FAILED


def print_result(job: JobDocument, out: Path, as_json: bool) -> None:
    """Prints the report of an ended job, or its error."""
    if as_json:
        click.echo(json.dumps(job, indent=2, ensure_ascii=False))
        return
    report: dict[str, Any] | None = job["report"]
    if report is not None:
        stages = ", ".join(
            f"{name} {spent:.3f} s" for name, spent in report["stage_seconds"].items()
        )
        click.echo(f"{out}: {report['audio_seconds']:.2f} s of speech")
        click.echo(f"rtf {report['rtf']:.4f} ({1 / report['rtf']:.1f} × real time): {stages}")
        _print_acx(report["acx"])
        for notice in report["warnings"]:
            click.echo(f"note: {notice['message']} [{notice['code']}]", err=True)
    if job["error"]:
        click.echo(f"{job['state']}: {job['error']['message']} [{job['error']['code']}]", err=True)


def _print_acx(acx: dict[str, Any] | None) -> None:
    """Prints a book's check against ACX's rules."""
    if acx is None:
        return
    levels = "RMS {rms_db:.1f} dB, peak {peak_db:.1f} dB, noise floor {noise_floor_db:.1f} dB"
    if not acx["files"]:
        result = f"misses {', '.join(acx['failures'])}" if acx["failures"] else "within the limits"
        click.echo(f"ACX, the levels alone: {levels.format_map(acx)}: {result}")
        return
    failed = acx["failed_files"]
    if not failed:
        click.echo(f"ACX: all {acx['files']} files pass; at most {levels.format_map(acx)}")
    for file in failed:
        click.echo(
            f"ACX: {file['file']} misses {', '.join(file['failures'])}: {levels.format_map(file)}"
        )
