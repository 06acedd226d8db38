"""The thread that sends webhooks: bounded, so that no slow receiver delays others or planning.

An attempt is counted before it is made, and a delivery that was taken is due again by itself:
whoever dies, it is sent at least once more, under the same id.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import structlog

from core.addresses import IpNetwork
from core.errors import Unavailable
from core.protocols import Clock
from jobs.webhooks import DeliveryAttempt, DeliveryStatus, DeliveryStore, WebhookDelivery, signature
from telemetry.logs import log_fields
from workers.metrics import WEBHOOK_ATTEMPTS, WEBHOOK_SECONDS
from workers.webhooks.receivers import MOST_CONNECTIONS, ReceiverAnswer, Receivers

LOOK_SECONDS: Final = 0.5
"""Between two looks at what is due [s]."""
AT_ONCE: Final = 500
"""Deliveries looked at in one go; those of a receiver that is busy are put off."""
MOST_OF_ONE: Final = 8
"""Attempts at one receiver at once."""
BUSY_SECONDS: Final = 2.0
"""How long a delivery is put off whose receiver has so many already [s]."""
SLOW_DOWN: Final = (429, 502, 504)
"""Answers after which nothing is sent to their address for a while. Source: Standard Webhooks,
"Special response codes"; 410 is another."""
GONE: Final = 410
PAUSE_SECONDS: Final = 60.0
"""That while, where the receiver does not say how long [s]."""
LONGEST_PAUSE_SECONDS: Final = 3600.0
"""Longest of that while [s]."""
LONGEST_SECONDS: Final = 24 * 3600.0
"""Longest ``Retry-After`` that is honoured [s]."""
JITTER: Final = 0.2
"""A delay is longer by up to this share: what failed together is not tried again together."""
USER_AGENT: Final = "rhapsode-webhooks"

log = structlog.get_logger(__name__)


class WebhookSender:
    """A thread that sends what is due until it is stopped.

    Args:
        store: of the deliveries.
        clock: Unix seconds.
        networks: that may be reached beside the internet.
        seconds: how long an attempt may take [s]; a delivery that was taken is due again after
            twice that, should this process die.
        delays: before the second attempt, the third … [s]; after the last one it is given up.
        look_seconds: between two looks at what is due [s].
        uniform: a random number between two bounds.
    """

    def __init__(
        self,
        store: DeliveryStore,
        clock: Clock,
        *,
        networks: Sequence[IpNetwork],
        seconds: float,
        delays: Sequence[float],
        look_seconds: float = LOOK_SECONDS,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._store, self._clock = store, clock
        self._networks, self._seconds, self._delays = networks, seconds, delays
        self._look_seconds, self._uniform = look_seconds, uniform
        self._active: Counter[str] = Counter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._main, name="webhooks", daemon=True)

    def start(self) -> None:
        """Starts to send."""
        self._thread.start()

    def stop(self) -> None:
        """Returns when the thread has ended; what it was sending is sent again by others."""
        self._stop.set()
        self._thread.join()

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except Exception as error:
            log.error("webhooks_ended", **log_fields(error))

    async def _run(self) -> None:
        receivers = Receivers(self._networks, self._seconds)
        attempts: dict[asyncio.Task[None], str] = {}
        while not self._stop.is_set():
            found = False
            try:
                if len(attempts) < MOST_CONNECTIONS:
                    found = await self._begin_due(receivers, attempts)
            except Unavailable as error:
                log.warning("webhooks_wait", code=error.code)
            except Exception as error:  # a thread that ended would send nothing more
                log.error("webhooks", **log_fields(error))
            if not found:
                await asyncio.sleep(self._look_seconds)
        await self._give_up(attempts)
        await receivers.close()

    async def _give_up(self, attempts: Mapping[asyncio.Task[None], str]) -> None:
        """Ends attempts under way, which others may make again at once."""
        unsettled = dict(attempts)
        for task in unsettled:
            task.cancel()
        await asyncio.gather(*unsettled, return_exceptions=True)
        try:
            for delivery_id in unsettled.values():
                self._store.defer(delivery_id, self._clock.now())
        except Unavailable as error:  # they are due again by themselves
            log.warning("webhooks_unsettled", code=error.code)

    async def _begin_due(
        self, receivers: Receivers, attempts: dict[asyncio.Task[None], str]
    ) -> bool:
        """Begins attempts at what is due; returns whether there was anything."""
        taken = await asyncio.to_thread(
            self._store.take, self._clock.now(), 2 * self._seconds, AT_ONCE
        )
        pauses: dict[str, float] = {}
        for status in taken:
            receiver = status.delivery.receiver
            address = status.delivery.address_id
            if address not in pauses:
                find = self._store.paused_seconds
                pauses[address] = await asyncio.to_thread(find, status.delivery)
            wait = pauses[address]
            if self._active[receiver] >= MOST_OF_ONE or len(attempts) >= MOST_CONNECTIONS:
                wait = max(wait, BUSY_SECONDS)
            if wait > 0:
                due = self._clock.now() + wait * self._uniform(1.0, 1.0 + JITTER)
                await asyncio.to_thread(self._store.defer, status.delivery.id, due)
                continue
            self._active[receiver] += 1
            task = asyncio.create_task(self._attempt(receivers, status))
            attempts[task] = status.delivery.id
            task.add_done_callback(attempts.pop)
        return bool(taken)

    async def _attempt(self, receivers: Receivers, status: DeliveryStatus) -> None:
        delivery = status.delivery
        try:
            await self._send(receivers, delivery)
        except Unavailable as error:  # it is due again by itself
            log.warning("webhook_unsettled", delivery=delivery.id, code=error.code)
        except Exception as error:
            log.error("webhook_failed", delivery=delivery.id, **log_fields(error))
        finally:
            self._active[delivery.receiver] -= 1
            if not self._active[delivery.receiver]:
                del self._active[delivery.receiver]

    async def _send(self, receivers: Receivers, delivery: WebhookDelivery) -> None:
        now = self._clock.now()
        secrets = await asyncio.to_thread(self._secrets_of, delivery, now)
        count = await asyncio.to_thread(self._store.begin, delivery.id, now)
        if secrets is None:
            attempt = DeliveryAttempt(state="gone", due=now, error="endpoint_off")
        else:
            headers = headers_of(delivery, secrets, now)
            start = self._clock.monotonic()
            answer = await receivers.post(delivery.url, headers, delivery.body)
            WEBHOOK_SECONDS.observe(self._clock.monotonic() - start)
            attempt = self._attempt_of(answer, count)
            if isinstance(answer, ReceiverAnswer):
                await asyncio.to_thread(self._heed, delivery, answer)
        await asyncio.to_thread(self._store.settle, delivery.id, attempt, self._clock.now())
        WEBHOOK_ATTEMPTS.labels(attempt.state).inc()
        log.info(
            "webhook",
            delivery=delivery.id,
            job=delivery.job,
            type=delivery.event,
            receiver=delivery.receiver,
            attempt=count,
            state=attempt.state,
            status=attempt.status,
            code=attempt.error,
        )

    def _secrets_of(self, delivery: WebhookDelivery, now: float) -> tuple[str, ...] | None:
        """Returns the secrets that sign a delivery; None: its endpoint wants nothing more."""
        if delivery.endpoint is None:
            return (delivery.secret,)
        endpoint = self._store.endpoint(delivery.endpoint)
        if endpoint is None or endpoint.disabled_at is not None:
            return None
        return endpoint.secrets_at(now)

    def _attempt_of(self, answer: ReceiverAnswer | str, count: int) -> DeliveryAttempt:
        """Returns what came of the attempt with that number, from 1."""
        now = self._clock.now()
        if isinstance(answer, str):
            status, error, after = None, answer, 0.0
        else:
            status, after = answer.status, min(answer.retry_after or 0.0, LONGEST_SECONDS)
            if 200 <= status < 300:
                return DeliveryAttempt(state="delivered", due=now, status=status)
            error = f"status_{status}"
            if status == GONE:
                return DeliveryAttempt(state="gone", due=now, status=status, error=error)
        if count > len(self._delays):
            return DeliveryAttempt(state="failed", due=now, status=status, error=error)
        wait = max(self._delays[count - 1] * self._uniform(1.0, 1.0 + JITTER), after)
        return DeliveryAttempt(state="pending", due=now + wait, status=status, error=error)

    def _heed(self, delivery: WebhookDelivery, answer: ReceiverAnswer) -> None:
        """Does what an answer asks for beside trying again."""
        if answer.status == GONE and delivery.endpoint is not None:
            self._store.disable(delivery.endpoint, self._clock.now(), "it answered 410 (gone)")
            log.warning("endpoint_gone", endpoint=delivery.endpoint)
        if answer.status in SLOW_DOWN or (answer.status >= 400 and answer.retry_after):
            asked = answer.retry_after if answer.retry_after is not None else PAUSE_SECONDS
            self._store.pause(delivery, min(asked, LONGEST_PAUSE_SECONDS))


def headers_of(delivery: WebhookDelivery, secrets: Sequence[str], now: float) -> dict[str, str]:
    """Returns the headers of an attempt. Source: Standard Webhooks, "Webhook headers"."""
    timestamp = int(now)
    return {
        "host": delivery.receiver.partition("://")[2],
        "user-agent": USER_AGENT,
        "content-type": "application/json",
        "content-length": str(len(delivery.body)),
        "connection": "close",
        "webhook-id": delivery.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secrets, delivery.id, timestamp, delivery.body),
    }
