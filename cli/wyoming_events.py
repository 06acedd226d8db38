"""Wyoming's events: a line of JSON, then data and payload of the lengths that it says.

Source: OHF-Voice/wyoming, README.md and wyoming/event.py.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, Final

from core.errors import InputError

VERSION: Final = "1.10.2"
"""Of the protocol's package, whose events these are."""
MOST_BYTES: Final = 4 * 1024 * 1024
"""Longest line, data or payload that is read; the longest text fits."""


@dataclass(frozen=True, slots=True)
class WyomingEvent:
    """An event.

    Attributes:
        type: its name.
        data: its fields.
        payload: bytes, of audio.
    """

    type: str
    data: dict[str, Any] = field(default_factory=dict)
    payload: bytes = b""

    def encode(self) -> bytes:
        """Returns the bytes on the wire.

        >>> WyomingEvent("audio-stop").encode()
        b'{"type": "audio-stop", "version": "1.10.2"}\\n'
        """
        head: dict[str, Any] = {"type": self.type, "version": VERSION}
        data = json.dumps(self.data, ensure_ascii=False).encode() if self.data else b""
        if data:
            head["data_length"] = len(data)
        if self.payload:
            head["payload_length"] = len(self.payload)
        return json.dumps(head).encode() + b"\n" + data + self.payload


async def read_wyoming_event(reader: asyncio.StreamReader) -> WyomingEvent | None:
    """Reads the next event; None: the other side has ended.

    Args:
        reader: with a limit of ``MOST_BYTES``.

    Raises:
        InputError: what comes is no event (code ``invalid_event``).
    """
    try:
        line = await reader.readline()
        if not line:
            return None
        head = _object(line)
        lengths = [_length(head, name) for name in ("data_length", "payload_length")]
        more, payload = [await reader.readexactly(length) for length in lengths]
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    except ValueError as error:
        raise InputError(f"no event of Wyoming: {error}", code="invalid_event") from error
    own = head.get("data") or {}
    if not isinstance(own, dict) or not isinstance(head.get("type"), str):
        raise InputError("no event of Wyoming: it has no type", code="invalid_event")
    return WyomingEvent(head["type"], own | (_object(more) if more else {}), payload)


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"no event of Wyoming: {error}", code="invalid_event") from error
    if not isinstance(value, dict):
        raise InputError("no event of Wyoming: not an object", code="invalid_event")
    return value


def _length(head: dict[str, Any], name: str) -> int:
    length = head.get(name) or 0
    if not isinstance(length, int) or not 0 <= length <= MOST_BYTES:
        raise ValueError(f"{name} is {length!r}")
    return length
