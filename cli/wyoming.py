"""``rhapsode wyoming``: speaks for Home Assistant, as a client of a running service.

Every text becomes a job that is streamed, so that a voice begins while the rest is still made.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import rich_click as click

from cli.client import error_from
from cli.up import interrupted_once
from cli.wyoming_events import MOST_BYTES, VERSION, WyomingEvent, read_wyoming_event
from core.errors import FieldError, InputError, RhapsodeError, Unavailable

PORT: Final = 10200
"""Piper's, which Home Assistant looks for."""
CHUNK_SAMPLES: Final = 1024
"""Samples of an ``audio-chunk``."""
ATTRIBUTION: Final = {"name": "Rhapsode", "url": ""}
_RATE = re.compile(r"rate=(\d+)")
_MAY_END = re.compile(r"[.!?…\n]['\")\]]*\s")


@click.command()
@click.option(
    "--uri",
    default=f"tcp://127.0.0.1:{PORT}",
    show_default=True,
    help="Where to listen; the protocol has no passwords, so keep it to a private network.",
)
@click.option(
    "--url",
    default="http://127.0.0.1:8080",
    envvar="RHAPSODE_URL",
    show_default=True,
    help="URL of the service (or RHAPSODE_URL); its key in RHAPSODE_KEY.",
)
@click.option("--voice", help="The voice of texts that name none.")
def wyoming(uri: str, url: str, voice: str | None) -> None:
    """Offer a running service to Home Assistant (Wyoming protocol) until Ctrl-C.

    \b
    rhapsode up
    rhapsode wyoming --uri tcp://0.0.0.0:10200
    """
    address = urlsplit(uri)
    if address.scheme != "tcp" or not address.hostname:
        raise FieldError("--uri", f"{uri!r} is no address", allowed="tcp://HOST:PORT")
    with interrupted_once(), suppress(KeyboardInterrupt):
        asyncio.run(_serve(address.hostname, address.port or PORT, url, voice))


async def _serve(host: str, port: int, url: str, voice: str | None) -> None:
    async with open_server(host, port, url, voice) as server:
        click.echo(f"ready: tcp://{host}:{server.sockets[0].getsockname()[1]}")
        await server.serve_forever()


def open_server(host: str, port: int, url: str, voice: str | None = None) -> WyomingServer:
    """Returns a server that listens once it is entered; port 0 takes a free one."""
    return WyomingServer(host, port, SpeechService(url), voice)


class SpeechService:
    """The service that speaks.

    Args:
        url: URL of its API.
    """

    def __init__(self, url: str) -> None:
        key = os.environ.get("RHAPSODE_KEY")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.AsyncClient(base_url=url, timeout=90, trust_env=False, headers=headers)

    async def voices(self) -> list[dict[str, Any]]:
        """Returns the voices. Raises Unavailable: the service does not answer."""
        answer = await self._checked("GET", "/voices")
        voices: list[dict[str, Any]] = answer.json()["voices"]
        return voices

    async def speak(self, request: dict[str, Any]) -> AsyncIterator[tuple[int, bytes]]:
        """Yields the sample rate [Hz] and blocks of 16-bit PCM, as they are made.

        Raises:
            InputError, Unavailable: the service refuses, or does not answer.
        """
        answer = await self._checked("POST", "/synthesize", json={**request, "stream": True})
        path, params = f"{answer.headers['location']}/audio", {"stream": "true"}
        headers = {"Accept": "audio/pcm"}
        try:
            async with self._http.stream("GET", path, params=params, headers=headers) as audio:
                if audio.status_code != 200:
                    await audio.aread()
                    raise error_from(audio)
                rate = _RATE.search(audio.headers["content-type"])
                async for block in audio.aiter_bytes():
                    yield int(rate[1]) if rate else 0, block
        except httpx.TransportError as error:
            raise Unavailable(f"the audio broke off: {error}") from error

    async def close(self) -> None:
        """Closes its connections."""
        await self._http.aclose()

    async def _checked(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            answer = await self._http.request(method, path, **options)
        except httpx.TransportError as error:
            message = f"no service at {self._http.base_url}: {error}"
            raise Unavailable(message) from error
        if answer.status_code >= 400:
            raise error_from(answer)
        return answer


class WyomingServer:
    """A server of the Wyoming protocol; an async context manager that yields the listening server.

    Args:
        host: address to listen on.
        port: port to listen on.
        service: what speaks.
        voice: of texts that name none; None = the service's default.
    """

    def __init__(self, host: str, port: int, service: SpeechService, voice: str | None) -> None:
        self._host, self._port = host, port
        self._service, self._voice = service, voice
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> asyncio.Server:
        self._server = await asyncio.start_server(
            self._connected, self._host, self._port, limit=MOST_BYTES
        )
        return self._server

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._service.close()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._answer(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = WyomingConnection(self._service, writer, self._voice)
        speaking = asyncio.create_task(connection.speak())
        try:
            while (event := await read_wyoming_event(reader)) is not None:
                await connection.take(event)
            # Whoever goes away wants nothing more: the service cancels what it streams.
        except InputError as error:
            with suppress(ConnectionError):
                await connection.send("error", text=error.message, code=error.code)
        except ConnectionError:
            pass
        finally:
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@dataclass
class PendingSpeech:
    """Texts of one request, and whether it is a streamed one.

    Attributes:
        request: fields of ``POST /synthesize`` beside the text.
        source_field: ``text`` or ``ssml``.
        texts: what is to be spoken, one after the other.
        is_last: nothing of a streamed request follows.
    """

    request: dict[str, Any]
    source_field: str
    texts: list[str] = field(default_factory=list)
    is_last: bool = False


class WyomingConnection:
    """One client's connection: requests are answered in their order.

    Args:
        service: what speaks.
        writer: to the client.
        voice: of texts that name none.
    """

    def __init__(
        self, service: SpeechService, writer: asyncio.StreamWriter, voice: str | None
    ) -> None:
        self._service, self._writer, self._voice = service, writer, voice
        self._pending: asyncio.Queue[PendingSpeech] = asyncio.Queue()
        self._streamed: PendingSpeech | None = None
        self._rest = ""

    async def take(self, event: WyomingEvent) -> None:
        """Takes an event of the client.

        Raises:
            InputError: it lacks what its type needs.
        """
        match event.type:
            case "describe":
                await self._describe()
            case "ping":
                await self.send("pong", text=event.data.get("text"))
            case "synthesize" if self._streamed is None:
                speech = self._speech(event)
                speech.texts = [_text_of(event)]
                await self._pending.put(speech)
            case "synthesize-start":
                self._streamed, self._rest = self._speech(event), ""
            case "synthesize-chunk" if self._streamed is not None:
                self._rest += _text_of(event)
                if self._streamed.source_field == "text":
                    sentences, self._rest = split_complete(self._rest)
                    await self._say(sentences)
            case "synthesize-stop" if self._streamed is not None:
                await self._say(self._rest, last=True)
                self._streamed = None

    async def speak(self) -> None:
        """Speaks what comes, until it is cancelled."""
        while True:
            speech = await self._pending.get()
            try:
                for text in speech.texts:
                    await self._speak_text({**speech.request, speech.source_field: text})
            except RhapsodeError as error:
                await self.send("error", text=error.message, code=error.code)
            if speech.is_last:
                await self.send("synthesize-stopped")

    async def send(self, type: str, payload: bytes = b"", **data: Any) -> None:
        """Sends an event."""
        self._writer.write(WyomingEvent(type, data, payload).encode())
        await self._writer.drain()

    async def _say(self, text: str, *, last: bool = False) -> None:
        assert self._streamed is not None
        texts = [text] if any(character.isalnum() for character in text) else []
        speech = PendingSpeech(
            self._streamed.request, self._streamed.source_field, texts, is_last=last
        )
        if texts or last:
            await self._pending.put(speech)

    async def _speak_text(self, request: dict[str, Any]) -> None:
        sound: dict[str, Any] = {"width": 2, "channels": 1}
        left, sent = b"", 0
        async for rate, block in self._service.speak(request):
            if "rate" not in sound:
                sound = {"rate": rate, **sound}
                await self.send("audio-start", **sound, timestamp=0)
            data = left + block
            whole = len(data) - len(data) % 2
            left = data[whole:]
            for start in range(0, whole, 2 * CHUNK_SAMPLES):
                piece = data[start : min(start + 2 * CHUNK_SAMPLES, whole)]
                at = 1000 * sent // sound["rate"]
                await self.send("audio-chunk", piece, **sound, timestamp=at)
                sent += len(piece) // 2
        if "rate" in sound:
            await self.send("audio-stop", timestamp=1000 * sent // sound["rate"])

    def _speech(self, event: WyomingEvent) -> PendingSpeech:
        voice = event.data.get("voice") or {}
        name = voice.get("name") if isinstance(voice, dict) else None
        request = {"voice": name or self._voice} if name or self._voice else {}
        field = "ssml" if event.data.get("text_format") == "ssml" else "text"
        return PendingSpeech(request, field)

    async def _describe(self) -> None:
        try:
            voices = await self._service.voices()
        except RhapsodeError as error:
            await self.send("error", text=error.message, code=error.code)
            return
        own = {"attribution": ATTRIBUTION, "installed": True, "version": VERSION}
        program = {
            "name": "rhapsode",
            "description": "Rhapsode text-to-speech",
            **own,
            "voices": [
                {
                    "name": voice["name"],
                    "description": voice["title"],
                    **own,
                    "languages": [voice["language"]],
                }
                for voice in voices
            ],
            "supports_synthesize_streaming": True,
        }
        others: dict[str, Any] = {
            name: [] for name in ("asr", "handle", "intent", "wake", "mic", "snd")
        }
        await self.send("info", tts=[program], **others)


def _text_of(event: WyomingEvent) -> str:
    text = event.data.get("text")
    if not isinstance(text, str):
        raise InputError(f"{event.type} without a text", code="invalid_event")
    return text


def split_complete(text: str) -> tuple[str, str]:
    """Returns the sentences that are complete, and the rest, of a text that goes on.

    >>> split_complete("Dr. Smith came. He sa")
    ('Dr. Smith came. ', 'He sa')
    """
    if not _MAY_END.search(text):
        return "", text
    from text.frontend import open_frontend  # here, as it takes time: `rhapsode --help` shows us

    try:
        utterances = open_frontend("house-ipa", "en-us").analyze(text, ssml=False).utterances
    except InputError:  # nothing to speak yet
        return "", text
    if not utterances:
        return "", text
    last = utterances[-1].span.end
    ends = (u.span.end for u in utterances if u.pause_after_seconds and u.span.end < last)
    at = max(ends, default=0)
    while at < len(text) and text[at].isspace():
        at += 1
    return text[:at], text[at:]
