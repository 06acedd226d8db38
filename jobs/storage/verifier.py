"""Compares stored files with the digests that were taken when they were written."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from core.protocols import AudioStore

BLOCK_BYTES = 1024 * 1024
TRUSTED_SECONDS = 600.0
"""How long a file that was intact is not read again [s]: a player asks for many ranges in a row."""
TRUSTED_FILES = 10_000


class FileVerifier:
    """Verifies files, and remembers for a while which were intact. Thread-safe.

    Args:
        monotonic: clock of the memory [s].
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._trusted: OrderedDict[tuple[str, str], float] = OrderedDict()

    def is_intact(self, store: AudioStore, key: str, sha256: str) -> bool:
        """Returns whether a file has that SHA-256 (hex); an empty one is not compared.

        Raises:
            NotFound: there is no such file.
            Unavailable: the store refuses.
        """
        if not sha256 or self._is_trusted(key, sha256):
            return True
        size, digest = store.size(key), hashlib.sha256()
        for start in range(0, size, BLOCK_BYTES):
            digest.update(store.read(key, start, min(start + BLOCK_BYTES, size)))
        if digest.hexdigest() != sha256:
            return False
        with self._lock:
            self._trusted[key, sha256] = self._monotonic()
            if len(self._trusted) > TRUSTED_FILES:
                self._trusted.popitem(last=False)
        return True

    def _is_trusted(self, key: str, sha256: str) -> bool:
        with self._lock:
            seen = self._trusted.get((key, sha256))
            if seen is not None and self._monotonic() - seen > TRUSTED_SECONDS:
                del self._trusted[key, sha256]
                seen = None
        return seen is not None
