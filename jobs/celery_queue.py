"""The queue on Celery: messages name work by task, so that no sender imports a worker."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

import msgspec
import redis
from celery import Celery
from kombu.exceptions import OperationalError

from core.errors import Unavailable
from core.request import Lane
from jobs.protocols import (
    ASSEMBLE,
    PLAN,
    MessageOrigin,
    SendReason,
    UnacknowledgedMessage,
    WorkId,
)
from jobs.redis_backend.address import parse_address
from jobs.redis_backend.client import CONNECT_SECONDS, translated
from jobs.redis_backend.keys import POSTPONED, QUEUE_PREFIX, UNACKED, UNACKED_INDEX
from jobs.redis_backend.scripts import LuaScript

PLAN_TASK: Final = "rhapsode.plan"
SYNTHESIZE_TASK: Final = "rhapsode.synthesize"
ASSEMBLE_TASK: Final = "rhapsode.assemble"
CONTROL_QUEUES: Final = ("assemble", "plan", "assemble-long", "plan-long")
"""Assembling first: it ends jobs, planning starts them. Long jobs wait apart: a planner keeps some
of its threads free of them, so that a sentence never waits for books."""
SPEECH_QUEUES: Final = ("interactive", "bulk")
LIMITED_QUEUES: Final = frozenset({"assemble-long", "plan-long", "bulk"})
"""Queues that together never take all threads of a worker."""
CHUNK: Final = 500
"""Messages read at once, about half a megabyte."""
MOST_TAKEN: Final = 10_000
"""Looked at in one go: all threads of some hundred workers."""
SENT_HEADER: Final = "sent_at"
"""When a message was sent [Unix s]; it keeps it when it is given out again."""
REASON_HEADER: Final = "send_reason"
"""Why a message was sent, where it was not the first time."""
VISIBILITY_SECONDS: Final = 300
"""When Redis gives an unacknowledged message out again [s]: longer than any part, plan or assembly.
What a dead worker held is sent again much earlier, see ``jobs.protocols.WorkLeases.expire``."""


def celery_app(redis_url: str, name: str = "rhapsode") -> Celery:
    """Returns a Celery application as every process of the service needs it: JSON, no results.

    Args:
        redis_url: see ``jobs.redis_backend.address``.
        name: of the application.

    Raises:
        FieldError: it is no address.
    """
    address = parse_address(redis_url)
    options: dict[str, Any] = {
        "visibility_timeout": VISIBILITY_SECONDS,
        "queue_order_strategy": "priority",  # the order in which a worker lists its queues
        "socket_connect_timeout": CONNECT_SECONDS,
        "socket_timeout": 30,
        "health_check_interval": 30,
        "global_keyprefix": QUEUE_PREFIX,
    }
    if address.master:
        options["master_name"] = address.master
        options["sentinel_kwargs"] = {
            "socket_timeout": CONNECT_SECONDS,
            **address.sentinel_login,
            **({"ssl": True, **address.tls} if address.tls is not None else {}),
        }
    app = Celery(name, broker=address.broker_url, set_as_current=False)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_create_missing_queues=False,
        task_queues={queue: {} for queue in (*CONTROL_QUEUES, *SPEECH_QUEUES)},
        task_default_queue="plan",
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        broker_transport_options=options,
        result_backend_transport_options=options,
        broker_connection_retry_on_startup=True,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        worker_enable_remote_control=False,  # its channels lie outside the prefix, and nobody asks
        broker_use_ssl=address.tls,
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0.1},
    )
    return app


class CeleryQueue:
    """See ``jobs.protocols.JobQueue``. Thread-safe.

    Args:
        client: a connection to the broker's Redis, to look at what waits.
        app: the application to send with.
        now: Unix seconds, which stand in every message.
    """

    def __init__(
        self,
        client: redis.Redis,
        app: Celery,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._now = now
        self._app = app
        self._client: Any = client  # untyped where it is asked for rows
        self._return_message = LuaScript(client, "return_message")

    def plan(self, job_id: str, *, long: bool = False, reason: SendReason = "first") -> None:
        """See JobQueue."""
        self._send(PLAN_TASK, [job_id], "plan-long" if long else "plan", reason)

    def synthesize(
        self, job_id: str, part: int, lane: Lane, *, reason: SendReason = "first"
    ) -> None:
        """See JobQueue."""
        self._send(SYNTHESIZE_TASK, [job_id, part], lane, reason)

    def synthesize_all(
        self, job_id: str, parts: Sequence[int], lane: Lane, *, reason: SendReason = "first"
    ) -> None:
        """See JobQueue. One command for many messages: one by one they would keep a planner, and
        whoever else it plans for, busy for seconds."""
        for start in range(0, len(parts), CHUNK):
            some = parts[start : start + CHUNK]
            rows = [self._message(SYNTHESIZE_TASK, [job_id, part], lane, reason) for part in some]
            with translated():
                self._client.lpush(QUEUE_PREFIX + lane, *rows)

    def assemble(self, job_id: str, *, long: bool = False, reason: SendReason = "first") -> None:
        """See JobQueue."""
        self._send(ASSEMBLE_TASK, [job_id], "assemble-long" if long else "assemble", reason)

    def postpone(self, job_id: str, work: WorkId, queue: str, due: float) -> None:
        """See JobQueue."""
        with translated():
            self._client.zadd(POSTPONED, {f"{queue} {job_id} {work}": due})

    def send_due(self, now: float) -> int:
        """See JobQueue. Who takes a message off sends it; one that is lost with its process is
        found like any other."""
        with translated():
            rows: list[bytes] = self._client.zrangebyscore(POSTPONED, "-inf", now, 0, MOST_TAKEN)
        sent = 0
        for row in rows:
            with translated():
                mine = self._client.zrem(POSTPONED, row)
            if mine:
                self._send_postponed(row, now)
                sent += 1
        return sent

    def _send_postponed(self, row: bytes, now: float) -> None:
        queue, job_id, work = row.decode().split(" ")
        tasks = {PLAN: PLAN_TASK, ASSEMBLE: ASSEMBLE_TASK}
        try:
            if work in tasks:
                self._send(tasks[work], [job_id], queue, "postponed")
            else:
                self._send(SYNTHESIZE_TASK, [job_id, int(work)], queue, "postponed")
        except Unavailable:
            self.postpone(job_id, work, queue, now)
            raise

    def depths(self) -> dict[str, int]:
        """See JobQueue."""
        names = (*CONTROL_QUEUES, *SPEECH_QUEUES)
        with translated():
            pipe = self._client.pipeline(transaction=False)
            for name in names:
                pipe.llen(QUEUE_PREFIX + name)
            return dict(zip(names, pipe.execute(), strict=True))

    def waiting(self) -> Iterator[tuple[str, WorkId]]:
        """See JobQueue. Postponed ones first, which are moved to the queues; and of these from the
        end to which messages are added: so none is passed over."""
        with translated():
            postponed: list[bytes] = self._client.zrange(POSTPONED, 0, -1)
        for row in postponed:
            _, job_id, work = row.decode().split(" ")
            yield job_id, work
        for name in (*CONTROL_QUEUES, *SPEECH_QUEUES):
            start = 0
            while True:
                with translated():
                    rows = self._client.lrange(QUEUE_PREFIX + name, start, start + CHUNK - 1)
                yield from filter(None, map(_job_and_work, rows))
                if len(rows) < CHUNK:
                    break
                start += CHUNK

    def taken(self, before: float) -> tuple[UnacknowledgedMessage, ...]:
        """See JobQueue. Kombu keeps what is not acknowledged in a hash, by time of delivery."""
        with translated():
            tags = self._client.zrangebyscore(UNACKED_INDEX, "-inf", before, 0, MOST_TAKEN)
            rows: list[bytes | None] = self._client.hmget(UNACKED, tags) if tags else []
        found = (
            _unacknowledged(tag.decode(), row)
            for tag, row in zip(tags, rows, strict=True)
            if row is not None
        )
        return tuple(message for message in found if message is not None)

    def give_back(self, message: UnacknowledgedMessage) -> bool:
        """See JobQueue."""
        with translated():
            row: bytes | None = self._client.hget(UNACKED, message.tag)
        if row is None:
            return False
        raw, _, queue = msgspec.json.decode(row, type=tuple[msgspec.Raw, str, str])
        names = {"unacked_index": UNACKED_INDEX, "unacked": UNACKED, "queue": QUEUE_PREFIX + queue}
        again = _with_reason(bytes(raw), "worker_died")
        return bool(self._return_message(names, tag=message.tag, message=again))

    def ages(self, now: float) -> dict[str, float]:
        """See JobQueue. Redis hands messages out from the right."""
        names = (*CONTROL_QUEUES, *SPEECH_QUEUES)
        with translated():
            pipe = self._client.pipeline(transaction=False)
            for name in names:
                pipe.lindex(QUEUE_PREFIX + name, -1)
            found: list[bytes | None] = pipe.execute()
        return {name: _age(row, now) for name, row in zip(names, found, strict=True)}

    def connect(self) -> None:
        """See JobQueue."""
        try:
            with translated(), self._app.producer_or_acquire() as producer:
                producer.connection.ensure_connection(max_retries=1, interval_start=0.1)
        except OperationalError as error:
            raise Unavailable("the queue does not answer", code="queue_unavailable") from error

    def _message(self, task: str, args: list[str | int], queue: str, reason: SendReason) -> bytes:
        """Returns a message as Celery writes it to Redis.

        Source: Celery, Message Protocol, version 2; kombu, transport/virtual/base.py
        (``Channel.prepare_message``, ``_inplace_augment_message``).
        """
        task_id = str(uuid4())
        made = self._app.amqp.create_task_message(task_id, task, args, ignore_result=True)
        message = {
            "body": base64.b64encode(msgspec.json.encode(made.body)).decode(),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": {**made.headers, **self._headers(reason)},
            "properties": {
                **made.properties,
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": queue},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": str(uuid4()),
            },
        }
        return msgspec.json.encode(message)

    def _headers(self, reason: SendReason) -> dict[str, Any]:
        headers: dict[str, Any] = {SENT_HEADER: self._now()}
        if reason != "first":
            headers[REASON_HEADER] = reason
        return headers

    def _send(self, task: str, args: list[str | int], queue: str, reason: SendReason) -> None:
        send: Callable[..., Any] = self._app.send_task
        try:
            with translated():  # kombu passes on what Redis refuses as it is
                headers = self._headers(reason)
                send(task, args=args, queue=queue, ignore_result=True, headers=headers)
        except (OperationalError, AttributeError) as error:
            # An AttributeError: Redis refused what opened kombu's channel, which is half closed
            # when it is used next; the one after is opened anew.
            raise Unavailable("the queue does not answer", code="queue_unavailable") from error


def origin_of(headers: Mapping[str, Any], *, redelivered: bool = False) -> MessageOrigin:
    """Returns what the headers of a message say about its sending.

    >>> origin_of({"sent_at": 5.0, "send_reason": "postponed"})
    MessageOrigin(sent_at=5.0, reason='postponed')
    """
    reason = headers.get(REASON_HEADER) or ("redelivered" if redelivered else "first")
    fields = {"sent_at": headers.get(SENT_HEADER), "reason": reason}
    try:
        return msgspec.convert(fields, MessageOrigin)
    except msgspec.ValidationError:  # of a version that knows other reasons
        return MessageOrigin()


def _with_reason(message: bytes, reason: SendReason) -> bytes:
    """Returns a message with another reason; one that nobody of ours wrote as it is."""
    try:
        fields = msgspec.json.decode(message)
        fields["headers"][REASON_HEADER] = reason
    except (ValueError, TypeError, LookupError):
        return message
    return msgspec.json.encode(fields)


def _unacknowledged(tag: str, row: bytes) -> UnacknowledgedMessage | None:
    try:
        message, *_ = msgspec.json.decode(row, type=tuple[msgspec.Raw, str, str])
    except msgspec.DecodeError:
        return None
    named = _job_and_work(message)
    return UnacknowledgedMessage(tag, *named) if named else None


def _job_and_work(message: bytes | msgspec.Raw) -> tuple[str, WorkId] | None:
    """Returns job id and work of a message as Celery writes it; None: somebody else wrote it."""
    try:
        fields = msgspec.json.decode(message)
        job_id, *part = msgspec.json.decode(base64.b64decode(fields["body"]))[0]
        works = {PLAN_TASK: PLAN, ASSEMBLE_TASK: ASSEMBLE}
        return str(job_id), works.get(fields["headers"]["task"]) or str(part[0])
    except (ValueError, TypeError, LookupError, AttributeError):
        return None


def _age(message: bytes | None, now: float) -> float:
    """Returns how old a message is; clocks of two machines may differ a little."""
    if message is None:
        return 0.0
    try:
        sent = float(msgspec.json.decode(message)["headers"].get(SENT_HEADER, now))
    except (ValueError, TypeError, LookupError, AttributeError):
        return 0.0  # nobody of ours wrote it
    return max(0.0, now - sent)
