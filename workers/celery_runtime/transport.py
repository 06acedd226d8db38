"""Celery's transport on Redis, but a message that is none of ours ends no worker.

kombu decodes what it takes from a queue in the loop that fetches messages, and what that raises
ends the process: one line of text in a queue would end every planner, one after the other.
"""

from __future__ import annotations

from queue import Empty
from typing import Any, Final

import structlog
from kombu.transport import TRANSPORT_ALIASES
from kombu.transport import redis as kombu_redis

from telemetry.logs import log_fields

log = structlog.get_logger(__name__)

MALFORMED: Final = (ValueError, TypeError, LookupError, AttributeError)
"""Raised for a message that is no JSON, or of another shape than kombu writes."""


class _TolerantReading:
    """A channel that drops what is no JSON."""

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]
        except ValueError as error:
            log.error("message_dropped", **log_fields(error))
            raise Empty from error


class _TolerantDelivery:
    """A transport that drops messages of another shape."""

    def _deliver(self, message: Any, queue: str) -> None:
        try:
            super()._deliver(message, queue)  # type: ignore[misc]
        except MALFORMED as error:
            log.error("message_dropped", queue=queue, **log_fields(error))


class TolerantChannel(_TolerantReading, kombu_redis.Channel):
    """See the module."""


class TolerantSentinelChannel(_TolerantReading, kombu_redis.SentinelChannel):
    """See the module."""


class TolerantTransport(_TolerantDelivery, kombu_redis.Transport):
    """See the module."""

    Channel = TolerantChannel


class TolerantSentinelTransport(
    _TolerantDelivery,
    kombu_redis.SentinelTransport,
):
    """See the module."""

    Channel = TolerantSentinelChannel


def register_transports() -> None:
    """Makes these the transports of this process, before it connects."""
    TRANSPORT_ALIASES["redis"] = f"{__name__}:{TolerantTransport.__name__}"
    TRANSPORT_ALIASES["sentinel"] = f"{__name__}:{TolerantSentinelTransport.__name__}"
