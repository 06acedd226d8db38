"""The disk of the audio is full for a while: the job waits, and ends well when there is room."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import Start
from tests.faults.supervised import Supervised, require_whole

TEXT = " ".join(f"Sentence {i} goes on for a while, then ends." for i in range(60))
DISK_BYTES = 96 * 2**20
"""Room for all that the job needs several times over."""
ENVIRONMENT = {"RHAPSODE_PARTS_AT_ONCE": "2", "RHAPSODE_SYMBOLS_AT_ONCE": "128"}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, on which the audio lies."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(words, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a small file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """A file that takes all the room there is."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file:
        block = bytes(2**16)
        while block:
            try:
                if file.write(block) < len(block):
                    break
            except OSError:
                block = block[: len(block) // 2]
    return path


def refused(service: Supervised) -> bool:
    """A process has seen that the disk is full."""
    logs = (path.read_text("utf-8") for path in service.stack.logs_folder.glob("*.log"))
    return any('"code": "disk"' in log for log in logs)


def test_a_full_disk_only_delays(
    small_disk: Path, tmp_path: Path, start: Start, undisturbed: Callable[[str], bytes]
) -> None:
    expected = undisturbed(TEXT)
    data = tmp_path / "data"
    data.mkdir()
    (data / "audio").symlink_to(small_disk, target_is_directory=True)
    service = start(ENVIRONMENT, data=data)
    job = service.submit(text=TEXT, lane="bulk")
    service.until(lambda: service.parts_done(job) > 0)
    filler = fill(small_disk)
    service.until(lambda: refused(service))
    found = service.look(job)
    assert found is not None
    assert found["state"] == "running"
    filler.unlink()
    done = service.ended(job)
    require_whole(done, service.audio(job), expected)
    assert service.finished() == 1
