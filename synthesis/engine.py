"""Speaks utterances of any jobs and voices together: the data plane without any queue."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path

from core.errors import RhapsodeError, SynthesisError
from core.mel import Waveform
from core.report import StageSeconds
from core.request import RuntimeName
from core.voice import Catalogue
from synthesis.batching import MAX_PADDING, padding_ratio, plan_batches
from synthesis.bisect import bisect_failures
from synthesis.loading import Load, Loaded, Voices
from synthesis.parts import SynthesisItem
from synthesis.prosody import apply_gain
from synthesis.results import BatchFigures, SynthesizedUtterance
from synthesis.retry import better, refuse_what_is_no_speech, second_try
from synthesis.stages import UtteranceState, run_acoustic, run_vocoder
from synthesis.thread_priority import lower_priority


@dataclass(frozen=True, slots=True)
class Budgets:
    """Largest batches.

    Attributes:
        symbols: B × L of an acoustic batch.
        frames: B × T of a vocoder batch.
        items: B of either.
        padding: largest share of padding.
    """

    symbols: int
    frames: int
    items: int
    padding: float


CPU_BUDGETS = Budgets(symbols=1024, frames=4096, items=16, padding=MAX_PADDING)
"""A CPU gains little from width; small batches keep memory low and results coming."""
CUDA_BUDGETS = Budgets(symbols=65536, frames=131072, items=512, padding=0.5)
"""A GPU is bound by launches until some hundred utterances: width is worth padding."""


class Engine:
    """Speaks. Not thread-safe: one thread calls it.

    Args:
        catalogue: voices and components.
        artifacts: folder of exported networks.
        device: cpu, cuda or cuda:N.
        threads: batches computed at once; each network runs on one thread, which beats one network
            on several (1.7 times on two cores). One on a GPU.
        nice: of the threads it starts, see ``give_way``.
        budgets: of batches; None = by device.
        load: how a voice is loaded; None = ``exports.voice.load_voice``.
        voices: shared with other engines; None = its own.
        observe: called with the figures of every successful batch, from any thread.
        anomaly: called with the code of everything that is wrong with a take.
        monotonic: clock of the stage seconds [s].
    """

    def __init__(
        self,
        catalogue: Catalogue,
        artifacts: Path,
        *,
        device: str = "cpu",
        threads: int = 1,
        nice: int = 0,
        budgets: Budgets | None = None,
        load: Load | None = None,
        voices: Voices | None = None,
        observe: Callable[[BatchFigures], None] = lambda figures: None,
        anomaly: Callable[[str], None] = lambda code: None,
        monotonic: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.catalogue = catalogue
        self._threads = threads if device == "cpu" else 1
        pool = partial(
            ThreadPoolExecutor, self._threads, initializer=lower_priority, initargs=(nice,)
        )
        self._pool = pool() if self._threads > 1 else None
        self._budgets = budgets or (CPU_BUDGETS if device == "cpu" else CUDA_BUDGETS)
        self._observe, self._anomaly, self._monotonic = observe, anomaly, monotonic
        self._voices = voices or Voices(catalogue, artifacts, device, load)

    def load(self, voice: str, acoustic: str, vocoder: str, runtime: RuntimeName) -> Loaded:
        """See ``Voices.load``."""
        return self._voices.load(voice, acoustic, vocoder, runtime)

    def speak(self, items: Sequence[SynthesisItem]) -> list[SynthesizedUtterance | RhapsodeError]:
        """Speaks everything; a bad item costs itself alone.

        Items are grouped by network, not by voice or job, and put into batches of similar length;
        mels are put into new batches for the vocoder, where their lengths are known exactly. What
        goes wrong is tried once more where that may help (see ``synthesis.retry``).

        Returns:
            One result per item, in the items' order.
        """
        works = [self._prepare(item) for item in items]
        self._take(works)
        return [self._finish(work) for work in self._tried_again(works)]

    def _tried_again(self, works: Sequence[UtteranceState]) -> list[UtteranceState]:
        tries = [second_try(work) for work in works]
        self._take([tried.work for tried in tries if tried and not tried.alone])
        for tried in tries:
            if tried and tried.alone:
                self._take([tried.work])
        kept = [better(t) if t else work for t, work in zip(tries, works, strict=True)]
        for work in kept:
            refuse_what_is_no_speech(work)
        return kept

    def _take(self, works: Sequence[UtteranceState]) -> None:
        self._acoustic(works)
        self._vocode(works)
        for work in works:
            work.look()
            for notice in work.found:
                self._anomaly(notice.code)

    def _prepare(self, speech: SynthesisItem) -> UtteranceState:
        work = UtteranceState(speech)
        try:
            if not speech.utterance.phoneme_ids:
                raise SynthesisError("an utterance without phonemes", code="empty_utterance")
            voice = self.load(speech.voice, speech.acoustic, speech.vocoder, speech.runtime)
            card = self.catalogue.voice(speech.voice)
            _, model = self.catalogue.component("acoustic", card.acoustic, speech.acoustic)
            _, coder = self.catalogue.component("vocoder", card.vocoders, speech.vocoder)
        except RhapsodeError as error:
            work.error = error
            return work
        work.voice, work.speaker = voice, card.speaker
        work.components = (model.name, coder.name)
        work.seeded = (model.seeded, coder.seeded)
        return work

    def _acoustic(self, works: Iterable[UtteranceState]) -> None:
        for group in _groups(works, stage=0):
            lengths = [len(work.speech.utterance.phoneme_ids) for work in group]
            self._run(group, lengths, self._budgets.symbols, stage=0)

    def _vocode(self, works: Iterable[UtteranceState]) -> None:
        for group in _groups(works, stage=1):
            self._run(group, [work.frames for work in group], self._budgets.frames, stage=1)

    def _run(
        self, group: list[UtteranceState], lengths: list[int], budget: int, *, stage: int
    ) -> None:
        b, items = self._budgets, self._budgets.items
        if stage == 1:  # nearly all the time is spent here: every thread gets its share
            items = min(items, -(-len(group) // self._threads))
        plan = plan_batches(lengths, budget, max_items=items, max_padding=b.padding)
        batches = [[group[i] for i in batch] for batch in plan]

        def speak(batch: list[UtteranceState]) -> list[tuple[UtteranceState, RhapsodeError]]:
            return bisect_failures(lambda some: self._call(some, stage), batch)

        for failed in (self._pool.map if self._pool else map)(speak, batches):
            for work, error in failed:
                work.error = error

    def _call(self, works: Sequence[UtteranceState], stage: int) -> None:
        start = self._monotonic()
        (run_acoustic, run_vocoder)[stage](works)
        seconds = self._monotonic() - start
        frames = [work.frames for work in works]
        for work in works:
            share = work.frames / sum(frames) if sum(frames) else 1 / len(works)
            work.seconds[stage] += seconds * share
            if stage == 0:
                work.batch_size = len(works)
        self._observe(self._figures(works, stage, seconds))

    def _figures(self, works: Sequence[UtteranceState], stage: int, seconds: float) -> BatchFigures:
        spec = works[0].loaded.vocoder.mel_spec
        frames = [work.frames for work in works]
        lengths = [len(work.speech.utterance.phoneme_ids) for work in works]
        return BatchFigures(
            stage=("acoustic", "vocoder")[stage],
            component=works[0].components[stage],
            runtime=works[0].speech.runtime,
            size=len(works),
            padding=padding_ratio(frames if stage else lengths),
            seconds=seconds,
            audio_seconds=sum(frames) / spec.frames_per_second,
        )

    def _finish(self, work: UtteranceState) -> SynthesizedUtterance | RhapsodeError:
        if work.error is not None:
            return work.error
        utterance, spec = work.speech.utterance, work.loaded.vocoder.mel_spec
        samples = apply_gain(
            work.samples, utterance, work.durations, spec.hop_length, spec.sample_rate
        )
        return SynthesizedUtterance(
            waveform=Waveform(samples, spec.sample_rate),
            durations=work.durations,
            stage_seconds=StageSeconds(acoustic=work.seconds[0], vocoder=work.seconds[1]),
            batch_size=work.batch_size,
            artifacts=work.loaded.digests,
            notices=(*work.notices, *work.found),
        )


def _groups(works: Iterable[UtteranceState], stage: int) -> Iterable[list[UtteranceState]]:
    """Works whose next stage this is and that go through the same network."""

    def network(work: UtteranceState) -> tuple[str, str]:
        return work.components[stage], work.speech.runtime

    ready = sorted((work for work in works if work.wants == stage), key=network)
    return [list(group) for _, group in groupby(ready, key=network)]
