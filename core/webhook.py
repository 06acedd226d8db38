"""Webhooks as they are asked for: events, receivers and their secrets. Wire types.

Source: Standard Webhooks 1.0.0 (github.com/standard-webhooks/standard-webhooks, spec).
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Final, Literal, get_args
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from core.errors import FieldError

WebhookEvent = Literal["job.succeeded", "job.partial", "job.failed", "job.cancelled"]
"""How a job ended: ``job.`` and its state."""
WEBHOOK_EVENTS: Final[tuple[WebhookEvent, ...]] = get_args(WebhookEvent)
SECRET_PREFIX: Final = "whsec_"
SECRET_BYTES: Final = (24, 64)
"""Least and most bytes of a secret. Source: Standard Webhooks, "Signature scheme"."""

ReceiverUrl = Annotated[str, Meta(pattern=r"^https?://[!-~]+$", min_length=8, max_length=2048)]
SecretText = Annotated[
    str, Meta(pattern=r"^whsec_[A-Za-z0-9+/]+={0,2}$", min_length=38, max_length=94)
]


class WebhookCallback(msgspec.Struct, frozen=True, kw_only=True):
    """A receiver that a request names for its own job.

    It is stored as such, so unknown fields are ignored: a newer version may have written them.
    """

    url: ReceiverUrl
    """Gets a POST when the job ends; https, or http within networks that the operator allows."""
    secret: SecretText
    """Signs what is sent: ``whsec_`` and 24 to 64 random bytes in base64. It is never shown."""
    events: Annotated[tuple[WebhookEvent, ...], Meta(min_length=1, max_length=4)] = WEBHOOK_EVENTS
    """Ends that are sent."""

    def __repr__(self) -> str:
        """Returns the receiver without its secret, and of its address only whose it is."""
        return f"WebhookCallback({receiver_of(self.url)!r}, events={self.events})"


class RequestedCallback(WebhookCallback, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The callback of a request, where a field that is not known is a mistake."""


class ReceiverAddress(msgspec.Struct, frozen=True):
    """The parts of a receiver's URL, read once: what is checked is what is connected to."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    target: str
    """Path and query."""

    @property
    def origin(self) -> str:
        """Scheme, host and port: what logs and lists show, for paths may hold secrets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"http": 80, "https": 443}[self.scheme]
        return f"{self.scheme}://{host}" + ("" if self.port == usual else f":{self.port}")


def parse_receiver(url: str, field: str = "url") -> ReceiverAddress:
    """Returns the parts of a receiver's URL.

    Args:
        url: as it was asked for.
        field: of the request that holds it.

    Raises:
        FieldError: it is no URL that can be posted to.

    >>> parse_receiver("https://Reader.example/hooks?a=1").target
    '/hooks?a=1'
    """
    allowed = "https://HOST[:PORT]/PATH"
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode() if parts.hostname else ""
    except ValueError as error:
        raise FieldError(field, "not a URL", allowed=allowed) from error
    if parts.scheme not in ("http", "https") or not host or "%" in host:
        raise FieldError(field, "not a URL that can be posted to", allowed=allowed)
    if parts.username is not None or parts.password is not None:
        raise FieldError(field, "a URL must not hold a password", allowed=allowed)
    if not url.isascii() or any(character <= " " for character in url):
        raise FieldError(field, "a URL is of visible ASCII characters", allowed=allowed)
    scheme: Literal["http", "https"] = "https" if parts.scheme == "https" else "http"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return ReceiverAddress(scheme, host, port or {"http": 80, "https": 443}[scheme], target)


def receiver_of(url: str) -> str:
    """Returns whose a URL is: all of it that logs and lists may show.

    >>> receiver_of("https://hooks.example/services/T0/secret")
    'https://hooks.example'
    """
    try:
        return parse_receiver(url).origin
    except FieldError:
        return "not a URL"


def secret_key(secret: str, field: str = "secret") -> bytes:
    """Returns the bytes that sign.

    Raises:
        FieldError: it is no secret; the message does not quote it.

    >>> len(secret_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
    24
    """
    least, most = SECRET_BYTES
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(SECRET_PREFIX) or not least <= len(key) <= most:
        allowed = f"{SECRET_PREFIX} and {least} to {most} bytes in base64"
        raise FieldError(field, "not a secret of a webhook", allowed=allowed)
    return key
