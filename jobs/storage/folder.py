"""Audio on a local or mounted folder."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import NotFound, Unavailable

KEY = re.compile(r"^[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*\Z")
"""Lower-case names and slashes; no component starts with a dot, so no key leaves the folder."""


class FolderStore:
    """See ``core.protocols.AudioStore``.

    Args:
        folder: made if missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, key: str, data: bytes) -> None:
        """See AudioStore."""
        with self.writing(key) as path, _translated(key):
            path.write_bytes(data)

    @contextmanager
    def writing(self, key: str) -> Iterator[Path]:
        """Yields a path to write to.

        The key exists, whole and on disk, only after the block ended well.

        Raises:
            Unavailable: the disk refuses.
        """
        target = self._path(key)
        with _translated(key):
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".new-", dir=target.parent)
            os.close(handle)
        temporary = Path(name)
        try:
            with on_disk(key):
                yield temporary
            with _translated(key):
                _to_disk(temporary)
                temporary.chmod(0o644)
                temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)

    def get(self, key: str) -> bytes:
        """See AudioStore."""
        with _translated(key):
            return self._path(key).read_bytes()

    def read(self, key: str, start: int, stop: int) -> bytes:
        """See AudioStore."""
        with _translated(key), self._path(key).open("rb") as file:
            file.seek(start)
            return file.read(stop - start)

    def size(self, key: str) -> int:
        """See AudioStore."""
        with _translated(key):
            return self._path(key).stat().st_size

    def exists(self, key: str) -> bool:
        """See AudioStore."""
        with _translated(key):
            return self._path(key).is_file()

    def delete(self, prefix: str) -> int:
        """See AudioStore."""
        path = self._path(prefix)
        with _translated(prefix):
            if path.is_file():
                path.unlink()
                return 1
            files = sum(1 for child in path.rglob("*") if child.is_file())
            shutil.rmtree(path, ignore_errors=not path.exists())
            return files

    def link(self, key: str, seconds: float) -> str | None:
        """Returns None: a folder has no address."""
        require_key(key)
        return None

    def _path(self, key: str) -> Path:
        require_key(key)
        return self._folder / key


def require_key(key: str) -> None:
    """Refuses what is no key.

    Raises:
        NotFound: nothing can lie there.
    """
    if not KEY.match(key):
        raise NotFound(f"not a key of the audio store: {key!r}", code="audio_not_found")


@contextmanager
def on_disk(key: str) -> Iterator[None]:
    """Translates errors of a block of ``writing``: a disk that is full may have room again.

    Raises:
        Unavailable: the disk refuses what the block writes (code ``disk``).
    """
    try:
        yield
    except OSError as error:
        message = f"the disk refuses {key}: {error.strerror}"
        raise Unavailable(message, code="disk") from error


def _to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


@contextmanager
def _translated(key: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound(f"no audio {key}", code="audio_not_found") from error
    except OSError as error:
        message = f"the audio store refuses {key}: {error.strerror}"
        raise Unavailable(message, code="disk") from error
