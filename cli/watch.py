"""A job's progress on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from cli.client import Client, Job


def watched(client: Client, job: Job) -> Job:
    """The job once it has ended, with a bar until then.

    Raises:
        NotFound, Unavailable: the job is gone, or the service does not answer.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    left = TextColumn("{task.fields[left]}")
    with Progress(*columns, TimeElapsedColumn(), left, console=Console(stderr=True)) as bar:
        task = bar.add_task(job["state"], total=1.0, left="")

        def tell(seen: Job) -> None:
            bar.update(
                task,
                description=told_of(seen),
                completed=seen["progress"]["share"] or 0.0,
                left=left_of(seen["eta_seconds"]),
            )

        return client.until_ended(job, tell)


def told_of(job: Job) -> str:
    """Its state, and how many are before it.

    >>> told_of({"state": "queued", "queue_position": 3})
    'queued behind 3'
    """
    state, before = str(job["state"]), job["queue_position"]
    return f"{state} behind {before}" if before else state


def left_of(seconds: float | None) -> str:
    """How long it will take still, in words.

    >>> left_of(None), left_of(59.0), left_of(3700.0)
    ('', '59 s left', '1 h 2 min left')
    """
    if seconds is None:
        return ""
    minutes = round(seconds / 60)
    if seconds < 60:
        return f"{seconds:.0f} s left"
    return f"{minutes // 60} h {minutes % 60} min left" if minutes >= 60 else f"{minutes} min left"
