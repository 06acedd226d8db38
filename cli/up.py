"""``rhapsode up``: runs the service on this machine until Ctrl-C."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import rich_click as click
from rich.console import Console

from cli.stack import WORKERS_NICE, Stack

POLL_SECONDS = 0.5
"""How often child processes are checked [s]."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, help="Port; 0 takes a free one.")
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Synthesizers, each one process that shares the cores with the others.",
)
@click.option(
    "--voices",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="One more folder of voices; may be given again.",
)
@click.option(
    "--data",
    default="var",
    show_default=True,
    envvar="RHAPSODE_DATA",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for audio, jobs, exported networks and logs.",
)
@click.option("--verbose", is_flag=True, help="Logs of all processes on stderr.")
def up(
    host: str, port: int, workers: int, voices: tuple[Path, ...], data: Path, verbose: bool
) -> None:
    """Start Redis (unless REDIS_URL names one), the API and the workers; stop with Ctrl-C.

    What runs at the end is finished first; what waits is done at the next start.
    """
    console = Console(stderr=True)
    with sigterm_as_interrupt(), console.status("starting …") as status:
        stack = Stack(
            data,
            environment=dict(os.environ),
            host=host,
            port=port,
            synthesizers=workers,
            voices=voices,
            redis_url=os.environ.get("REDIS_URL") or None,
            verbose=verbose,
            workers_nice=WORKERS_NICE,
            on_missing=lambda names: status.update(f"starting … waiting for {', '.join(names)}"),
        )
        with stack:
            status.stop()
            click.echo(f"ready: {stack.url} (API description at {stack.url}/schema)")
            with suppress(KeyboardInterrupt):
                _watch(stack, console)
            status.update("stopping; what has begun is finished, Ctrl-C again kills it …")
            status.start()


def _watch(stack: Stack, console: Console) -> None:
    while True:
        time.sleep(POLL_SECONDS)
        for name in stack.check():
            console.print(f"[yellow]{name} died and was started again[/]")


@contextmanager
def sigterm_as_interrupt() -> Iterator[None]:
    """Makes SIGTERM raise KeyboardInterrupt, as Ctrl-C does, as long as the block runs."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
