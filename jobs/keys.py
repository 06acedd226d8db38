"""Where a job's audio lies in the audio store."""

from __future__ import annotations

from core.job import AudioFormat

SUFFIXES: dict[AudioFormat, str] = {
    "wav": "wav",
    "flac": "flac",
    "ogg": "ogg",
    "opus": "opus",
    "mp3": "mp3",
}


def job_folder(job_id: str) -> str:
    """Prefix of everything of a job."""
    return f"jobs/{job_id}"


def parts_folder(job_id: str) -> str:
    """Prefix of its parts' samples."""
    return f"{job_folder(job_id)}/parts"


def part_key(job_id: str, index: int) -> str:
    """Samples of a part, float32 little endian.

    >>> part_key("0a", 7)
    'jobs/0a/parts/000007.f32'
    """
    return f"{parts_folder(job_id)}/{index:06d}.f32"


def audio_key(job_id: str, format: AudioFormat) -> str:
    """The finished file."""
    return f"{job_folder(job_id)}/audio.{SUFFIXES[format]}"
