"""Connections: how many there may be, and how long one may do nothing.

A server has a limited number of open files. Without these limits one client that opens connections,
or begins requests and never ends them, keeps everybody else out.

Source: uvicorn, protocols/http/h11_impl.py (what is extended); nginx, client_header_timeout and
send_timeout (what others do).
"""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from typing import Any, Final

import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.admission import network_of
from api.settings import ApiSettings

OTHER_FILES: Final = 256
"""Open files beside connections: Redis, pipes, uploads, audio."""
RESERVED: Final = 8
"""An eighth of the connections is never one client's."""
FULL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\n"
    b"Connection: close\r\n\r\n"
)

log = structlog.get_logger(__name__)


def most_connections(wanted: int) -> int:
    """Returns how many connections there may be, after having raised the limit of open files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + OTHER_FILES
    if hard != resource.RLIM_INFINITY:
        needed = min(needed, hard)
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    most = max(1, min(wanted, needed - OTHER_FILES))
    if most < wanted:
        log.warning("few_open_files", limit=hard, connections=most)
    return most


def limited_protocol(settings: ApiSettings) -> type[H11Protocol]:
    """Returns uvicorn's protocol with the limits of the settings."""
    most = most_connections(settings.connections)
    own = max(1, most - most // RESERVED)
    counts = Counter[str]()

    class LimitedConnection(H11Protocol):
        """A connection that is cut where its client does nothing for too long."""

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self._network = ""
            self._head: asyncio.TimerHandle | None = None
            self._stalled: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            """Refuses the connection, or waits for the head of a request."""
            super().connection_made(transport)
            self._network = network_of(self.client[0] if self.client else "")
            counts[self._network] += 1
            if counts.total() > most or counts[self._network] > own:
                transport.write(FULL)
                transport.close()
            else:
                self._expect_head()

        def connection_lost(self, exc: Exception | None) -> None:
            """Makes room."""
            super().connection_lost(exc)
            counts[self._network] -= 1
            if not counts[self._network]:
                del counts[self._network]
            self._expect_nothing()
            self.resume_writing()

        def data_received(self, data: bytes) -> None:
            """Takes what came."""
            super().data_received(data)
            if self._has_request():
                self._expect_nothing()

        def on_response_complete(self) -> None:
            """Waits for the next head, unless it is there already."""
            super().on_response_complete()
            if not self._has_request() and not self.transport.is_closing():
                self._expect_head()

        def pause_writing(self) -> None:
            """Begins to wait for a client that does not take what it is sent."""
            super().pause_writing()
            if self._stalled is None:
                self._stalled = self.loop.call_later(settings.send_seconds, self.transport.abort)

        def resume_writing(self) -> None:
            """Goes on."""
            super().resume_writing()
            if self._stalled is not None:
                self._stalled.cancel()
                self._stalled = None

        def _has_request(self) -> bool:
            return self.cycle is not None and not self.cycle.response_complete

        def _expect_head(self) -> None:
            self._expect_nothing()
            self._head = self.loop.call_later(settings.head_seconds, self.transport.abort)

        def _expect_nothing(self) -> None:
            if self._head is not None:
                self._head.cancel()
                self._head = None

    return LimitedConnection
