"""A request's body has to arrive in time: a byte now and then would hold memory and a place."""

from __future__ import annotations

import asyncio

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send
from litestar.types.asgi_types import HTTPReceiveMessage

from api.problems import BodyError, FieldProblem


class UploadLimit:
    """Middleware that cuts bodies which take longer than a time.

    Args:
        seconds: from the request's head to the last byte of its body [s].
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __call__(self, app: ASGIApp) -> ASGIApp:
        """Returns the application behind the limit."""

        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != ScopeType.HTTP:
                await app(scope, receive, send)
                return
            deadline, complete = asyncio.get_running_loop().time() + self._seconds, False

            async def receive_in_time() -> HTTPReceiveMessage:
                nonlocal complete
                if complete:  # from here on it waits for the client to go away
                    return await receive()  # type: ignore[return-value]
                try:
                    async with asyncio.timeout_at(deadline):
                        message = await receive()
                except TimeoutError as error:
                    raise self._refusal() from error
                complete = not (message["type"] == "http.request" and message["more_body"])
                return message  # type: ignore[return-value]

            await app(scope, receive_in_time, send)

        return call

    def _refusal(self) -> BodyError:
        message = f"the body did not arrive within {self._seconds:g} seconds"
        errors = (FieldProblem("body", message),)
        return BodyError(message, code="upload_timeout", status=408, errors=errors)
