"""Which servers have known holes: below the last security release of their line.

Distributions mend older versions without another number, so that a warning is all this can be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import redis
import structlog

log = structlog.get_logger(__name__)

FIXED: Final[dict[str, dict[tuple[int, int], int]]] = {
    "redis": {
        (6, 2): 23, (7, 2): 15, (7, 4): 10, (8, 2): 10, (8, 4): 5, (8, 6): 7, (8, 8): 3,
        (8, 10): 2,
    },
    "valkey": {(7, 2): 14, (8, 0): 10, (8, 1): 9, (9, 0): 5, (9, 1): 1},
}  # fmt: skip
"""Line → first patch release without a known hole.

Source: Redis' security releases of 2026-07-23 and 2026-09-18 (docker-library/official-images pull
requests 21922, 21927 and 22312); Valkey's of 2026-07-21 (7.2.14, 8.0.10, 8.1.9, 9.0.5, 9.1.1).
"""


def outdated(info: Mapping[str, Any]) -> str | None:
    """Returns what is wrong with a server's version, as ``INFO server`` gives it; None: nothing.

    >>> outdated({"redis_version": "6.2.14"})
    'redis 6.2.14 has known holes, which 6.2.23 has not'
    >>> outdated({"redis_version": "7.2.4", "server_name": "valkey", "valkey_version": "9.1.1"})
    >>> outdated({"redis_version": "7.0.15"})
    'redis 7.0.15 is of a line that is no longer mended'
    """
    kind = "valkey" if info.get("server_name") == "valkey" else "redis"
    version = str(info.get(f"{kind}_version", ""))
    numbers = version.split(".")
    if len(numbers) != 3 or not all(number.isdecimal() for number in numbers):
        return None  # a build of its own
    major, minor, patch = map(int, numbers)
    fixed = FIXED[kind].get((major, minor))
    if fixed is not None:
        if patch >= fixed:
            return None
        return f"{kind} {version} has known holes, which {major}.{minor}.{fixed} has not"
    if (major, minor) > max(FIXED[kind]):
        return None
    return f"{kind} {version} is of a line that is no longer mended"


def warn_if_outdated(client: redis.Redis) -> None:
    """Logs a warning where the server has known holes; whoever may not ask is not warned."""
    try:
        info: Any = client.info("server")
    except redis.RedisError:
        return
    if message := outdated(info):
        log.warning("redis_outdated", message=message)
