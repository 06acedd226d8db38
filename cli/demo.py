"""``rhapsode demo``: starts the service, submits one request, fetches the file, stops it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import rich_click as click

from api.settings import ApiSettings
from cli.client import JobDocument, ServiceClient
from cli.request import (
    build_request,
    check_writable,
    data_option,
    format_of,
    installed_catalogue,
    read_text,
    require_voices,
    speech_options,
)
from cli.stack import stack_of_command, url_of
from cli.submit import FAILED, print_result
from cli.up import interrupted_once
from cli.watch import StatusLine


@click.command()
@click.argument("text")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default="out.wav",
    show_default=True,
    help="The file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the job as JSON.")
@data_option
@speech_options
def demo(
    text: str,
    output: Path,
    as_json: bool,
    data: Path,
    format_: str | None,
    lexicon_files: tuple[Path, ...],
    **options: object,
) -> int:
    """Speak TEXT through the whole service: Redis, API, workers, one POST, the file, its cost."""
    request = build_request(text=read_text(text), format=format_of(output, format_), **options)
    check_writable(output)
    require_voices(installed_catalogue(data), request)
    status = StatusLine("starting Redis, API and workers …")
    stack = stack_of_command(data, status.show_missing)
    with interrupted_once(), status, stack, ServiceClient(stack.url) as client:
        status.update(f"POST {stack.url}/synthesize")
        names = tuple(map(client.put_lexicon, lexicon_files))
        request = msgspec.structs.replace(request, lexicons=names)
        job = client.wait_until_ended(client.submit(request, wait_seconds=60), lambda job: None)
        if job["audio"]:
            client.download(job, output)
        status.update("stopping …")
    if as_json or job["report"] is None:
        print_result(job, output, as_json)
    else:
        click.echo("\n".join(summary(job, output)))
    return 0 if job["state"] == "succeeded" else FAILED


def summary(job: JobDocument, output: Path) -> list[str]:
    """Returns five lines: file, seconds, RTF, warnings, and where to go on."""
    report = job["report"]
    warnings = [f"{notice['message']} [{notice['code']}]" for notice in report["warnings"]]
    kept = report["reused_seconds"]
    settings = ApiSettings.from_environment()
    return [
        str(output),
        f"{report['audio_seconds']:.2f} s of speech"
        + (f", {kept:.2f} s of it kept from an earlier time" if kept else ""),
        f"RTF {report['rtf']:.4f} ({1 / report['rtf']:.1f} × real time)",
        f"warnings: {'; '.join(warnings) or 'none'}",
        f"open {url_of(settings.host, settings.port)} while `rhapsode up` runs (here: make up)",
    ]
