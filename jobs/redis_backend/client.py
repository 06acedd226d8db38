"""The connection to Redis: time-outs, and its exceptions translated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from redis.sentinel import Sentinel

from core.errors import Unavailable
from jobs.redis_backend.address import parse_address

CONNECT_SECONDS = 2.0
"""A client of the API should learn within seconds that Redis is away."""
ANSWER_SECONDS = 10.0
"""Longest command: a plan of a whole book is written in pieces well below this."""


def open_redis(url: str) -> redis.Redis:
    """Returns a pooled, thread-safe client; it connects at the first command.

    Args:
        url: see ``jobs.redis_backend.address``.

    Raises:
        FieldError: it is no address.
    """
    address = parse_address(url)
    options: dict[str, Any] = {
        "username": address.username,
        "password": address.password,
        "db": address.database,
        "socket_timeout": ANSWER_SECONDS,
        "health_check_interval": 30,
    }
    if address.path:
        return redis.Redis(unix_socket_path=address.path, **options)
    options["socket_connect_timeout"] = CONNECT_SECONDS
    if address.tls is not None:
        options |= {"ssl": True, **address.tls}
    if not address.master:
        ((host, port),) = address.hosts
        return redis.Redis(host=host, port=port, **options)
    asked = {
        "socket_timeout": CONNECT_SECONDS,
        "socket_connect_timeout": CONNECT_SECONDS,
        **address.sentinel_login,
        **({"ssl": True, **address.tls} if address.tls is not None else {}),
    }
    untyped: Any = Sentinel
    master: redis.Redis = untyped(address.hosts, sentinel_kwargs=asked, **options).master_for(
        address.master
    )
    return master


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
