"""``rhapsode up``: runs the service on this machine until Ctrl-C."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import rich_click as click
from rich.console import Console

from cli.request import data_option
from cli.stack import WORKERS_NICE, Stack, handled_interrupts
from cli.watch import StatusLine

POLL_SECONDS = 0.5
"""How often child processes are checked [s]."""


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    envvar="RHAPSODE_HOST",
    show_default=True,
    help="Address to listen on (or RHAPSODE_HOST).",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    envvar="RHAPSODE_PORT",
    show_default=True,
    help="Port; 0 takes a free one (or RHAPSODE_PORT).",
)
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
@data_option
@click.option("--verbose", is_flag=True, help="Logs of all processes on stderr.")
def up(
    host: str, port: int, workers: int, voices: tuple[Path, ...], data: Path, verbose: bool
) -> None:
    """Start Redis (unless REDIS_URL names one), the API and the workers; stop with Ctrl-C.

    What runs at the end is finished first; what waits is done at the next start.
    """
    status = StatusLine("starting …")
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
        on_missing=status.show_missing,
    )
    with interrupted_once(), status, stack:
        status.stop()
        with suppress(KeyboardInterrupt):  # who reads that it is ready may stop it at once
            click.echo(f"ready: {stack.url} (the studio; its API is described at {stack.url}/docs)")
            _watch(stack)
        status.update("stopping; what has begun is finished, Ctrl-C again kills it …")
        status.start()


def _watch(stack: Stack) -> None:
    console = Console(stderr=True)
    while True:
        time.sleep(POLL_SECONDS)
        for name in stack.check():
            console.print(f"[yellow]{name} died and was started again[/]")


@contextmanager
def interrupted_once() -> Iterator[None]:
    """Has the first SIGINT or SIGTERM raise KeyboardInterrupt in the block.

    Those after it raise nothing: what was opened is closed whole, and ``Stack.stop`` notes them.
    After the block, when nothing is left to be stopped but this process, they are ignored.
    """
    came: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        came.append(number)
        if len(came) == 1:
            raise KeyboardInterrupt

    with handled_interrupts(interrupt) as afterwards:
        try:
            yield
        finally:
            if came:
                afterwards.update(dict.fromkeys(afterwards, signal.SIG_IGN))
