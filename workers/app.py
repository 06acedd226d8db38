"""The worker process: builds everything, holds the state, runs Celery.

``python -m workers.app planner`` or ``python -m workers.app synthesizer``, configured by the
environment (``workers.settings``).
"""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any, Final, cast

import structlog
from celery import Celery, Task, signals

from core.errors import RhapsodeError, Unavailable
from jobs.celery_queue import (
    ASSEMBLE_TASK,
    CONTROL_QUEUES,
    LIMITED_QUEUES,
    PLAN_TASK,
    SPEECH_QUEUES,
    SYNTHESIZE_TASK,
    CeleryQueue,
    celery_app,
    origin_of,
)
from jobs.protocols import ASSEMBLE, PLAN, WorkerRole, WorkId
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.part_index import RedisPartIndex
from jobs.redis_backend.store import redis_job_store
from jobs.redis_backend.webhooks import RedisDeliveries
from jobs.storage.open import open_audio_store
from synthesis.freed_memory import keep_freed_memory
from telemetry.logs import configure_logs
from telemetry.tracing import open_tracing
from workers.celery_runtime.in_flight import InFlight, WaitingTasks
from workers.celery_runtime.pool import POOL
from workers.celery_runtime.queue_order import QueueOrder
from workers.celery_runtime.transport import register_transports
from workers.context import Context, SystemClock
from workers.device.device_thread import Device
from workers.health import Probes
from workers.recovery.janitor import (
    Janitor,
    beat_of,
    delete_old_jobs,
    delete_unused_audio,
    recover_lost,
    return_unclaimed,
)
from workers.recovery.lost_messages import LostMessages
from workers.recovery.postponed import postpone
from workers.settings import WorkerSettings
from workers.tasks.assemble import assemble
from workers.tasks.plan import plan, warm
from workers.tasks.synthesize import synthesize
from workers.webhooks.sender import WebhookSender

PLANNER_THREADS = 8
"""Planning and assembling wait for Redis and the disk more than they compute; and a sentence should
not wait for the planning of a book."""
RETRY_SECONDS = 2
"""Before a task is tried again while Redis does not answer [s]."""

WORK_OF_TASK: Final = {PLAN_TASK: PLAN, ASSEMBLE_TASK: ASSEMBLE}
"""Tasks that are work of a whole job; the work of the other is its part."""
Postpone = Callable[[str, WorkId, str, Unavailable], None]
"""Gets job id, work, queue and what a store answered; raises Unavailable where Redis is away."""

log = structlog.get_logger(__name__)


def open_context(role: WorkerRole, settings: WorkerSettings, app: Celery) -> Context:
    """Returns everything a task needs, from the settings.

    Raises:
        ArtifactError: the catalogue cannot be read.
        FieldError: there is no tracing.
    """
    client = open_redis(settings.redis_url)
    return Context(
        store=redis_job_store(client, alive_seconds=settings.alive_seconds),
        queue=CeleryQueue(client, app),
        audio=open_audio_store(settings),
        part_index=RedisPartIndex(client),
        catalogue=settings.catalogue(),
        clock=SystemClock(),
        worker=f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}",
        attempts=settings.attempts,
        limits=settings.duration_limits,
        share_parts=settings.share_parts,
        unavailable_seconds=settings.unavailable_seconds,
        tracing=open_tracing(settings.traces, role),
    )


def build(role: WorkerRole, settings: WorkerSettings) -> Celery:
    """Returns the Celery application of a role, with its tasks and its life cycle."""
    register_transports()
    app = celery_app(settings.redis_url)
    # What Redis refuses (its disk is full) is waited for like a Redis that is away.
    app.conf.broker_channel_error_retry = True
    app.conf.worker_disable_prefetch = True  # a message is fetched when a thread is free for it
    app.conf.worker_pool = POOL
    context = open_context(role, settings, app)
    order = QueueOrder(threads_of(role, settings), LIMITED_QUEUES)
    app.conf.broker_transport_options |= {"queue_order_strategy": order.cycle}
    stopping = threading.Event()
    signals.worker_shutting_down.connect(lambda **_: stopping.set(), weak=False)
    device = Device(settings, context.catalogue) if role == "synthesizer" else None
    waits = WaitingTasks(threads_of(role, settings))
    register = partial(_register, app, order, stopping, waits, partial(postpone, context))
    if device is not None:
        register(SYNTHESIZE_TASK, partial(synthesize, context, device.submit))
    else:
        register(PLAN_TASK, partial(plan, context))
        register(ASSEMBLE_TASK, partial(assemble, context))
    _connect_life_cycle(settings, context, role, device, waits)
    return app


def _register(
    app: Celery,
    order: QueueOrder,
    stopping: threading.Event,
    waits: WaitingTasks,
    postpone: Postpone,
    name: str,
    work: Callable[..., None],
) -> None:
    """Makes a Celery task of the work; what a store refuses is postponed.

    The task waits in its thread only while Redis is away, so that it cannot be postponed: there is
    nobody to send a new message to, and the old one would come back only after VISIBILITY_SECONDS.
    A message that comes back while its work still runs in another thread is acknowledged and left
    to that thread.
    """
    in_flight = InFlight()

    def run(task: Task[..., None], *args: Any) -> None:
        delivery = task.request.delivery_info
        queue = delivery["routing_key"]
        redelivered = bool(delivery.get("redelivered"))
        origin = origin_of(task.request.headers or {}, redelivered=redelivered)
        with (
            ExitStack() as waiting,
            order.holding(queue),
            in_flight.exclusively((name, *args)) as free,
        ):
            waits_here = False
            while free:
                try:
                    work(*args, origin)
                    return
                except Unavailable as error:
                    if stopping.is_set():
                        raise
                    if _postponed(postpone, name, args, queue, error):
                        return
                if not waits_here:
                    waits_here = True
                    waiting.enter_context(waits.waiting())
                if stopping.wait(RETRY_SECONDS):
                    raise Unavailable("the worker is ending", code="worker_ending")
        log.info("runs_already", task=name, args=args)

    app.task(name=name, bind=True, throws=(RhapsodeError,))(run)


def _postponed(
    postpone: Postpone, name: str, args: tuple[Any, ...], queue: str, error: Unavailable
) -> bool:
    """Returns whether the work was postponed; False: Redis does not answer."""
    work = WORK_OF_TASK.get(name) or str(args[1])
    try:
        postpone(str(args[0]), work, queue, error)
    except Unavailable as away:
        log.warning("task_waits", task=name, code=error.code, redis=away.code)
        return False
    return True


def _connect_life_cycle(
    settings: WorkerSettings,
    context: Context,
    role: WorkerRole,
    device: Device | None,
    waits: WaitingTasks,
) -> None:
    def beat() -> None:
        if device:
            device.check()
        loaded = device.loaded if device else ()
        failure = device.failure if device else None
        context.store.workers.beat(beat_of(context, role, loaded, failure, stalled=waits.stalled))

    duties: list[Any] = [beat]
    if role == "planner":
        duties.append(lambda: context.queue.send_due(context.clock.now()))
        duties.append(lambda: recover_lost(context, settings.stale_seconds))
        duties.append(lambda: return_unclaimed(context, settings.alive_seconds))
        duties.append(LostMessages(context).check)
        duties.append(lambda: delete_old_jobs(context, settings.retention_seconds))
        duties.append(lambda: delete_unused_audio(context, settings.reuse_seconds))
    janitor = Janitor(duties, settings.beat_seconds)
    sender = webhook_sender(settings) if role == "planner" else None
    begun = threading.Event()

    def alive() -> bool:
        hangs = device is not None and not device.alive
        return not hangs and janitor.idle_seconds() <= settings.hang_seconds

    def ready() -> bool:
        return begun.is_set() and (device is None or bool(device.loaded))

    if settings.metrics_port:
        Probes(settings.metrics_port, alive=alive, ready=ready).start()

    def begin(**_: Any) -> None:
        if device:
            device.start()
        else:
            warm(context)
        janitor.start()
        if sender:
            sender.start()
        begun.set()

    def end(**_: Any) -> None:
        if device:
            device.stop()
        janitor.stop()
        if sender:
            sender.stop()
        try:
            context.store.workers.leave(context.worker)
        except Unavailable as error:
            log.warning("leave", code=error.code)
        context.tracing.close()

    signals.worker_init.connect(begin, weak=False)
    signals.worker_shutdown.connect(end, weak=False)


def webhook_sender(settings: WorkerSettings) -> WebhookSender:
    """Returns what sends the webhooks of a planner. Raises FieldError: a setting is wrong."""
    return WebhookSender(
        RedisDeliveries(open_redis(settings.redis_url)),
        SystemClock(),
        networks=settings.allowed_networks,
        seconds=settings.webhook_seconds,
        delays=settings.webhook_delays,
    )


def queues_of(role: WorkerRole) -> tuple[str, ...]:
    """Returns the queues that a role asks for messages, the most urgent first."""
    return CONTROL_QUEUES if role == "planner" else SPEECH_QUEUES


def threads_of(role: WorkerRole, settings: WorkerSettings) -> int:
    """Returns how many messages a worker holds at once."""
    return PLANNER_THREADS if role == "planner" else settings.parts_at_once


def arguments(role: WorkerRole, settings: WorkerSettings) -> list[str]:
    """Returns the arguments of ``celery worker``: threads, as a device belongs to one process."""
    return [
        "worker",
        f"--concurrency={threads_of(role, settings)}",
        f"--queues={','.join(queues_of(role))}",
        f"--hostname={role}-{os.getpid()}@%h",
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
    ]


def main(argv: list[str] | None = None) -> int:
    """Runs a worker until SIGTERM; it ends the work that it has begun first.

    A wrong setting or catalogue ends the process with one line.
    """
    (role,) = argv or sys.argv[1:] or ["synthesizer"]
    if role not in ("planner", "synthesizer"):
        print("usage: python -m workers.app planner|synthesizer", file=sys.stderr)  # noqa: T201
        return 2
    if role == "synthesizer":
        keep_freed_memory()
    configure_logs(role)
    signals.setup_logging.connect(lambda **_: None, weak=False)
    kind = cast(WorkerRole, role)
    try:
        settings = WorkerSettings.from_environment()
        app = build(kind, settings)
    except RhapsodeError as error:
        setting = getattr(error, "field", None)
        log.error("not_started", code=error.code, setting=setting, reason=error.message)
        return 2
    app.worker_main(arguments(kind, settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
