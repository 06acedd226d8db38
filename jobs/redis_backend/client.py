"""The connection to Redis: time-outs, and its exceptions translated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis

from core.errors import Unavailable

CONNECT_SECONDS = 2.0
"""A client of the API should learn within seconds that Redis is away."""
ANSWER_SECONDS = 10.0
"""Longest command: a plan of a whole book is written in pieces well below this."""


def open_redis(url: str) -> redis.Redis:
    """Returns a pooled, thread-safe client; it connects at the first command."""
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        health_check_interval=30,
    )


@contextmanager
def translated() -> Iterator[None]:
    """Turns what redis raises into Unavailable."""
    try:
        yield
    except redis.ResponseError as error:
        # Before Redis 7 a script's refusal has no class of its own, only the code in its text.
        if isinstance(error, redis.OutOfMemoryError) or " -OOM " in str(error):
            raise Unavailable("Redis has no room for more", code="redis_full") from error
        raise Unavailable("Redis refuses the command", code="redis_unavailable") from error
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise Unavailable("Redis does not answer", code="redis_unavailable") from error
