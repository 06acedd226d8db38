"""Bodies of requests: each has to arrive in time, and few large ones are on their way at once.

A byte now and then would hold memory and a place; many large bodies would take all memory and disk.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from litestar.types.asgi_types import HTTPReceiveMessage

from api.admission import ApiClient
from api.browsers import SAFE_METHODS
from api.fair_semaphore import FairSemaphore
from api.problems import BodyError, FieldProblem
from core.errors import Unavailable

SMALL_BYTES: Final = 64 * 1024
"""A body of more takes one of the places."""
BLOCK_BYTES: Final = 1024 * 1024
"""What is passed on at once of a larger body: each block costs the application two threads' turns,
and a server passes on what a socket had, some kilobytes."""
BYTES_PER_SECOND: Final = 32 * 1024 * 1024
"""A large body is taken no faster than this, since its bytes pass through the loop that answers
everybody; only clients nearby are as fast as that."""
MOST_WAITING: Final = 64
"""Large bodies of one client that wait for a place; further ones are answered 429."""


class UploadLimits:
    """Middleware that cuts slow bodies, and lets clients take turns with large ones.

    Args:
        seconds: from the request's head to the last byte of its body, a place included [s].
        places: large bodies at once; a place is held until the answer begins.
    """

    def __init__(self, seconds: float, places: int) -> None:
        self._seconds = seconds
        self._turns = FairSemaphore(places, MOST_WAITING, "too_many_uploads")

    def __call__(self, app: ASGIApp) -> ASGIApp:
        """Returns the application behind the limits."""

        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != ScopeType.HTTP:
                await app(scope, receive, send)
                return
            async with AsyncExitStack() as place:
                body = _Body(scope, receive, self._turns, place, self._seconds)

                async def send_without_place(message: Message) -> None:
                    await place.aclose()
                    await send(message)

                await app(scope, body.receive, send_without_place)

        return call


class _Body:
    """The body of a request, as its application receives it."""

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        turns: FairSemaphore,
        place: AsyncExitStack,
        seconds: float,
    ) -> None:
        self._scope: Any = scope
        self._receive, self._turns, self._place = receive, turns, place
        self._seconds = seconds
        self._began = asyncio.get_running_loop().time()
        self._deadline = self._began + seconds
        self._taken = 0
        self._complete = self._large = False

    async def receive(self) -> HTTPReceiveMessage:
        """Returns the next block, or that the client went away.

        Raises:
            BodyError: it did not come in time, or not to its end.
            LimitReached: the client has too many other bodies on their way.
            Unavailable: there was no place in time.
        """
        blocks, size = list[bytes](), 0
        while not self._complete and size < BLOCK_BYTES:
            message = await self._next()
            if message["type"] != "http.request":
                if self._scope["method"] in SAFE_METHODS:
                    return message
                raise _whole("the client went away before its body was complete", "incomplete_body")
            blocks.append(message["body"])
            size += len(message["body"])
            self._complete = not message["more_body"]
            if size > SMALL_BYTES and not self._large:
                await self._take_place()
        if self._large:
            self._taken += size
            due = self._began + self._taken / BYTES_PER_SECOND
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
        if blocks:
            more = not self._complete
            return {"type": "http.request", "body": b"".join(blocks), "more_body": more}
        return await self._receive()  # type: ignore[return-value]  # waits for the client to go away

    async def _next(self) -> HTTPReceiveMessage:
        try:
            async with asyncio.timeout_at(self._deadline):
                return await self._receive()  # type: ignore[return-value]
        except TimeoutError as error:
            message = f"the body did not arrive within {self._seconds:g} seconds"
            raise _whole(message, "upload_timeout", 408) from error

    async def _take_place(self) -> None:
        client: ApiClient = self._scope["state"]["client"]  # the guard was before
        left = max(0.0, self._deadline - asyncio.get_running_loop().time())
        try:
            await self._place.enter_async_context(self._turns.permit(client.quota_key, left))
        except TimeoutError as error:
            message = "other large bodies are on their way; try again later"
            raise Unavailable(message, code="uploads_busy") from error
        self._large = True


def _whole(message: str, code: str, status: int = 400) -> BodyError:
    return BodyError(message, code=code, status=status, errors=(FieldProblem("body", message),))
