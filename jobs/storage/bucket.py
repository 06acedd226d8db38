"""Audio on S3-compatible object storage."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from core.errors import NotFound, Unavailable
from core.formats import MEDIA_TYPES, ZIP
from jobs.storage.folder import on_disk, require_key

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config

T = TypeVar("T")

CHUNK_BYTES: Final = 8 * 1024 * 1024
"""Of a multipart upload: S3 takes 10 000 parts of at least 5 MiB (Amazon S3 user guide, "multipart
upload limits"), so a file may have 78 GiB."""
CHUNKS_AT_ONCE: Final = 4
"""32 MiB of memory while a file is uploaded."""
OCTETS: Final = "application/octet-stream"
KINDS: Final = {**{str(name): kind for name, kind in MEDIA_TYPES.items()}, "zip": ZIP}
"""Media types by suffix."""
CLIENT: Final[ClientConfig] = {
    "connect_timeout": timedelta(seconds=5),
    "timeout": timedelta(seconds=60),
}
RETRIES: Final[RetryConfig] = {
    "max_retries": 4,
    "retry_timeout": timedelta(seconds=30),
    "backoff": {
        "init_backoff": timedelta(milliseconds=100),
        "max_backoff": timedelta(seconds=3),
        "base": 2,
    },
}
"""A request of a client is not held much longer; tasks of workers are tried again as a whole."""


class BucketStore:
    """See ``core.protocols.AudioStore``. Thread-safe; connects at the first use.

    Credentials and region come from the usual AWS_* variables, which obstore reads: keys, session
    token, web identity, container and instance roles; region us-east-1 where none is named.

    Args:
        bucket: exists.
        prefix: of all keys; "" = none.
        endpoint: of the S3 API; None = AWS_ENDPOINT_URL or Amazon's.
        public_endpoint: what links name, where clients reach the store by another address.
        allow_http: whether the endpoint may be without TLS.
    """

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        *,
        endpoint: str | None = None,
        public_endpoint: str | None = None,
        allow_http: bool = False,
    ) -> None:
        with _opened(bucket):
            self._store = _connected(bucket, prefix, endpoint, allow_http)
            self._public = self._store
            if public_endpoint:
                self._public = _connected(bucket, prefix, public_endpoint, allow_http)

    def put(self, key: str, data: bytes) -> None:
        """See AudioStore."""
        require_key(key)
        with _written(key):
            obstore.put(self._store, key, data, attributes=_attributes(key))

    @contextmanager
    def writing(self, key: str) -> Iterator[Path]:
        """Yields a local path to write to; uploaded, whole, only after the block ended well.

        Raises:
            Unavailable: the disk or the store refuses.
        """
        require_key(key)
        with _written(key):
            folder = tempfile.TemporaryDirectory(prefix="rhapsode-")
        with folder:
            # Named like the key: an encoder may look at the suffix.
            path = Path(folder.name) / key.rsplit("/", 1)[-1]
            with _written(key):
                path.touch()
            with on_disk(key):
                yield path
            with _written(key):
                obstore.put(
                    self._store,
                    key,
                    path,
                    attributes=_attributes(key),
                    chunk_size=CHUNK_BYTES,
                    max_concurrency=CHUNKS_AT_ONCE,
                )

    def get(self, key: str) -> bytes:
        """See AudioStore."""
        return self._look(key, lambda: bytes(obstore.get(self._store, key).bytes()))

    def read(self, key: str, start: int, stop: int) -> bytes:
        """See AudioStore."""
        if start >= (stop := min(stop, self.size(key))):
            return b""  # S3 answers 416 where nothing lies in the range
        return self._look(
            key, lambda: bytes(obstore.get_range(self._store, key, start=start, end=stop))
        )

    def size(self, key: str) -> int:
        """See AudioStore."""
        return self._look(key, lambda: obstore.head(self._store, key)["size"])

    def exists(self, key: str) -> bool:
        """See AudioStore."""
        require_key(key)
        try:
            self.size(key)
        except NotFound:
            return False
        return True

    def delete(self, prefix: str) -> int:
        """See AudioStore. A thousand objects a request."""
        if self.exists(prefix):
            with _written(prefix):
                obstore.delete(self._store, prefix)
            return 1
        count = 0
        with _written(prefix):
            for found in obstore.list(self._store, prefix, chunk_size=1000):
                obstore.delete(self._store, [one["path"] for one in found])
                count += len(found)
        return count

    def link(self, key: str, seconds: float) -> str | None:
        """See AudioStore. Signed here, with the credentials of this process; nothing is asked."""
        require_key(key)
        with _written(key):
            return obstore.sign(self._public, "GET", key, timedelta(seconds=seconds))

    def _look(self, key: str, ask: Callable[[], T]) -> T:
        require_key(key)
        try:
            with _translated(key):
                return ask()
        except FileNotFoundError as error:
            raise NotFound(f"no audio {key}", code="audio_not_found") from error


def _connected(bucket: str, prefix: str, endpoint: str | None, allow_http: bool) -> S3Store:
    """Returns a client of the bucket; what is given here wins over the AWS_* variables."""
    client: ClientConfig = {**CLIENT, "allow_http": True} if allow_http else CLIENT
    config: S3Config = {"endpoint": endpoint} if endpoint else {}
    return S3Store(
        bucket, prefix=prefix or None, config=config, client_options=client, retry_config=RETRIES
    )


def _attributes(key: str) -> dict[str, str]:
    """Returns what links answer with; a link itself cannot set headers.

    >>> _attributes("jobs/7f/audio.mp3")["Content-Disposition"]
    'inline; filename="7f.mp3"'
    """
    *folders, name = key.split("/")
    _, dot, suffix = name.rpartition(".")
    named = f"{folders[-1]}{dot}{suffix}" if folders and dot else name
    return {
        "Content-Type": KINDS.get(suffix, OCTETS),
        "Content-Disposition": f'inline; filename="{named}"',
    }


@contextmanager
def _opened(bucket: str) -> Iterator[None]:
    try:
        yield
    except (BaseError, ValueError) as error:
        raise Unavailable(f"no object storage {bucket}: {error}", code="storage") from error


@contextmanager
def _written(key: str) -> Iterator[None]:
    """Translates a write's errors: one that finds nothing finds no bucket."""
    try:
        with _translated(key):
            yield
    except FileNotFoundError as error:
        raise Unavailable(f"the audio store refuses {key}: no bucket", code="storage") from error


@contextmanager
def _translated(key: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except (PermissionDeniedError, UnauthenticatedError) as error:
        message = f"the audio store refuses {key}: no permission"
        raise Unavailable(message, code="storage_denied") from error
    except (BaseError, OSError, ValueError) as error:
        raise Unavailable(f"the audio store does not give or take {key}", code="storage") from error
