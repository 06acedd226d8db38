"""The client of the ``wyoming`` package, as Home Assistant uses it, against the real service."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import numpy as np
import pytest
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
    SynthesizeVoice,
)

from cli.stack import Stack
from cli.wyoming import CHUNK_SAMPLES, open_server
from tests.expected_audio import expected_length

T = TypeVar("T")
TEXT = "The kitchen light is on. It is half past nine."
DEADLINE = 120.0


def talking(url: str, talk: Callable[[AsyncTcpClient], Awaitable[T]]) -> T:
    """Returns what a client learns of a server before that service."""

    async def run() -> T:
        async with open_server("127.0.0.1", 0, url) as server:
            port = server.sockets[0].getsockname()[1]
            async with AsyncTcpClient("127.0.0.1", port, read_timeout=DEADLINE) as client:
                return await talk(client)

    return asyncio.run(run())


async def until(client: AsyncTcpClient, type: str) -> list[Event]:
    events = list[Event]()
    while not events or events[-1].type not in (type, "error"):
        event = await client.read_event()
        assert event is not None
        events.append(event)
    return events


def samples_of(events: list[Event]) -> int:
    chunks = [AudioChunk.from_event(e) for e in events if AudioChunk.is_type(e.type)]
    assert {(c.rate, c.width, c.channels) for c in chunks} == {(22050, 2, 1)}
    assert all(0 < c.samples <= CHUNK_SAMPLES for c in chunks)
    data = np.frombuffer(b"".join(c.audio for c in chunks), "<i2")
    assert np.abs(data).max() > 3000
    return len(data)


def test_it_tells_its_voices(service: Stack) -> None:
    async def talk(client: AsyncTcpClient) -> Info:
        await client.write_event(Describe().event())
        (event,) = await until(client, "info")
        return Info.from_event(event)

    info = talking(service.url, talk)
    (program,) = info.tts
    assert program.supports_synthesize_streaming
    assert [voice.name for voice in program.voices] == ["tiny", "tiny-high"]
    assert program.voices[0].languages == ["en-us"]
    assert info.asr == []


@pytest.mark.parametrize("voice", [None, SynthesizeVoice(name="tiny-high")])
def test_a_text_becomes_audio(service: Stack, voice: SynthesizeVoice | None) -> None:
    async def talk(client: AsyncTcpClient) -> list[Event]:
        await client.write_event(Synthesize(TEXT, voice).event())
        return await until(client, "audio-stop")

    first, *chunks, last = talking(service.url, talk)
    assert AudioStart.from_event(first).rate == 22050
    assert samples_of(chunks) == expected_length(TEXT)
    stop = AudioStop.from_event(last)
    assert stop.timestamp == pytest.approx(1000 * expected_length(TEXT) / 22050, abs=1)


def test_markup_and_one_connection_for_many(service: Stack) -> None:
    markup = "<speak>One.<break time='300ms'/>Two.</speak>"

    async def talk(client: AsyncTcpClient) -> list[Event]:
        await client.write_event(Ping("are you there?").event())
        await client.write_event(Synthesize(markup, text_format="ssml").event())
        await client.write_event(Synthesize(TEXT).event())
        return await until(client, "audio-stop") + await until(client, "audio-stop")

    pong, *events = talking(service.url, talk)
    assert Pong.from_event(pong).text == "are you there?"
    assert samples_of(events) == expected_length(markup, ssml=True) + expected_length(TEXT)


def test_a_text_that_is_still_written(service: Stack) -> None:
    """Sentences are said as they are complete; the whole text for older servers is left out."""

    async def talk(client: AsyncTcpClient) -> list[Event]:
        await client.write_event(SynthesizeStart(SynthesizeVoice(name="tiny")).event())
        for piece in ("Dr. Smi", "th came. He sat ", "down"):
            await client.write_event(SynthesizeChunk(piece).event())
        events = await until(client, "audio-stop")  # before the text has ended
        await client.write_event(Synthesize("Dr. Smith came. He sat down").event())
        await client.write_event(SynthesizeStop().event())
        return events + await until(client, "synthesize-stopped")

    events = talking(service.url, talk)
    types = [event.type for event in events if event.type != "audio-chunk"]
    assert types == ["audio-start", "audio-stop"] * 2 + ["synthesize-stopped"]
    assert SynthesizeStopped.is_type(events[-1].type)
    expected = expected_length("Dr. Smith came.") + expected_length("He sat down")
    assert samples_of(events) == expected


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (Synthesize(TEXT, SynthesizeVoice(name="nobody")).event(), "unknown_voice"),
        (Synthesize("…").event(), "unspeakable_text"),
        (Event("synthesize"), "invalid_event"),
    ],
)
def test_errors_are_events(service: Stack, event: Event, code: str) -> None:
    async def talk(client: AsyncTcpClient) -> list[Event]:
        await client.write_event(event)
        return await until(client, "audio-stop")

    (error,) = talking(service.url, talk)
    assert Error.from_event(error).code == code


def test_a_service_that_is_away(closed_port: int) -> None:
    async def talk(client: AsyncTcpClient) -> list[Event]:
        await client.write_event(Describe().event())
        return await until(client, "info")

    (error,) = talking(f"http://127.0.0.1:{closed_port}", talk)
    assert "no service" in Error.from_event(error).text


@pytest.mark.parametrize("line", [b"hello\n", b"[1]\n", b'{"type": "x", "data_length": -1}\n'])
def test_what_is_no_event_ends_the_connection(line: bytes, closed_port: int) -> None:
    async def run() -> bytes:
        async with open_server("127.0.0.1", 0, f"http://127.0.0.1:{closed_port}") as server:
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(line)
            data: Any = await asyncio.wait_for(reader.read(), DEADLINE)
            writer.close()
            await writer.wait_closed()
            return bytes(data)

    assert b"invalid_event" in asyncio.run(run())
