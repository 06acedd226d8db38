"""Connections to receivers of webhooks: to addresses that were looked up and checked, no others.

A receiver's name is looked up once for each connection, what it means is checked, and that very
address is connected to: a name that means another address a moment later (DNS rebinding) leads
nowhere else. TLS is verified against the name.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Final

import httpcore
import msgspec

from core.addresses import IpAddress, IpNetwork, is_public, is_within, parse_address
from core.errors import FieldError
from core.webhook import ReceiverAddress, parse_receiver

MOST_CONNECTIONS: Final = 64
"""Of one process at once."""


LOOK_UPS: Final = ThreadPoolExecutor(MOST_CONNECTIONS, thread_name_prefix="look-up")
"""Of names: a name server that does not answer holds none of the threads that others need."""


class AddressRefused(Exception):
    """Raised where a receiver's name means no address that may be connected to."""


class NameUnknown(Exception):
    """Raised where a receiver's name means no address."""


class ReceiverAnswer(msgspec.Struct, frozen=True):
    """What a receiver answered."""

    status: int
    retry_after: float | None
    """Seconds, where it says so."""


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Opens connections to addresses of the internet and of networks that the operator allows.

    Args:
        networks: that are allowed beside the internet.
        public: False allows these alone.
    """

    def __init__(self, networks: Sequence[IpNetwork], *, public: bool) -> None:
        self._networks, self._public = networks, public
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connects to the first address of a name that answers.

        Raises:
            NameUnknown, AddressRefused: see there.
            httpcore.ConnectError: none answers.
        """
        addresses = [one for one in await look_up(host, port) if self._may_be_reached(one)]
        if not addresses:
            raise AddressRefused
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._network.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or AddressRefused

    async def connect_unix_socket(self, *args: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        """Raises AddressRefused: no receiver is a file."""
        raise AddressRefused

    async def sleep(self, seconds: float) -> None:
        """Waits; asked for by httpcore between its own attempts."""
        await asyncio.sleep(seconds)

    def _may_be_reached(self, address: IpAddress) -> bool:
        return is_within(address, self._networks) or (self._public and is_public(address))


async def look_up(host: str, port: int) -> list[IpAddress]:
    """Returns the addresses that a host means now.

    Raises:
        NameUnknown: none.
    """
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        found = await asyncio.get_running_loop().run_in_executor(LOOK_UPS, ask)
    except (OSError, UnicodeError) as error:
        raise NameUnknown from error
    addresses = (parse_address(str(sockaddr[0])) for *_, sockaddr in found)
    return list(dict.fromkeys(one for one in addresses if one is not None))


class Receivers:
    """Posts to receivers; follows no redirect, asks no proxy, and reads no body of an answer.

    Args:
        networks: that may be reached beside the internet; without TLS they alone.
        seconds: how long an attempt may take [s].
    """

    def __init__(self, networks: Sequence[IpNetwork], seconds: float) -> None:
        self._seconds = seconds
        context = ssl.create_default_context()
        self._pools = {
            "https": _pool(CheckedNetwork(networks, public=True), context),
            "http": _pool(CheckedNetwork(networks, public=False), context),
        }

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> ReceiverAnswer | str:
        """Returns the answer, or the code of why there is none."""
        try:
            address = parse_receiver(url)
            async with asyncio.timeout(self._seconds):
                return await self._post(address, headers, body)
        except FieldError:
            return "not_a_url"
        except (TimeoutError, httpcore.TimeoutException):
            return "timeout"
        except AddressRefused:
            return "address_refused"
        except NameUnknown:
            return "name_unknown"
        except httpcore.ConnectError as error:
            return "tls" if _is_of_tls(error) else "not_reached"
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
            return "broken_off"

    async def close(self) -> None:
        """Closes all connections."""
        for pool in self._pools.values():
            await pool.aclose()

    async def _post(
        self, address: ReceiverAddress, headers: Mapping[str, str], body: bytes
    ) -> ReceiverAnswer:
        # Made of the parts that are checked: what is checked is what is connected to.
        url = httpcore.URL(
            scheme=address.scheme, host=address.host, port=address.port, target=address.target
        )
        async with self._pools[address.scheme].stream(
            "POST",
            url,
            headers=[(name.encode(), value.encode()) for name, value in headers.items()],
            content=body,
            extensions={"timeout": dict.fromkeys(("connect", "read", "write"), self._seconds)},
        ) as answer:
            return ReceiverAnswer(answer.status, _retry_after(answer.headers, time.time()))


def _is_of_tls(error: BaseException | None) -> bool:
    """Returns whether a certificate or a handshake is behind an error."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _pool(network: CheckedNetwork, context: ssl.SSLContext) -> httpcore.AsyncConnectionPool:
    """Returns connections that are closed after each answer, whose body nobody reads."""
    return httpcore.AsyncConnectionPool(
        ssl_context=context,
        max_connections=MOST_CONNECTIONS,
        max_keepalive_connections=0,
        network_backend=network,
    )


def _retry_after(headers: Sequence[tuple[bytes, bytes]], now: float) -> float | None:
    """Returns the seconds of ``Retry-After``, which may also be a date (RFC 9110 §10.2.3)."""
    for name, value in headers:
        if name.lower() == b"retry-after":
            text = value.decode("latin-1").strip()
            if text.isascii() and text.isdecimal() and len(text) <= 8:
                return float(text)
            try:
                return max(0.0, parsedate_to_datetime(text).timestamp() - now)
            except (ValueError, OverflowError):
                return None
    return None
