"""Which parts lie in the audio store, on Redis: their digests, sorted by when they were used."""

from __future__ import annotations

import redis

from jobs.redis_backend.client import translated
from jobs.redis_backend.keys import PART_INDEX
from jobs.redis_backend.scripts import LuaScript


class RedisPartIndex:
    """See ``jobs.protocols.PartIndex``.

    Args:
        client: the connection.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._take_unused = LuaScript(client, "take_unused_parts")

    def use(self, digest: str, now: float) -> bool:
        """See PartIndex."""
        with translated():
            known = self._client.zscore(PART_INDEX, digest) is not None
            if known:
                self._client.zadd(PART_INDEX, {digest: now}, xx=True)
        return known

    def put(self, digest: str, now: float) -> None:
        """See PartIndex."""
        with translated():
            self._client.zadd(PART_INDEX, {digest: now})

    def take_unused(self, before: float, limit: int = 1000) -> tuple[str, ...]:
        """See PartIndex."""
        found = self._take_unused({"part_index": PART_INDEX}, before=repr(before), limit=limit)
        return tuple(digest.decode() for digest in found)
