"""Synthesizes utterances of any jobs and voices together: the data plane without any queue."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Self

import msgspec
import numpy as np

from core.errors import AnomalyError, RhapsodeError, SynthesisError
from core.mel import Float32, Waveform
from core.report import StageSeconds
from core.request import RuntimeName
from core.voice import Selection
from synthesis.batching import CPU_BUDGETS, CUDA_BUDGETS, Budgets, padding_ratio, plan_batches
from synthesis.bisect import bisect_failures, error_of
from synthesis.checking import SpeechChecker
from synthesis.freed_memory import keep_freed_memory
from synthesis.loading import LoadedVoice, LoadVoice, VoiceCache
from synthesis.parts import SynthesisItem
from synthesis.prosody import apply_gain, gain_envelope
from synthesis.results import (
    BatchFigures,
    StreamedSamples,
    SynthesizedUtterance,
    TakeSamples,
)
from synthesis.retry import keep_better, plan_retry, refuse_anomalies
from synthesis.stages import STAGES, Stage, UtteranceState
from synthesis.thread_priority import lower_priority


class Engine:
    """Synthesizes. On a CPU several threads may call it: what they do at once shares its threads.

    Args:
        artifacts: folder of exported networks.
        device: cpu, cuda or cuda:N.
        threads: batches computed at once; each network runs on one thread, which beats one network
            on several (1.7 times on two cores). One on a GPU.
        nice: of the threads it starts, see ``lower_priority``.
        budgets: of batches; None = by device.
        load: how a voice is loaded; None = ``exports.voice.load_voice``.
        voices: networks in memory, shared with other engines; None = its own.
        on_batch: called with the figures of every successful batch, from any thread.
        on_anomaly: called with the code of every anomaly of every attempt.
        monotonic: clock of the stage seconds [s].
    """

    def __init__(
        self,
        artifacts: Path,
        *,
        device: str = "cpu",
        threads: int = 1,
        nice: int = 0,
        budgets: Budgets | None = None,
        load: LoadVoice | None = None,
        voices: VoiceCache | None = None,
        on_batch: Callable[[BatchFigures], None] = lambda figures: None,
        on_anomaly: Callable[[str], None] = lambda code: None,
        monotonic: Callable[[], float] = time.perf_counter,
    ) -> None:
        keep_freed_memory()
        self._threads = threads if device == "cpu" else 1
        pool = partial(
            ThreadPoolExecutor, self._threads, initializer=lower_priority, initargs=(nice,)
        )
        self._pool = pool() if self._threads > 1 else None
        self._budgets = budgets or (CPU_BUDGETS if device == "cpu" else CUDA_BUDGETS)
        self._on_batch, self._on_anomaly, self._monotonic = on_batch, on_anomaly, monotonic
        self._voices = voices or VoiceCache(artifacts, device, load)
        self._checker = SpeechChecker(self._voices.recognizer, monotonic=monotonic)

    def sharing(self, on_batch: Callable[[BatchFigures], None]) -> Self:
        """Returns an engine with the same networks and threads, whose batches are reported apart.

        Args:
            on_batch: see Engine.
        """
        other = copy(self)
        other._on_batch = on_batch
        return other

    @property
    def has_gaps(self) -> bool:
        """Whether threads wait for each other while it synthesizes, between its stages and at the
        end; a second call at the same time fills these gaps."""
        return self._pool is not None

    def load(self, selection: Selection, runtime: RuntimeName) -> LoadedVoice:
        """See ``VoiceCache.load``."""
        return self._voices.load(selection, runtime)

    def synthesize(
        self, items: Sequence[SynthesisItem]
    ) -> list[SynthesizedUtterance | RhapsodeError]:
        """Synthesizes everything; a bad item costs itself alone.

        Items are grouped by network, not by voice or job, and put into batches of similar length;
        mels are put into new batches for the vocoder, where their lengths are known exactly. What
        goes wrong is tried once more where that may help (see ``synthesis.retry``).

        Returns:
            One result per item, in the items' order.
        """
        states = [self._prepare(item) for item in items]
        self._attempt(states)
        return [_result(state) for state in self._retry(states)]

    def stream(
        self, items: Sequence[SynthesisItem], take: TakeSamples
    ) -> list[SynthesizedUtterance | RhapsodeError]:
        """Synthesizes items in their order and hands their samples on as they are made.

        What was handed on cannot be tried again: an acoustic model that went wrong is, before
        anything is vocoded; a fault of the vocoder is an error of the utterance or a notice.

        Args:
            items: utterances of one part.
            take: what it raises ends the whole.

        Returns:
            One result per item, of the samples that were handed on.
        """
        acoustic, vocoder = STAGES
        states = [self._prepare(item) for item in items]
        self._attempt(states, (acoustic,))
        states = self._retry(states, (acoustic,))
        for index, state in enumerate(states):
            if state.next_stage == vocoder.name:
                self._vocode_in_windows(state, index, take)
        return [_result(state) for state in states]

    def _vocode_in_windows(self, state: UtteranceState, index: int, take: TakeSamples) -> None:
        """Fills the samples of a state window by window, each handed on before the next is made."""
        vocoder, utterance = state.loaded.vocoder, state.item.utterance
        hop, rate = vocoder.mel_spec.hop_length, vocoder.mel_spec.sample_rate
        gains = gain_envelope(utterance, state.durations, hop, rate)
        windows = vocoder.stream(state.mel, state.seed)
        pieces, at, seconds, known = list[Float32](), 0, 0.0, state.anomalies
        while at < state.frames * hop:
            start = self._monotonic()
            try:
                piece = next(windows)
            except Exception as error:  # StopIteration, too: it made too few samples
                state.error = error_of(error)
                return
            seconds += self._monotonic() - start
            pieces.append(piece)
            loud = piece if gains is None else piece * gains[at : at + len(piece)]
            waveform = Waveform(loud.astype(np.float32, copy=False), rate)
            take(StreamedSamples(index, at, state.frames * hop, waveform))
            at += len(piece)
        state.samples = np.concatenate(pieces)
        state.seconds += StageSeconds(vocoder=seconds)
        self._report_batch(STAGES[1], [state], seconds)
        self._checker.check([state])
        state.detect_anomalies()
        for notice in state.anomalies:
            if notice not in known:
                self._on_anomaly(notice.code)
        refuse_anomalies(state)

    def _prepare(self, item: SynthesisItem) -> UtteranceState:
        state = UtteranceState(item)
        try:
            if not item.utterance.phoneme_ids:
                raise SynthesisError("an utterance without phonemes", code="empty_utterance")
        except RhapsodeError as error:
            state.error = error
            return state
        self._load_networks(state)
        return state

    def _load_networks(self, state: UtteranceState) -> None:
        try:
            state.networks = self.load(state.item.selection, state.item.runtime)
        except RhapsodeError as error:
            state.error = error

    def _attempt(self, states: Sequence[UtteranceState], stages: Sequence[Stage] = STAGES) -> None:
        """Brings every state as far as the stages go, and looks at what came out."""
        for stage in stages:
            for group in _by_network(stage, states):
                self._run(stage, group)
        self._checker.check(states)
        for state in states:
            state.detect_anomalies()
            for notice in state.anomalies:
                self._on_anomaly(notice.code)

    def _retry(
        self, states: Sequence[UtteranceState], stages: Sequence[Stage] = STAGES
    ) -> list[UtteranceState]:
        """Returns the states to keep, those of second attempts among them."""
        retries = [plan_retry(state) for state in states]
        for retry in retries:
            if retry and retry.second.networks is None:
                self._load_networks(retry.second)
        self._attempt([retry.second for retry in retries if retry and not retry.alone], stages)
        for retry in retries:
            if retry and retry.alone:
                self._attempt([retry.second], stages)
        kept = [
            keep_better(retry) if retry else state
            for retry, state in zip(retries, states, strict=True)
        ]
        for state in kept:
            refuse_anomalies(state)
        return kept

    def _run(self, stage: Stage, group: list[UtteranceState]) -> None:
        """Runs a stage on states that share its network; each failure stays with its state."""
        budgets, items = self._budgets, self._budgets.items
        if stage.dominant:
            items = min(items, -(-len(group) // self._threads))
        plan = plan_batches(
            [stage.padded_length(state) for state in group],
            stage.cells(budgets),
            max_items=items,
            max_padding=budgets.padding,
        )
        batches = [[group[index] for index in batch] for batch in plan]
        run = partial(bisect_failures, partial(self._run_batch, stage))
        for failures in (self._pool.map if self._pool else map)(run, batches):
            for state, error in failures:
                state.error = error

    def _run_batch(self, stage: Stage, states: Sequence[UtteranceState]) -> None:
        start = self._monotonic()
        stage.run(states)
        seconds = self._monotonic() - start
        frames = sum(state.frames for state in states)
        for state in states:
            share = state.frames / frames if frames else 1 / len(states)
            state.seconds += StageSeconds(**{stage.name: seconds * share})
        self._report_batch(stage, states, seconds)

    def _report_batch(self, stage: Stage, states: Sequence[UtteranceState], seconds: float) -> None:
        frames = sum(state.frames for state in states)
        self._on_batch(
            BatchFigures(
                stage=stage.name,
                component=stage.component(states[0]).name,
                runtime=states[0].item.runtime,
                size=len(states),
                padding=padding_ratio(
                    [stage.length(state) for state in states],
                    max(stage.padded_length(state) for state in states),
                ),
                seconds=seconds,
                audio_seconds=frames / states[0].loaded.vocoder.mel_spec.frames_per_second,
            )
        )


def _by_network(stage: Stage, states: Iterable[UtteranceState]) -> Iterator[list[UtteranceState]]:
    """Yields states whose next stage this is, those that go through the same network together."""

    def network(state: UtteranceState) -> tuple[str, str, str]:
        item = state.item
        return stage.component(state).name, item.runtime, item.selection.precision

    ready = sorted((state for state in states if state.next_stage == stage.name), key=network)
    for _, group in groupby(ready, key=network):
        yield list(group)


def _result(state: UtteranceState) -> SynthesizedUtterance | RhapsodeError:
    if state.error is not None:
        return state.error
    spec = state.loaded.vocoder.mel_spec
    samples = apply_gain(
        state.samples, state.item.utterance, state.durations, spec.hop_length, spec.sample_rate
    )
    if not np.isfinite(samples).all():  # whatever a gain or a new network made of them
        return AnomalyError("the samples are not finite", code="anomaly_not_finite")
    return SynthesizedUtterance(
        waveform=Waveform(samples, spec.sample_rate),
        durations=state.durations,
        stage_seconds=state.seconds,
        batch_size=state.batch_size,
        artifacts=state.loaded.digests,
        notices=(*state.notices, *state.anomalies),
        mel=state.mel,
        check=state.check and msgspec.structs.replace(state.check, seconds=state.check_seconds),
    )
