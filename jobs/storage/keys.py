"""Where things lie in the audio store."""

from __future__ import annotations

from core.request import Controls

PARTS = "parts"
"""Prefix of the audio of parts, by digest; jobs share it."""


def job_folder(job_id: str) -> str:
    """Returns the prefix of everything that belongs to one job."""
    return f"jobs/{job_id}"


def part_audio_key(digest: str) -> str:
    """Returns the key of a part's audio.

    >>> part_audio_key("0a1b")
    'parts/0a/0a1b'
    """
    return f"{PARTS}/{digest[:2]}/{digest}"


def audio_key(job_id: str, request: Controls) -> str:
    """Returns the key of the finished file.

    >>> audio_key("7f", Controls(format="mp3", package="chapters"))
    'jobs/7f/audio.zip'
    """
    suffix = "zip" if request.package == "chapters" else request.format
    return f"{job_folder(job_id)}/audio.{suffix}"


def transcript_key(job_id: str) -> str:
    """Returns the key of the transcript."""
    return f"{job_folder(job_id)}/transcript"


def book_key(job_id: str) -> str:
    """Returns the key of the EPUB that a job was made of, where it is kept."""
    return f"{job_folder(job_id)}/book"


def inputs_key(job_id: str) -> str:
    """Returns the key of what became of the inputs of a batch."""
    return f"{job_folder(job_id)}/inputs"


def cover_key(job_id: str) -> str:
    """Returns the key of a book's cover."""
    return f"{job_folder(job_id)}/cover"
