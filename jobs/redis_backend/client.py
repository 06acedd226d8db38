"""The connection to Redis: time-outs, and its exceptions translated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import redis
from redis.sentinel import Sentinel

from core.errors import Unavailable
from jobs.redis_backend.address import parse_address

CONNECT_SECONDS = 2.0
"""A client of the API should learn within seconds that Redis is away."""
ANSWER_SECONDS = 10.0
"""Longest command: a plan of a whole book is written in pieces well below this."""
FIRST_ANSWER_SECONDS = 3.0
"""How long a start waits for Redis, resolving its name and trying again included [s]."""


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


def require_redis(url: str) -> None:
    """Returns once Redis has answered; for a start, which is to fail at once with the reason.

    Raises:
        FieldError: it is no address.
        Unavailable: nothing answers there in time, it is no Redis, or it refuses the login; names
            host and port.
    """
    address = parse_address(url)
    place = address.path or ", ".join(f"{host}:{port}" for host, port in address.hosts)
    answers: SimpleQueue[str] = SimpleQueue()

    def ask() -> None:
        try:
            with closing(open_redis(url)) as client:
                client.ping()
        except redis.BusyLoadingError:
            answers.put("")  # it reads its file; what needs it waits
        except (redis.RedisError, OSError) as error:
            answers.put(str(error) or type(error).__name__)
        else:
            answers.put("")

    # In a thread of its own: a name that does not resolve, and several tries, take longer.
    Thread(target=ask, daemon=True).start()
    try:
        failure = answers.get(timeout=FIRST_ANSWER_SECONDS)
    except Empty:
        failure = f"no answer within {FIRST_ANSWER_SECONDS:.0f} s"
    if failure:
        raise Unavailable(f"no Redis at {place} (REDIS_URL): {failure}", code="redis_unavailable")


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
