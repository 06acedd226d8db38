"""``rhapsode demo``: starts the service, submits one request, fetches the file, stops it."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import rich_click as click
from rich.console import Console

from cli.client import ServiceClient
from cli.request import build_request, format_of, read_text, speech_options
from cli.stack import Stack
from cli.submit import FAILED, print_result
from cli.up import sigterm_as_interrupt


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
@click.option(
    "--data",
    default="var",
    show_default=True,
    envvar="RHAPSODE_DATA",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for audio, jobs, exported networks and logs.",
)
@speech_options
def demo(
    text: str,
    output: Path,
    data: Path,
    format_: str | None,
    lexicon_files: tuple[Path, ...],
    **options: object,
) -> int:
    """Speak TEXT through the whole service: Redis, API, workers, one POST, the file, its cost."""
    request = build_request(text=read_text(text), format=format_of(output, format_), **options)
    console = Console(stderr=True)
    with sigterm_as_interrupt(), console.status("starting Redis, API and workers …") as status:
        stack = Stack(
            data,
            environment=dict(os.environ),
            redis_url=os.environ.get("REDIS_URL") or None,
            on_missing=lambda names: status.update(f"starting … waiting for {', '.join(names)}"),
        )
        with stack, ServiceClient(stack.url) as client:
            status.update(f"POST {stack.url}/synthesize")
            names = tuple(map(client.put_lexicon, lexicon_files))
            request = msgspec.structs.replace(request, lexicons=names)
            job = client.wait_until_ended(client.submit(request, wait_seconds=60), lambda job: None)
            if job["audio"]:
                client.download(job, output)
    print_result(job, output, as_json=True)
    return 0 if job["state"] == "succeeded" else FAILED
