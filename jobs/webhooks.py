"""Webhooks as they are kept and sent: endpoints, deliveries, signatures.

Source: Standard Webhooks 1.0.0 (github.com/standard-webhooks/standard-webhooks, spec).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal, Protocol, cast

import msgspec

from core.record import JobError, JobRecord, JobState
from core.report import SynthesisReport
from core.units import utc, utc_or_none
from core.webhook import (
    SECRET_PREFIX,
    WEBHOOK_EVENTS,
    WebhookCallback,
    WebhookEvent,
    receiver_of,
    secret_key,
)

DeliveryState = Literal["pending", "delivered", "failed", "gone"]
"""failed: given up after the last attempt; gone: the receiver answered 410, or the endpoint was
removed or switched off."""
LONGEST_MESSAGE: Final = 1000
"""Characters of an error's message in a body, which has to stay below 20 kB."""


class WebhookSecret(msgspec.Struct, frozen=True):
    """A secret that signs, for ever or until it is replaced for good."""

    value: str
    until: float | None = None
    """Unix seconds."""

    def __repr__(self) -> str:
        """Returns the secret's time alone."""
        return f"WebhookSecret(until={self.until})"


class WebhookEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A receiver that the operator has set. Times are Unix seconds."""

    id: str
    """12 hex digits."""
    url: str
    secrets: tuple[WebhookSecret, ...]
    """The newest first."""
    events: tuple[WebhookEvent, ...] = WEBHOOK_EVENTS
    owner: str | None = None
    """Id of the API key of whose jobs it is told; None = of all jobs."""
    created_at: float
    disabled_at: float | None = None
    """Since when nothing is sent."""
    disabled_reason: str = ""
    schema: int = 1
    """Of the stored row."""

    def __repr__(self) -> str:
        """Returns what may be shown of it."""
        return f"WebhookEndpoint({self.id!r}, {receiver_of(self.url)!r}, events={self.events})"

    def wants(self, event: WebhookEvent, owner: str | None) -> bool:
        """Returns whether the end of an owner's job is sent to it."""
        mine = self.owner in (None, owner)
        return self.disabled_at is None and event in self.events and mine

    def secrets_at(self, now: float) -> tuple[str, ...]:
        """Returns the secrets that sign at a time [Unix s]."""
        return tuple(s.value for s in self.secrets if s.until is None or now < s.until)


class WebhookDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event on its way to one receiver: what does not change with the attempts."""

    id: str
    """The same in all attempts: by it a receiver knows what it has already."""
    job: str
    event: WebhookEvent
    created_at: float
    """Unix seconds."""
    url: str
    endpoint: str | None
    """Id of the operator's endpoint; None: the job's request named the receiver."""
    secret: str = ""
    """Of a request's receiver; an endpoint's are read when it is sent."""
    body: bytes

    def __repr__(self) -> str:
        """Returns what may be shown of it."""
        return f"WebhookDelivery({self.id!r}, {self.event!r}, {self.receiver!r})"

    @property
    def receiver(self) -> str:
        """Whose it is, without what may be secret of its address."""
        return receiver_of(self.url)

    @property
    def address_id(self) -> str:
        """What stands for its whole address: another path of the same host is another receiver,
        whose answers are not this one's business."""
        return self.endpoint or hashlib.sha256(self.url.encode()).hexdigest()[:32]


class DeliveryStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery and how far it is. Times are Unix seconds."""

    delivery: WebhookDelivery
    state: DeliveryState
    attempts: int
    due_at: float | None
    """When it is tried next."""
    attempted_at: float | None = None
    delivered_at: float | None = None
    status: int | None = None
    """HTTP status code of the last answer."""
    error: str | None = None
    """Code of what the last attempt failed of."""


class DeliveryAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an attempt."""

    state: DeliveryState
    """pending: it is tried again."""
    due: float
    """Then [Unix s]."""
    status: int | None = None
    error: str | None = None


class DeliveryStore(Protocol):
    """The deliveries of webhooks. They are made as a job ends, by ``JobRecords.finish``, in the
    same step. Raises Unavailable throughout.

    A delivery that is taken is hidden from other senders for some time; is it not settled by then,
    because its sender died, it is due again.
    """

    def take(self, now: float, seconds: float, limit: int) -> tuple[DeliveryStatus, ...]:
        """Returns deliveries that are due, and hides them for so long [s]."""

    def begin(self, delivery_id: str, now: float) -> int:
        """Counts an attempt; returns how many there were with it."""

    def defer(self, delivery_id: str, due: float) -> None:
        """Has a delivery that was taken sent later; that is no attempt."""

    def settle(self, delivery_id: str, attempt: DeliveryAttempt, now: float) -> None:
        """Notes what came of an attempt."""

    def endpoint(self, endpoint_id: str) -> WebhookEndpoint | None:
        """Returns an endpoint; None: there is none."""

    def disable(self, endpoint_id: str, now: float, reason: str) -> None:
        """Switches an endpoint off."""

    def pause(self, delivery: WebhookDelivery, seconds: float) -> None:
        """Has nothing sent to the address of a delivery for so long [s]."""

    def paused_seconds(self, delivery: WebhookDelivery) -> float:
        """Returns how long nothing is to be sent to the address of a delivery [s]; 0 = now."""

    def of_job(self, job_id: str) -> tuple[DeliveryStatus, ...]:
        """Returns the deliveries of a job, the oldest first; settled ones for a week."""

    def replay(self, job_id: str, delivery_id: str, now: float) -> DeliveryStatus:
        """Has a delivery sent again, with the same id and all its attempts.

        Raises:
            NotFound: the job has no such delivery.
            Conflict: its endpoint is switched off or removed (code ``endpoint_off``).
        """

    def waiting(self, now: float) -> tuple[int, float]:
        """Returns how many deliveries are pending, and how long the first is overdue [s]."""


class _JobFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a body tells of a job. Times are RFC 3339, as in ``GET /jobs/{id}``."""

    id: str
    name: str | None
    state: JobState
    created_at: datetime | None
    started_at: datetime | None
    finished_at: datetime
    audio: str | None
    audio_seconds: float | None
    rtf: float | None
    error: JobError | None


class _WebhookBody(msgspec.Struct, frozen=True):
    """Source: Standard Webhooks, "Payload structure"."""

    type: WebhookEvent
    timestamp: datetime
    data: _JobFacts


def new_secret() -> str:
    """Returns a secret of 32 random bytes."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secrets_: Iterable[str], id_: str, timestamp: int, body: bytes) -> str:
    """Returns the header ``webhook-signature``: one signature for each secret.

    Source: Standard Webhooks, "Signature scheme": HMAC-SHA256 over id, time and body.

    >>> signature(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], "msg_p5jXN8AQM9LWM0D4loKWxJek",
    ...           1614265330, b'{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    signed = f"{id_}.{timestamp}.".encode() + body
    digests = (hmac.digest(secret_key(one), signed, hashlib.sha256) for one in secrets_)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


def event_of(state: JobState) -> WebhookEvent:
    """Returns the event of a job's end."""
    return cast(WebhookEvent, f"job.{state}")


def make_deliveries(
    job_id: str,
    state: JobState,
    now: float,
    record: JobRecord | None,
    *,
    owner: str | None,
    report: SynthesisReport | None,
    error: JobError | None,
    endpoints: Iterable[WebhookEndpoint],
    callback: WebhookCallback | None,
) -> tuple[WebhookDelivery, ...]:
    """Returns what is to be sent as a job ends.

    Args:
        job_id, state, now, report, error: see ``JobRecords.finish``.
        record: of the job before its end; None: it cannot be read.
        owner: of the job.
        endpoints: all of the operator's.
        callback: of the job's request.
    """
    event = event_of(state)
    receivers: list[tuple[str, str | None, str]] = [
        (one.url, one.id, "") for one in endpoints if one.wants(event, owner)
    ]
    if callback is not None and event in callback.events:
        receivers.append((callback.url, None, callback.secret))
    if not receivers:
        return ()
    if error is not None and len(error.message) > LONGEST_MESSAGE:
        error = msgspec.structs.replace(error, message=error.message[:LONGEST_MESSAGE] + " …")
    facts = _JobFacts(
        id=job_id,
        name=record.name if record else None,
        state=state,
        created_at=utc_or_none(record.created_at if record else None),
        started_at=utc_or_none(record.started_at if record else None),
        finished_at=utc(now),
        audio=f"/jobs/{job_id}/audio" if report else None,
        audio_seconds=report.audio_seconds if report else None,
        rtf=report.rtf if report else None,
        error=error,
    )
    body = msgspec.json.encode(_WebhookBody(event, utc(now), facts))
    return tuple(
        WebhookDelivery(
            id=f"msg_{secrets.token_hex(16)}",
            job=job_id,
            event=event,
            created_at=now,
            url=url,
            endpoint=endpoint,
            secret=secret,
            body=body,
        )
        for url, endpoint, secret in receivers
    )
