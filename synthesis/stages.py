"""The two stages of synthesis: each runs one network on a batch of utterances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Protocol

import numpy as np

from core.errors import AnomalyError, RhapsodeError, SynthesisError
from core.mel import Float32, Int64, PhonemeBatch
from core.recognition import UtteranceCheck
from core.report import StageSeconds
from core.text import Notice
from core.voice import Component
from synthesis.anomalies import Attempt, detect_anomalies
from synthesis.batching import Budgets
from synthesis.loading import LoadedVoice
from synthesis.parts import SynthesisItem
from synthesis.prosody import phoneme_controls

StageName = Literal["acoustic", "vocoder"]
NO_MEL: Float32 = np.zeros((0, 0), np.float32)
NO_SAMPLES: Float32 = np.zeros(0, np.float32)


@dataclass(slots=True, eq=False)
class UtteranceState:
    """One utterance on its way through the engine.

    Attributes:
        item: what is to be synthesized.
        networks: those of the item's selection; None where they could not be loaded.
        seed: of the next call of a network.
        mel: (n_mels, T) float32 after the acoustic stage.
        durations: frames of each phoneme.
        runaway: the acoustic model hit its cap.
        stray_frames: frames in which the acoustic model's attention went back.
        samples: (T · hop,) float32 after the vocoder stage.
        seconds: its share of the compute of its batches, by frames [s].
        batch_size: utterances of its acoustic batch, itself included.
        check: what a recognizer thinks of it.
        deviates: words are flagged, all of them by how far the samples lie from the mel alone: a
            vocoder's fault.
        check_seconds: its share of the check's compute, by frames [s].
        anomalies: what is wrong with the result.
        notices: what the report should tell besides.
        error: why it cannot be synthesized.
    """

    item: SynthesisItem
    networks: LoadedVoice | None = None
    seed: int = field(init=False)
    mel: Float32 = field(default_factory=lambda: NO_MEL)
    durations: tuple[int, ...] = ()
    runaway: bool = False
    stray_frames: int = 0
    samples: Float32 = field(default_factory=lambda: NO_SAMPLES)
    seconds: StageSeconds = field(default_factory=StageSeconds)
    batch_size: int = 0
    check: UtteranceCheck | None = None
    deviates: bool = False
    check_seconds: float = 0.0
    anomalies: tuple[Notice, ...] = ()
    notices: list[Notice] = field(default_factory=list)
    error: RhapsodeError | None = None

    def __post_init__(self) -> None:
        self.seed = self.item.seed

    @property
    def loaded(self) -> LoadedVoice:
        """The networks; only states without an error are asked."""
        assert self.networks is not None
        return self.networks

    @property
    def frames(self) -> int:
        """Length of the mel."""
        return int(self.mel.shape[1])

    @property
    def next_stage(self) -> StageName | None:
        """The stage that comes next; None where there is nothing to do or nothing to gain."""
        if self.error is not None or len(self.samples) or self.runaway:
            return None
        if not self.durations:
            return "acoustic"
        return "vocoder" if self.frames else None

    def detect_anomalies(self) -> None:
        """Fills ``anomalies``."""
        if isinstance(self.error, AnomalyError):
            span = self.item.utterance.span
            self.anomalies = (Notice(self.error.code, self.error.message, span),)
        elif self.error is None:
            self.anomalies = detect_anomalies(self._attempt)

    @property
    def _attempt(self) -> Attempt:
        spec = self.loaded.vocoder.mel_spec
        return Attempt(
            utterance=self.item.utterance,
            speed=phoneme_controls(self.item)[0],
            sample_rate=spec.sample_rate,
            hop_length=spec.hop_length,
            durations=self.durations,
            samples=self.samples if len(self.samples) else None,
            runaway=self.runaway,
            stray_frames=self.stray_frames,
        )


class Stage(Protocol):
    """A network's place in the engine: which states it takes, how they are batched, what it does.

    Attributes:
        name: of metrics and reports.
        dominant: nearly all the time is spent here, so that every thread should get its share of a
            group of states, in smaller batches.
    """

    name: ClassVar[StageName]
    dominant: ClassVar[bool]

    def component(self, state: UtteranceState) -> Component:
        """Returns the network that the state goes through."""

    def length(self, state: UtteranceState) -> int:
        """Returns the cells that the state fills in a batch: symbols or frames."""

    def padded_length(self, state: UtteranceState) -> int:
        """Returns the cells at which it is computed when it is alone."""

    def cells(self, budgets: Budgets) -> int:
        """Returns the most cells of a batch."""

    def run(self, states: Sequence[UtteranceState]) -> None:
        """Runs the network on states that share it and stores what it says in them.

        Raises:
            SynthesisError: the network failed; nothing in the states counts.
        """


class AcousticStage:
    """Phonemes to mels; fills mel, durations, runaway and stray_frames."""

    name: ClassVar[StageName] = "acoustic"
    dominant: ClassVar[bool] = False

    def component(self, state: UtteranceState) -> Component:
        """Returns the acoustic model of the state's selection."""
        return state.item.selection.acoustic_component

    def length(self, state: UtteranceState) -> int:
        """Returns the number of symbols."""
        return len(state.item.utterance.phoneme_ids)

    def padded_length(self, state: UtteranceState) -> int:
        """Returns the symbols at which the model computes it."""
        return state.loaded.acoustic.padded_length(self.length(state))

    def cells(self, budgets: Budgets) -> int:
        """Returns the most symbols of a batch."""
        return budgets.symbols

    def run(self, states: Sequence[UtteranceState]) -> None:
        """See ``Stage.run``."""
        outputs = states[0].loaded.acoustic(phoneme_batch(states))
        for state, output in zip(states, outputs, strict=True):
            frames = int(output.durations.sum())
            if output.mel.shape[1] != frames:
                raise SynthesisError(f"durations of {frames} for {output.mel.shape[1]} frames")
            state.mel = output.mel
            state.durations = tuple(output.durations.tolist())
            state.runaway = output.runaway
            state.stray_frames = output.stray_frames
            state.batch_size = len(states)


class VocoderStage:
    """Mels to samples; fills samples."""

    name: ClassVar[StageName] = "vocoder"
    dominant: ClassVar[bool] = True

    def component(self, state: UtteranceState) -> Component:
        """Returns the vocoder of the state's selection."""
        return state.item.selection.vocoder_component

    def length(self, state: UtteranceState) -> int:
        """Returns the number of frames."""
        return state.frames

    def padded_length(self, state: UtteranceState) -> int:
        """Returns the number of frames."""
        return state.frames

    def cells(self, budgets: Budgets) -> int:
        """Returns the most frames of a batch."""
        return budgets.frames

    def run(self, states: Sequence[UtteranceState]) -> None:
        """See ``Stage.run``."""
        vocoder = states[0].loaded.vocoder
        samples = vocoder([state.mel for state in states], [state.seed for state in states])
        for state, own in zip(states, samples, strict=True):
            if len(own) != state.frames * vocoder.mel_spec.hop_length:
                raise SynthesisError(f"{len(own)} samples for {state.frames} frames")
            state.samples = own


STAGES: tuple[Stage, ...] = (AcousticStage(), VocoderStage())
"""In the order in which an utterance goes through them."""


def phoneme_batch(states: Sequence[UtteranceState]) -> PhonemeBatch:
    """Returns the input of an acoustic model; ids are padded with 0 and controls with 1."""
    lengths = np.array([len(state.item.utterance.phoneme_ids) for state in states], np.int64)
    shape = (len(states), int(lengths.max()))
    ids: Int64 = np.zeros(shape, np.int64)
    speed, pitch, energy = (np.ones(shape, np.float32) for _ in range(3))
    for row, (state, length) in enumerate(zip(states, lengths, strict=True)):
        ids[row, :length] = state.item.utterance.phoneme_ids
        controls = phoneme_controls(state.item)
        speed[row, :length], pitch[row, :length], energy[row, :length] = controls
    speakers = np.array([state.item.selection.voice.speaker for state in states], np.int64)
    seeds = np.array([state.seed for state in states], np.int64)
    return PhonemeBatch(ids, lengths, speakers, speed, pitch, energy, seeds)
