"""Samples of parts on their way from a device to listeners, on Redis: one short stream a part.

A stream lives while its part is synthesized. It is bounded twice: by its length, and by a time
after which it expires should nobody end it. A listener that finds a gap waits for the part's stored
audio.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import redis

from core.part import SampleChunk
from jobs.redis_backend.client import translated
from jobs.redis_backend.events import START
from jobs.redis_backend.keys import MOVED, job_key, samples_key
from jobs.redis_backend.stored import decode_row

CHUNKS_KEPT: Final = 64
"""Of a part: with windows of three seconds at most, 17 MB of a part that is far too long."""
EXPIRY_SECONDS: Final = 120
"""After the last samples; a device that needs longer for a window is no device to listen to."""
AT_ONCE: Final = 8
"""Chunks per look, 2 MB."""
OPEN: Final = (b"queued", b"running")


class RedisSampleStreams:
    """See ``jobs.protocols.SampleStreams``.

    Args:
        client: the connection.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def add(self, job_id: str, index: int, chunk: SampleChunk) -> bool:
        """See SampleStreams."""
        key = samples_key(job_id, index)
        with translated():
            pipe: Any = self._client.pipeline(transaction=False)
            pipe.xadd(key, {"chunk": msgspec.msgpack.encode(chunk)}, maxlen=CHUNKS_KEPT)
            pipe.expire(key, EXPIRY_SECONDS)
            pipe.publish(MOVED, f"{job_id} samples")
            pipe.hget(job_key(job_id), "state")
            *_, state = pipe.execute()
        return state in OPEN

    def after(
        self, job_id: str, index: int, last: str = START
    ) -> tuple[str, tuple[SampleChunk, ...]]:
        """See SampleStreams. Returns at most ``AT_ONCE`` chunks."""
        with translated():
            found: Any = self._client.xread({samples_key(job_id, index): last}, count=AT_ONCE)
        rows = [row for _, rows in found for row in rows]
        chunks = tuple(decode_row(fields[b"chunk"], SampleChunk, job_id) for _, fields in rows)
        return (rows[-1][0].decode() if rows else last), chunks

    def end(self, job_id: str, index: int) -> None:
        """See SampleStreams."""
        with translated():
            self._client.delete(samples_key(job_id, index))
