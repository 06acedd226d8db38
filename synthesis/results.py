"""What an engine returns for an utterance, and reports of a batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from core.mel import Float32, Waveform
from core.recognition import UtteranceCheck
from core.report import StageSeconds
from core.request import RuntimeName
from core.text import Notice


@dataclass(frozen=True, slots=True)
class SynthesizedUtterance:
    """The audio of an utterance and its cost.

    Attributes:
        waveform: Σ durations · hop samples, not clipped, edges not faded.
        durations: frames of each phoneme.
        stage_seconds: its share of its batches' compute, by frames.
        batch_size: utterances that went through the acoustic model with it, itself included.
        artifacts: component → sha256 of the artifacts that ran.
        notices: what the report should tell.
        check: what a recognizer thinks of it; None where nothing was checked.
        mel: (n_mels, Σ durations) that was vocoded.
    """

    waveform: Waveform
    durations: tuple[int, ...]
    stage_seconds: StageSeconds
    batch_size: int
    artifacts: dict[str, str]
    notices: tuple[Notice, ...] = ()
    check: UtteranceCheck | None = None
    mel: Float32 = field(default_factory=lambda: np.zeros((0, 0), np.float32))


@dataclass(frozen=True, slots=True)
class StreamedSamples:
    """Samples of an utterance that are done before the rest of it.

    Attributes:
        utterance: its index among the items that are synthesized together.
        start: where in the utterance they begin [samples].
        total: length of the utterance [samples].
        waveform: the samples themselves, as they stand in the result.
    """

    utterance: int
    start: int
    total: int
    waveform: Waveform


TakeSamples = Callable[[StreamedSamples], None]
"""Called with the samples of utterances, in order."""


@dataclass(frozen=True, slots=True)
class BatchFigures:
    """Figures of one call of a network, for metrics.

    Attributes:
        stage: acoustic or vocoder.
        component: name of the network's component.
        runtime: which export ran.
        size: utterances.
        padding: share of padding.
        seconds: compute [s].
        audio_seconds: speech in it [s].
    """

    stage: str
    component: str
    runtime: RuntimeName
    size: int
    padding: float
    seconds: float
    audio_seconds: float
