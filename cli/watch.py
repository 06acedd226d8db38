"""Shows on the terminal what is waited for: a service that starts, a job."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from cli.client import JobDocument, ServiceClient

WAITING_FOR = {
    "api": "the API",
    "redis": "Redis",
    "planner": "the planner",
    "synthesizer": "the synthesizer",
    "models": "the voice (a first start exports its networks: a minute or two)",
    "voices": "a voice",
}
"""What a start waits for, by the names of ``GET /readyz``."""


class StatusLine:
    """A line on stderr about what goes on: a terminal sees it move, a log gets one line a change.

    A context manager.

    Args:
        text: what goes on at first.
    """

    def __init__(self, text: str) -> None:
        self._console = Console(stderr=True)
        self._text = text
        self._status = self._console.status(text) if self._console.is_terminal else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Shows the line."""
        if self._status is not None:
            self._status.start()
        else:
            self._print()

    def stop(self) -> None:
        """Takes the line away."""
        if self._status is not None:
            self._status.stop()

    def update(self, text: str) -> None:
        """Shows another text."""
        if text == self._text:
            return
        self._text = text
        if self._status is not None:
            self._status.update(text)
        else:
            self._print()

    def show_missing(self, names: tuple[str, ...]) -> None:
        """Shows what a service that starts still waits for; see ``cli.stack.Stack``."""
        if names:
            waiting = ", ".join(WAITING_FOR.get(name, name) for name in names)
            self.update(f"starting … waiting for {waiting}")

    def _print(self) -> None:
        self._console.print(self._text, markup=False, highlight=False, soft_wrap=True)


def wait_with_progress(client: ServiceClient, job: JobDocument) -> JobDocument:
    """Returns the job once it has ended and shows a progress bar until then.

    Raises:
        NotFound, Unavailable: the job is gone, or the service does not answer.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    left = TextColumn("{task.fields[left]}")
    with Progress(*columns, TimeElapsedColumn(), left, console=Console(stderr=True)) as bar:
        task = bar.add_task(job["state"], total=1.0, left="")

        def show(update: JobDocument) -> None:
            bar.update(
                task,
                description=state_text(update),
                completed=update["progress"]["share"] or 0.0,
                left=time_left_text(update["eta_seconds"] or None),
            )

        return client.wait_until_ended(job, show)


def state_text(job: JobDocument) -> str:
    """Returns the state of a job and how many jobs are before it.

    >>> state_text({"state": "queued", "queue_position": 3, "progress": {"share": 0.0}})
    'queued behind 3'
    >>> state_text({"state": "running", "queue_position": None, "progress": {"share": 1.0}})
    'writing the file'
    """
    state, before = str(job["state"]), job["queue_position"]
    if state == "running" and job["progress"]["share"] == 1.0:
        return "writing the file"
    return f"{state} behind {before}" if before else state


def time_left_text(seconds: float | None) -> str:
    """Returns the time that is left, in words.

    >>> time_left_text(None), time_left_text(59.0), time_left_text(3700.0)
    ('', '59 s left', '1 h 2 min left')
    """
    if seconds is None:
        return ""
    minutes = round(seconds / 60)
    if seconds < 60:
        return f"{seconds:.0f} s left"
    return f"{minutes // 60} h {minutes % 60} min left" if minutes >= 60 else f"{minutes} min left"
