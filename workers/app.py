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
from functools import partial
from typing import Any, cast

import structlog
from celery import Celery, signals

from core.errors import RhapsodeError, Unavailable
from core.text import Span, Utterance
from core.voice import read_catalogue
from jobs.logs import configure_logs, told
from jobs.protocols import Role
from jobs.queue import (
    ASSEMBLE_TASK,
    CONTROL_QUEUES,
    PLAN_TASK,
    SPEECH_QUEUES,
    SYNTHESIZE_TASK,
    CeleryQueue,
    celery_app,
)
from jobs.redis_shelf import RedisShelf
from jobs.redis_store import RedisStore
from jobs.storage import open_audio_store
from workers.assembly import assemble
from workers.collector import Collector
from workers.context import Context, SystemClock
from workers.metrics import LOAD_SECONDS, MODELS_LOADED, see_anomaly, see_batch, see_taken
from workers.parts import Speech
from workers.planning import plan, warm
from workers.pool import POOL
from workers.probes import Probes
from workers.settings import Settings
from workers.synthesis import synthesize
from workers.upkeep import Upkeep, beat_of, clean, clear_shelf, recover
from workers.watchdog import Watchdog

PLANNER_THREADS = 8
"""Planning and assembling wait for Redis and the disk more than they compute; and a sentence should
not wait for the planning of a book."""
RETRY_SECONDS = 2
"""Before a task is tried again whose store did not answer [s]."""

log = structlog.get_logger(__name__)


def open_context(settings: Settings, app: Celery) -> Context:
    """Everything a task needs, from the settings.

    Raises:
        ArtifactError: the catalogue cannot be read.
    """
    return Context(
        store=RedisStore(settings.redis_url, alive_seconds=3 * settings.beat_seconds),
        queue=CeleryQueue(settings.redis_url, app),
        audio=open_audio_store(settings),
        shelf=RedisShelf(settings.redis_url),
        catalogue=read_catalogue(settings.voice_folders),
        clock=SystemClock(),
        worker=f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}",
        attempts=settings.attempts,
    )


class Synthesizer:
    """The device: one thread that loads voices and speaks.

    Args:
        settings: of the process.
        context: of its tasks.
    """

    def __init__(self, settings: Settings, context: Context) -> None:
        self._settings, self._context = settings, context
        self.loaded: tuple[str, ...] = ()
        self.failure: str | None = None
        self.collector = Collector(
            self._speak,
            symbols=settings.symbols_per_take,
            flush_seconds=settings.flush_seconds,
            observe=see_taken,
        )
        self.watchdog = Watchdog(self.collector.busy_seconds, settings.hang_seconds)
        self._engine: Any = None
        self._thread = threading.Thread(target=self._run, name="device", daemon=True)

    def start(self) -> None:
        """Loads the default voice in the device's thread, then speaks what comes."""
        self._thread.start()
        self.watchdog.thread = self._thread.ident

    def stop(self) -> None:
        """Speaks what waits, then ends."""
        self.collector.close()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._load()
        except Exception as error:
            code = error.code if isinstance(error, RhapsodeError) else "internal"
            message = error.message if isinstance(error, RhapsodeError) else ""
            log.error("not_ready", code=code, message=message, **told(error))
            self.failure = f"{code}: {message or 'the log of the synthesizer tells more'}"
        self.collector.run()

    def _load(self) -> None:
        from workers.engine import Engine

        settings, catalogue = self._settings, self._context.catalogue
        self._engine = Engine(
            catalogue,
            settings.artifacts_folder,
            device=settings.device,
            threads=settings.threads or os.cpu_count() or 1,
            observe=see_batch,
            anomaly=see_anomaly,
        )
        card = catalogue.voice(None)
        acoustic, _ = catalogue.component("acoustic", card.acoustic, None)
        vocoder, _ = catalogue.component("vocoder", card.vocoders, None)
        with LOAD_SECONDS.time():
            voice = self._engine.load(card.name, acoustic, vocoder, "onnx")
            self._engine.speak([_first_words(card.name, acoustic, vocoder)])
        self.loaded = tuple(voice.digests)
        MODELS_LOADED.set(1)
        log.info("ready", components=self.loaded)

    def _speak(self, items: Any) -> Any:
        return self._engine.speak(items)


def _first_words(voice: str, acoustic: str, vocoder: str) -> Speech:
    """Something to say before anybody asks: the first run of a network is the slowest."""
    ids = tuple(range(1, 33))
    utterance = Utterance(
        text="", span=Span(0, 0), phonemes=("",) * 32, phoneme_ids=ids, pause_after_seconds=0.0
    )
    return Speech(
        utterance=utterance, voice=voice, acoustic=acoustic, vocoder=vocoder, runtime="onnx"
    )


def build(role: Role, settings: Settings) -> Celery:
    """The Celery application of a role, with its tasks and its life cycle."""
    app = celery_app(settings.redis_url)
    app.conf.worker_disable_prefetch = True  # a message is fetched when a thread is free for it
    app.conf.worker_pool = POOL
    context = open_context(settings, app)
    stopping = threading.Event()
    signals.worker_shutting_down.connect(lambda **_: stopping.set(), weak=False)
    synthesizer = Synthesizer(settings, context) if role == "synthesizer" else None
    if synthesizer is not None:
        collector = synthesizer.collector
        speak = partial(synthesize, context, collector)
        _task(app, SYNTHESIZE_TASK, speak, stopping)
    else:
        _task(app, PLAN_TASK, partial(plan, context), stopping)
        _task(app, ASSEMBLE_TASK, partial(assemble, context), stopping)
    _life(settings, context, role, synthesizer)
    return app


def _task(app: Celery, name: str, work: Callable[..., None], stopping: threading.Event) -> None:
    """A task that waits in its thread while a store is away.

    Celery's own retry sends a new message, and there is nobody to send it to while Redis is away:
    the old one would come back only after VISIBILITY_SECONDS.
    """

    def run(*args: Any) -> None:
        while True:
            try:
                return work(*args)
            except Unavailable as error:
                log.warning("again", task=name, code=error.code)
                if stopping.wait(RETRY_SECONDS):
                    raise

    app.task(name=name, throws=(RhapsodeError,))(run)


def _life(
    settings: Settings, context: Context, role: Role, synthesizer: Synthesizer | None
) -> None:
    def beat() -> None:
        if synthesizer:
            synthesizer.watchdog.look()
        loaded = synthesizer.loaded if synthesizer else ()
        failure = synthesizer.failure if synthesizer else None
        context.store.beat(beat_of(context, role, loaded, failure))

    duties: list[Any] = [beat]
    if role == "planner":
        duties.append(lambda: recover(context, settings.stale_seconds))
        duties.append(lambda: clean(context, settings.retention_seconds))
        duties.append(lambda: clear_shelf(context, settings.reuse_seconds))
    upkeep = Upkeep(duties, settings.beat_seconds)
    begun = threading.Event()

    def alive() -> bool:
        hangs = synthesizer is not None and not synthesizer.watchdog.alive
        return not hangs and upkeep.idle_seconds() <= settings.hang_seconds

    def ready() -> bool:
        return begun.is_set() and (synthesizer is None or bool(synthesizer.loaded))

    if settings.metrics_port:
        Probes(settings.metrics_port, alive=alive, ready=ready).start()

    def begin(**_: Any) -> None:
        if synthesizer:
            synthesizer.start()
        else:
            warm(context)
        upkeep.start()
        begun.set()

    def end(**_: Any) -> None:
        if synthesizer:
            synthesizer.stop()
        upkeep.stop()
        try:
            context.store.leave(context.worker)
        except Unavailable as error:
            log.warning("leave", code=error.code)

    signals.worker_init.connect(begin, weak=False)
    signals.worker_shutdown.connect(end, weak=False)


def arguments(role: Role, settings: Settings) -> list[str]:
    """Of ``celery worker``: threads, because a device belongs to one process."""
    queues = CONTROL_QUEUES if role == "planner" else SPEECH_QUEUES
    threads = PLANNER_THREADS if role == "planner" else settings.parts_at_once
    return [
        "worker",
        f"--concurrency={threads}",
        f"--queues={','.join(queues)}",
        f"--hostname={role}-{os.getpid()}@%h",
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
    ]


def main(argv: list[str] | None = None) -> int:
    """Runs a worker until SIGTERM; what it has begun it ends first."""
    (role,) = argv or sys.argv[1:] or ["synthesizer"]
    if role not in ("planner", "synthesizer"):
        print("usage: python -m workers.app planner|synthesizer", file=sys.stderr)  # noqa: T201
        return 2
    configure_logs(role)
    signals.setup_logging.connect(lambda **_: None, weak=False)
    settings = Settings.from_environment()
    kind = cast(Role, role)
    app = build(kind, settings)
    app.worker_main(arguments(kind, settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
