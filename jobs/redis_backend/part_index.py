"""The shelf on Redis: digests of sounds, sorted by when they were used last."""

from __future__ import annotations

from typing import Final

from jobs.redis_backend import scripts
from jobs.redis_backend.client import open_redis, translated

KEY: Final = "rhapsode:shelf"


class RedisPartIndex:
    """See ``jobs.protocols.Shelf``.

    Args:
        url: redis://host:port/db.
    """

    def __init__(self, url: str) -> None:
        self._redis = open_redis(url)
        self._clear = self._redis.register_script(scripts.CLEAR)

    def use(self, digest: str, now: float) -> bool:
        """See Shelf."""
        with translated():
            known = self._redis.zscore(KEY, digest) is not None
            if known:
                self._redis.zadd(KEY, {digest: now}, xx=True)
        return known

    def put(self, digest: str, now: float) -> None:
        """See Shelf."""
        with translated():
            self._redis.zadd(KEY, {digest: now})

    def clear(self, before: float, limit: int = 1000) -> tuple[str, ...]:
        """See Shelf."""
        with translated():
            return tuple(d.decode() for d in self._clear([KEY], [repr(before), limit]))
