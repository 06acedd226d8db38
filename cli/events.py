"""Server-sent events as text comes in. Source: WHATWG HTML §9.2.6."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec


class Event(msgspec.Struct, frozen=True):
    """What a stream told."""

    id: str
    event: str
    data: str


def read_events(lines: Iterable[str]) -> Iterator[Event]:
    """Events of a stream; comments and an event that was cut off are left out.

    Args:
        lines: without their ends.

    >>> list(read_events([": hello", "", "id: 1-0", "event: created", "data: {}", "", "id: 2-0"]))
    [Event(id='1-0', event='created', data='{}')]
    """
    last, event, data = "", "message", list[str]()
    for line in lines:
        if not line:
            if data:
                yield Event(last, event, "\n".join(data))
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
