"""Listens to what was synthesized: every word is compared with what a recognizer makes of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby

import numpy as np

from core.mel import Float32
from core.protocols import SpeechRecognizer
from core.request import RuntimeName
from core.voice import Component
from recognition.check import check_utterance
from recognition.deviation import word_deviations
from recognition.evidence import find_evidence, meant_labels
from synthesis.bisect import error_of
from synthesis.prosody import phoneme_controls
from synthesis.stages import UtteranceState

LoadRecognizer = Callable[[Component, RuntimeName], SpeechRecognizer]
"""Component and runtime → the recognizer, from memory after the first call."""
UTTERANCES_AT_ONCE = 16
LONGEST_OF_BATCH = 1.1
"""Length of the longest utterance that goes through the network with a shortest one of 1: of books'
utterances, 16 of all lengths would be padded by a third."""
SLOWEST, FASTEST = 0.7, 1.5
"""Speeds that recognizers learn from; speech beyond them is brought there before it is checked."""


class SpeechChecker:
    """Checks utterances that have their samples.

    Args:
        load: loads recognizers.
        monotonic: clock of the cost [s].
    """

    def __init__(
        self, load: LoadRecognizer, *, monotonic: Callable[[], float] = time.perf_counter
    ) -> None:
        self._load, self._monotonic = load, monotonic

    def check(self, states: Iterable[UtteranceState]) -> None:
        """Fills ``check`` of every state that asks for it and has samples.

        A recognizer that fails makes the check's error that of the state: who asked for a check
        shall not take silence for consent.
        """
        ready = [s for s in states if s.item.recognizer and len(s.samples) and not s.error]

        def kind(state: UtteranceState) -> tuple[str, str]:
            assert state.item.recognizer is not None
            return state.item.recognizer.name, state.item.runtime

        for _, group in groupby(sorted(ready, key=kind), key=kind):
            by_length = sorted(group, key=lambda state: len(state.samples))
            for at in range(0, len(by_length), UTTERANCES_AT_ONCE):
                self._check_batch(by_length[at : at + UTTERANCES_AT_ONCE])

    def _check_batch(self, states: Sequence[UtteranceState]) -> None:
        component, runtime = states[0].item.recognizer, states[0].item.runtime
        assert component is not None
        try:
            recognize = self._load(component, runtime)  # the first time takes seconds: not counted
            start = self._monotonic()
            self._run(recognize, component, states)
        except Exception as error:
            for state in states:
                state.error = error_of(error)
            return
        seconds, frames = self._monotonic() - start, sum(state.frames for state in states)
        for state in states:
            state.check_seconds += seconds * state.frames / frames

    def _run(
        self,
        recognize: SpeechRecognizer,
        component: Component,
        states: Sequence[UtteranceState],
    ) -> None:
        from audio.log_mel import log_mel  # here: it takes scipy, a fifth of a second

        assert component.thresholds is not None
        mels = [log_mel(state.samples, recognize.mel_spec) for state in states]
        learnt = [at_learnt_speed(m, _speed(s)) for m, s in zip(mels, states, strict=True)]
        outputs = [output for batch in _of_like_length(learnt) for output in recognize(batch)]
        meant = [meant_labels(state.item.utterance, component.symbols) for state in states]
        evidence = find_evidence([o.phonemes for o in outputs], meant, component.symbols)
        for state, one, mel in zip(states, evidence, mels, strict=True):
            words, thresholds = state.item.utterance.words, component.thresholds
            deviations = word_deviations(state.mel, mel, state.durations, words)
            check = partial(check_utterance, one, len(words), thresholds, component.symbols)
            state.check = check(deviations)
            state.deviates = bool(state.check.findings) and not check().findings


def _of_like_length(mels: Sequence[Float32]) -> Iterator[list[Float32]]:
    """Yields batches of mels (n_mels, T), which come in the order of their lengths."""
    batch = list[Float32]()
    for mel in mels:
        if batch and mel.shape[1] > LONGEST_OF_BATCH * batch[0].shape[1]:
            yield batch
            batch = []
        batch.append(mel)
    if batch:
        yield batch


def _speed(state: UtteranceState) -> float:
    """Returns the mean speed of an utterance."""
    speeds = phoneme_controls(state.item)[0].astype(np.float64)
    return float(1.0 / np.mean(1.0 / speeds))


def at_learnt_speed(mel: Float32, speed: float) -> Float32:
    """Returns a mel (n_mels, T) as it might be at a speed that recognizers learn from.

    >>> at_learnt_speed(np.zeros((1, 6), np.float32), 3.0).shape
    (1, 12)
    """
    factor = speed / min(max(speed, SLOWEST), FASTEST)
    if factor == 1.0 or mel.shape[1] < 2:
        return mel
    places = np.linspace(0, mel.shape[1] - 1, max(1, round(mel.shape[1] * factor)))
    below = np.minimum(places.astype(np.int64), mel.shape[1] - 2)
    share = (places - below).astype(np.float32)
    moved: Float32 = mel[:, below] * (1 - share) + mel[:, below + 1] * share
    return moved
