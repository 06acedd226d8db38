"""The device of a synthesizer: threads that load voices and synthesize."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import structlog

from core.errors import RhapsodeError
from core.request import Lane
from core.text import Span, Utterance
from core.voice import Catalogue, Selection
from synthesis.parts import SynthesisItem
from synthesis.results import BatchFigures
from synthesis.thread_priority import lower_priority
from telemetry.logs import log_fields
from workers.device.collector import Collector, PartTurn, UtteranceResult
from workers.device.watchdog import HUNG_STATUS, Watchdog
from workers.metrics import (
    LOAD_SECONDS,
    MODELS_LOADED,
    record_anomaly,
    record_batch,
    record_network_call,
)
from workers.settings import WorkerSettings

if TYPE_CHECKING:
    from synthesis.engine import Engine

log = structlog.get_logger(__name__)

CPU_LANES: tuple[tuple[Lane, ...], ...] = (("interactive",), ("bulk",))
"""A CPU gains little from wide batches, and its cores are shared by the system: a sentence need not
wait for the end of a book's batch, it runs beside it."""
BULK_NICE = 10
"""Nice value of the bulk lane's own threads: a sentence beside them gets nine tenths of a core
(sched(7): each step weighs 1.25), and they lose nothing while there is none."""
GPU_LANES: tuple[tuple[Lane, ...], ...] = (("interactive", "bulk"),)
"""A GPU gains from width, and its batches are short: all lanes go together, sentences first."""


class Device:
    """One thread for each group of lanes; they share the networks in memory.

    Args:
        settings: of the process.
        catalogue: voices and components.
        end: ends the process where a thread of the device has died: it would never answer again.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        catalogue: Catalogue,
        *,
        end: Callable[[int], object] = os._exit,
    ) -> None:
        self._settings, self._catalogue, self._end = settings, catalogue, end
        self.loaded: tuple[str, ...] = ()
        self.failure: str | None = None
        self._tried = threading.Event()
        self._engines: list[Engine] = []
        groups = CPU_LANES if settings.device == "cpu" else GPU_LANES
        self._collectors = {lanes: self._collector(at) for at, lanes in enumerate(groups)}
        self._threads = [
            threading.Thread(target=self._run, args=(at,), name=f"device-{at}", daemon=True)
            for at in range(len(groups))
        ]
        self._watchdogs = [
            Watchdog(collector.busy_seconds, settings.hang_seconds)
            for collector in self._collectors.values()
        ]

    def start(self) -> None:
        """Loads the default voice in a thread of the device, then synthesizes what comes."""
        for thread, watchdog in zip(self._threads, self._watchdogs, strict=True):
            thread.start()
            watchdog.thread = thread.ident

    def stop(self) -> None:
        """Synthesizes what waits, then ends the threads."""
        for collector in self._collectors.values():
            collector.close()
        for thread in self._threads:
            thread.join()

    def submit(
        self, items: Sequence[SynthesisItem], lane: Lane, turn: PartTurn
    ) -> list[UtteranceResult]:
        """See ``Collector.submit``."""
        collector = next(c for lanes, c in self._collectors.items() if lane in lanes)
        return collector.submit(items, lane, turn)

    @property
    def alive(self) -> bool:
        """Whether no thread hangs."""
        return all(watchdog.alive for watchdog in self._watchdogs)

    def check(self) -> None:
        """Ends the process where a thread has hung for long. Raises DeviceError: one hangs."""
        for watchdog in self._watchdogs:
            watchdog.check()

    def _collector(self, at: int) -> Collector:
        return Collector(
            lambda items: self._engines[at].synthesize(items),
            lambda items, take: self._engines[at].stream(items, take),
            symbols=self._settings.symbols_per_batch,
            flush_seconds=self._settings.flush_seconds,
            on_batch=record_batch,
        )

    def _run(self, at: int) -> None:
        try:
            lower_priority(_nice(at, len(self._threads)))
            if at == 0:
                self._try_to_load()
            self._tried.wait()
            [*self._collectors.values()][at].run()
        except BaseException as error:
            log.error("ending", code="device_died", **log_fields(error))
            self._end(HUNG_STATUS)

    def _try_to_load(self) -> None:
        try:
            self._load()
        except Exception as error:
            code = error.code if isinstance(error, RhapsodeError) else "internal"
            message = error.message if isinstance(error, RhapsodeError) else ""
            log.error("not_ready", code=code, message=message, **log_fields(error))
            self.failure = f"{code}: {message or 'the log of the synthesizer tells more'}"
        finally:
            self._tried.set()

    def _load(self) -> None:
        self._engines += _engines(self._settings, [*self._collectors.values()])
        selection = self._catalogue.resolve()
        with LOAD_SECONDS.time():
            voice = self._engines[0].load(selection, selection.runtime)
            self._engines[0].synthesize([_warm_up_item(selection)])
            self._engines[0].stream([_warm_up_item(selection)], lambda samples: None)
        self.loaded = tuple(voice.digests)
        MODELS_LOADED.set(1)
        log.info("ready", components=self.loaded)


SubmitPart = Callable[[Sequence[SynthesisItem], Lane, PartTurn], list[UtteranceResult]]
"""The signature of ``Device.submit``."""


def _engines(settings: WorkerSettings, collectors: Sequence[Collector]) -> list[Engine]:
    """Returns an engine for each collector; imports them here, because that takes seconds and loads
    torch."""
    from synthesis.engine import Engine
    from synthesis.loading import VoiceCache, default_load

    artifacts, device = settings.artifacts_folder, settings.device
    voices = VoiceCache(artifacts, device, default_load(settings.cuda_graphs))
    return [
        Engine(
            artifacts,
            device=device,
            threads=settings.threads or os.cpu_count() or 1,
            nice=_nice(at, len(collectors)),
            voices=voices,
            on_batch=partial(_record_call, collector),
            on_anomaly=record_anomaly,
        )
        for at, collector in enumerate(collectors)
    ]


def _record_call(collector: Collector, figures: BatchFigures) -> None:
    record_network_call(figures)
    collector.record_call(figures)


def _nice(at: int, groups: int) -> int:
    """Returns the nice value of a group of lanes; the last of several is that of bulk alone."""
    return BULK_NICE if groups > 1 and at == groups - 1 else 0


def _warm_up_item(selection: Selection) -> SynthesisItem:
    """Returns something to synthesize before anybody asks: a network's first run is the slowest."""
    ids = tuple(range(1, 33))
    utterance = Utterance(
        text="", span=Span(0, 0), phonemes=("",) * 32, phoneme_ids=ids, pause_after_seconds=0.0
    )
    return SynthesisItem(utterance=utterance, selection=selection, runtime=selection.runtime)
