"""The device of a synthesizer: threads that load voices and synthesize."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
from workers.device.collector import BatchRunner, Collector, PartTurn, UtteranceResult
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


@dataclass(frozen=True, slots=True)
class LaneGroup:
    """Lanes that wait in one collector, and the device's threads that run its batches.

    Attributes:
        lanes: that wait together.
        nice: of its threads.
        collector: where parts wait.
        runners: one for each thread.
    """

    lanes: tuple[Lane, ...]
    nice: int
    collector: Collector
    runners: tuple[BatchRunner, ...]


class Device:
    """A collector for each group of lanes, with one thread or two; all share networks in memory.

    Two where several threads of the engine compute a batch: the next batch fills the gaps in which
    one of them waits for the other.

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
        self._engines: dict[BatchRunner, Engine] = {}
        self._groups = self._lane_groups()
        runners = [(group, runner) for group in self._groups for runner in group.runners]
        self._threads = [
            threading.Thread(
                target=self._run,
                args=(runner, group.nice),
                kwargs={"loads": at == 0},
                name=f"device-{at}",
                daemon=True,
            )
            for at, (group, runner) in enumerate(runners)
        ]
        self._watchdogs = [
            Watchdog(runner.busy_seconds, settings.hang_seconds) for _, runner in runners
        ]

    def _lane_groups(self) -> tuple[LaneGroup, ...]:
        settings, groups = self._settings, []
        all_lanes = CPU_LANES if settings.device == "cpu" else GPU_LANES
        for at, lanes in enumerate(all_lanes):
            collector = Collector(
                symbols=settings.symbols_per_batch, flush_seconds=settings.flush_seconds
            )
            runners = (self._runner(collector) for _ in range(2 if _threads(settings) > 1 else 1))
            # The last of several groups is that of bulk alone.
            nice = BULK_NICE if 0 < at == len(all_lanes) - 1 else 0
            groups.append(LaneGroup(lanes, nice, collector, tuple(runners)))
        return tuple(groups)

    def _runner(self, collector: Collector) -> BatchRunner:
        runner = BatchRunner(
            collector,
            lambda items: self._engines[runner].synthesize(items),
            lambda items, take: self._engines[runner].stream(items, take),
            on_batch=record_batch,
        )
        return runner

    def start(self) -> None:
        """Loads the default voice in a thread of the device, then synthesizes what comes."""
        for thread, watchdog in zip(self._threads, self._watchdogs, strict=True):
            thread.start()
            watchdog.thread = thread.ident

    def stop(self) -> None:
        """Synthesizes what waits, then ends the threads."""
        for group in self._groups:
            group.collector.close()
        for thread in self._threads:
            thread.join()

    def submit(
        self, items: Sequence[SynthesisItem], lane: Lane, turn: PartTurn
    ) -> list[UtteranceResult]:
        """See ``Collector.submit``."""
        group = next(group for group in self._groups if lane in group.lanes)
        return group.collector.submit(items, lane, turn)

    @property
    def alive(self) -> bool:
        """Whether no thread hangs."""
        return all(watchdog.alive for watchdog in self._watchdogs)

    def check(self) -> None:
        """Ends the process where a thread has hung for long. Raises DeviceError: one hangs."""
        for watchdog in self._watchdogs:
            watchdog.check()

    def _run(self, runner: BatchRunner, nice: int, *, loads: bool) -> None:
        try:
            lower_priority(nice)
            if loads:
                self._try_to_load()
            self._tried.wait()
            runner.run()
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
        self._engines |= _engines(self._settings, self._groups)
        engine, selection = next(iter(self._engines.values())), self._catalogue.resolve()
        with LOAD_SECONDS.time():
            voice = engine.load(selection, selection.runtime)
            engine.synthesize([_warm_up_item(selection)])
            engine.stream([_warm_up_item(selection)], lambda samples: None)
        self.loaded = tuple(voice.digests)
        MODELS_LOADED.set(1)
        log.info("ready", components=self.loaded)


SubmitPart = Callable[[Sequence[SynthesisItem], Lane, PartTurn], list[UtteranceResult]]
"""The signature of ``Device.submit``."""


def _threads(settings: WorkerSettings) -> int:
    """Returns how many threads of an engine compute at once."""
    return (settings.threads or os.cpu_count() or 1) if settings.device == "cpu" else 1


def _engines(settings: WorkerSettings, groups: Sequence[LaneGroup]) -> dict[BatchRunner, Engine]:
    """Returns an engine for each runner; those of a group share threads. Imports them here, because
    that takes seconds and loads torch."""
    from synthesis.engine import Engine
    from synthesis.loading import VoiceCache, default_load

    artifacts, device = settings.artifacts_folder, settings.device
    voices = VoiceCache(artifacts, device, default_load(settings.cuda_graphs))
    engines: dict[BatchRunner, Engine] = {}
    for group in groups:
        engine = Engine(
            artifacts,
            device=device,
            threads=_threads(settings),
            nice=group.nice,
            voices=voices,
            on_anomaly=record_anomaly,
        )
        for runner in group.runners:
            engines[runner] = engine.sharing(partial(_record_call, runner))
    return engines


def _record_call(runner: BatchRunner, figures: BatchFigures) -> None:
    record_network_call(figures)
    runner.record_call(figures)


def _warm_up_item(selection: Selection) -> SynthesisItem:
    """Returns something to synthesize before anybody asks: a network's first run is the slowest."""
    ids = tuple(range(1, 33))
    utterance = Utterance(
        text="", span=Span(0, 0), phonemes=("",) * 32, phoneme_ids=ids, pause_after_seconds=0.0
    )
    return SynthesisItem(utterance=utterance, selection=selection, runtime=selection.runtime)
