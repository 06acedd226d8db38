"""Parses a stream of server-sent events. Source: WHATWG HTML §9.2.6."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec


class ServerSentEvent(msgspec.Struct, frozen=True):
    """One event of a stream."""

    id: str
    event: str
    data: str


def read_events(lines: Iterable[str]) -> Iterator[ServerSentEvent]:
    """Yields the events of a stream, without comments and without an event that was cut off.

    Args:
        lines: lines of the stream, without their ends.

    >>> list(read_events([": hello", "", "id: 1-0", "event: created", "data: {}", "", "id: 2-0"]))
    [ServerSentEvent(id='1-0', event='created', data='{}')]
    """
    last, event, data = "", "message", list[str]()
    for line in lines:
        if not line:
            if data:
                yield ServerSentEvent(last, event, "\n".join(data))
            event, data = "message", []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "id":
            last = value
        elif name == "event":
            event = value
        elif name == "data":
            data.append(value)
