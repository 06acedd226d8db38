"""Replacing a file's head in place, without a second file that a crash could leave behind."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

COPY_BYTES = 2**20


def rewrite(path: Path, copy: Callable[[BinaryIO, BinaryIO], None]) -> None:
    """Replaces a file's content by what ``copy`` makes of it.

    Args:
        path: the file.
        copy: reads the first stream and writes the second.

    Raises:
        OSError: the disk refuses.
    """
    with path.open("r+b") as file, tempfile.TemporaryFile(dir=path.parent) as changed:
        copy(file, changed)
        changed.seek(0)
        file.seek(0)
        shutil.copyfileobj(changed, file, COPY_BYTES)
        file.truncate()


def copy_rest(source: BinaryIO, target: BinaryIO) -> None:
    """Copies from the current position to the end."""
    shutil.copyfileobj(source, target, COPY_BYTES)
