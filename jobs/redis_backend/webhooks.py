"""Endpoints and deliveries of webhooks in Redis.

``lua/transitions/finish.lua`` writes deliveries as a job ends: neither is there without the other.
A sorted set has them by when they are due. Who takes one moves it there to a later time, and off
it only when it is settled: a sender that dies leaves nothing behind that has to be found.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, cast, get_args

import msgspec
import redis

from core.errors import Conflict, NotFound, UnreadableRow
from core.webhook import WEBHOOK_EVENTS, WebhookEvent, parse_receiver
from jobs.redis_backend.client import translated
from jobs.redis_backend.keys import (
    DELIVERIES_DUE,
    WEBHOOKS,
    delivery_key,
    job_key,
    names_of_job,
    paused_key,
)
from jobs.redis_backend.scripts import LuaScript
from jobs.redis_backend.stored import decode_row, unreadable
from jobs.webhooks import (
    DeliveryAttempt,
    DeliveryState,
    DeliveryStatus,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookSecret,
    new_secret,
)

KEPT_SECONDS: Final = 7 * 24 * 3600
"""How long a delivery that is settled can be looked at and replayed."""
FIELDS: Final = (
    "row", "state", "attempts", "attempted_at", "delivered_at", "status", "error",
)  # fmt: skip


class RedisWebhookEndpoints:
    """The endpoints of the operator, as the command line changes them.

    Args:
        client: the connection.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def add(
        self,
        url: str,
        now: float,
        *,
        events: Sequence[WebhookEvent] = WEBHOOK_EVENTS,
        owner: str | None = None,
    ) -> tuple[WebhookEndpoint, str]:
        """Adds an endpoint; returns it and its secret.

        Raises:
            FieldError: the URL is none.
        """
        parse_receiver(url, "URL")
        secret = new_secret()
        endpoint = WebhookEndpoint(
            id=secrets.token_hex(6),
            url=url,
            secrets=(WebhookSecret(secret),),
            events=tuple(events),
            owner=owner,
            created_at=now,
        )
        self._write(endpoint)
        return endpoint, secret

    def all(self) -> tuple[WebhookEndpoint, ...]:
        """Returns every endpoint, the oldest first."""
        with translated():
            rows = cast("dict[bytes, bytes]", self._client.hgetall(WEBHOOKS))
        return endpoints_of(rows)

    def get(self, endpoint_id: str) -> WebhookEndpoint:
        """Returns an endpoint. Raises NotFound."""
        with translated():
            row = self._client.hget(WEBHOOKS, endpoint_id)
        if row is None:
            raise NotFound(f"no endpoint {endpoint_id}", code="endpoint_not_found")
        return decode_row(cast(bytes, row), WebhookEndpoint, endpoint_id)

    def rotate(self, endpoint_id: str, now: float, keep_seconds: float) -> str:
        """Gives an endpoint a new secret and returns it; those before sign for so long, too [s].

        Raises:
            NotFound: no such endpoint.
        """
        endpoint, secret = self.get(endpoint_id), new_secret()
        until = now + keep_seconds
        old = (
            WebhookSecret(one.value, until if one.until is None else min(one.until, until))
            for one in endpoint.secrets
        )
        kept = [one for one in old if one.until is not None and one.until > now]
        self._write(msgspec.structs.replace(endpoint, secrets=(WebhookSecret(secret), *kept)))
        return secret

    def disable(self, endpoint_id: str, now: float, reason: str) -> WebhookEndpoint:
        """Switches an endpoint off. Raises NotFound."""
        return self._switch(endpoint_id, now, reason)

    def enable(self, endpoint_id: str) -> WebhookEndpoint:
        """Switches an endpoint on again. Raises NotFound."""
        return self._switch(endpoint_id, None, "")

    def remove(self, endpoint_id: str) -> None:
        """Removes an endpoint; what is on its way to it is not sent. Raises NotFound."""
        self.get(endpoint_id)
        with translated():
            self._client.hdel(WEBHOOKS, endpoint_id)

    def _switch(self, endpoint_id: str, at: float | None, reason: str) -> WebhookEndpoint:
        endpoint = msgspec.structs.replace(
            self.get(endpoint_id), disabled_at=at, disabled_reason=reason
        )
        self._write(endpoint)
        return endpoint

    def _write(self, endpoint: WebhookEndpoint) -> None:
        with translated():
            self._client.hset(WEBHOOKS, endpoint.id, msgspec.msgpack.encode(endpoint))


class RedisDeliveries:
    """See ``jobs.webhooks.DeliveryStore``.

    Args:
        client: the connection.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._endpoints = RedisWebhookEndpoints(client)
        self._take = LuaScript(client, "take_deliveries")
        self._settle = LuaScript(client, "settle_delivery")
        self._replay = LuaScript(client, "replay_delivery")

    def take(self, now: float, seconds: float, limit: int) -> tuple[DeliveryStatus, ...]:
        """See DeliveryStore."""
        names = {"deliveries_due": DELIVERIES_DUE, "delivery_prefix": delivery_key("")}
        ids = self._take(names, now=repr(now), again=repr(now + seconds), limit=limit)
        return self._read([id_.decode() for id_ in ids])

    def begin(self, delivery_id: str, now: float) -> int:
        """See DeliveryStore."""
        with translated():
            pipe = self._client.pipeline(transaction=True)
            pipe.hincrby(delivery_key(delivery_id), "attempts", 1)
            pipe.hset(delivery_key(delivery_id), "attempted_at", repr(now))
            attempts, _ = pipe.execute()
        return int(attempts)

    def defer(self, delivery_id: str, due: float) -> None:
        """See DeliveryStore."""
        with translated():
            self._client.zadd(DELIVERIES_DUE, {delivery_id: due}, xx=True)

    def settle(self, delivery_id: str, attempt: DeliveryAttempt, now: float) -> None:
        """See DeliveryStore."""
        names = {"delivery": delivery_key(delivery_id), "deliveries_due": DELIVERIES_DUE}
        self._settle(
            names,
            delivery_id=delivery_id,
            state=attempt.state,
            due=repr(attempt.due),
            status=attempt.status or "",
            error=attempt.error or "",
            now=repr(now),
            lifetime=KEPT_SECONDS * 1000,
        )

    def endpoint(self, endpoint_id: str) -> WebhookEndpoint | None:
        """See DeliveryStore."""
        try:
            return self._endpoints.get(endpoint_id)
        except NotFound:
            return None

    def disable(self, endpoint_id: str, now: float, reason: str) -> None:
        """See DeliveryStore."""
        with suppress(NotFound):
            self._endpoints.disable(endpoint_id, now, reason)

    def pause(self, delivery: WebhookDelivery, seconds: float) -> None:
        """See DeliveryStore."""
        with translated():
            self._client.set(paused_key(delivery.address_id), 1, px=max(1, round(seconds * 1000)))

    def paused_seconds(self, delivery: WebhookDelivery) -> float:
        """See DeliveryStore."""
        with translated():
            left = self._client.pttl(paused_key(delivery.address_id))
        return max(0, left) / 1000

    def of_job(self, job_id: str) -> tuple[DeliveryStatus, ...]:
        """See DeliveryStore."""
        with translated():
            ids = cast("set[bytes]", self._client.smembers(job_key(job_id, "deliveries")))
        found = self._read(sorted(id_.decode() for id_ in ids))
        return tuple(sorted(found, key=lambda one: (one.delivery.created_at, one.delivery.id)))

    def replay(self, job_id: str, delivery_id: str, now: float) -> DeliveryStatus:
        """See DeliveryStore."""
        missing = NotFound(f"the job has no delivery {delivery_id}", code="delivery_not_found")
        found = self._read([delivery_id])
        if not found or found[0].delivery.job != job_id:
            raise missing
        endpoint_id = found[0].delivery.endpoint
        if endpoint_id is not None:
            endpoint = self.endpoint(endpoint_id)
            if endpoint is None or endpoint.disabled_at is not None:
                raise Conflict("its endpoint is switched off or removed", code="endpoint_off")
        names = names_of_job(job_id) | {"delivery": delivery_key(delivery_id)}
        if not self._replay(names, delivery_id=delivery_id, now=repr(now)):
            raise missing
        return self._read([delivery_id])[0]

    def waiting(self, now: float) -> tuple[int, float]:
        """See DeliveryStore."""
        with translated():
            pipe: Any = self._client.pipeline(transaction=False)
            pipe.zcard(DELIVERIES_DUE)
            pipe.zrange(DELIVERIES_DUE, 0, 0, withscores=True)
            count, first = pipe.execute()
        return int(count), max(0.0, now - first[0][1]) if first else 0.0

    def _read(self, ids: Sequence[str]) -> tuple[DeliveryStatus, ...]:
        """Returns the deliveries that are there and can be read."""
        if not ids:
            return ()
        with translated():
            pipe: Any = self._client.pipeline(transaction=False)
            for id_ in ids:
                pipe.hmget(delivery_key(id_), list(FIELDS))
                pipe.zscore(DELIVERIES_DUE, id_)
            rows = pipe.execute()
        found = []
        for id_, row, due in zip(ids, rows[::2], rows[1::2], strict=True):
            with suppress(UnreadableRow):  # it is logged and counted
                status = _status(id_, dict(zip(FIELDS, row, strict=True)), due)
                if status is not None:
                    found.append(status)
        return tuple(found)


def endpoints_of(rows: dict[bytes, bytes]) -> tuple[WebhookEndpoint, ...]:
    """Returns the endpoints of a hash that can be read, the oldest first."""
    found = []
    for id_, row in rows.items():
        with suppress(UnreadableRow):  # it is logged and counted
            found.append(decode_row(row, WebhookEndpoint, id_.decode()))
    return tuple(sorted(found, key=lambda one: (one.created_at, one.id)))


def _status(id_: str, fields: dict[str, bytes | None], due: float | None) -> DeliveryStatus | None:
    row, state = fields["row"], (fields["state"] or b"").decode()
    if row is None:
        return None
    if state not in get_args(DeliveryState):
        raise unreadable("WebhookDelivery", id_)
    status, error = fields["status"], fields["error"]
    return DeliveryStatus(
        delivery=decode_row(row, WebhookDelivery, id_),
        state=cast(DeliveryState, state),
        attempts=int(fields["attempts"] or 0),
        due_at=due,
        attempted_at=_seconds(fields["attempted_at"]),
        delivered_at=_seconds(fields["delivered_at"]),
        status=int(status) if status else None,
        error=error.decode() if error else None,
    )


def _seconds(value: bytes | None) -> float | None:
    return None if value is None else float(value)
