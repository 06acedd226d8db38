"""The two networks on one batch of works: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from core.errors import AnomalyError, RhapsodeError, SynthesisError
from core.mel import Float32, Int64, PhonemeBatch
from core.text import Notice
from synthesis.anomalies import Take, detect_anomalies
from synthesis.loading import Loaded
from synthesis.parts import SynthesisItem
from synthesis.prosody import phoneme_controls

NO_MEL: Float32 = np.zeros((0, 0), np.float32)
NO_SAMPLES: Float32 = np.zeros(0, np.float32)


@dataclass(slots=True, eq=False)
class UtteranceState:
    """One utterance on its way through the engine.

    Attributes:
        speech: what to say.
        voice: its networks; None where they could not be loaded.
        components: names of acoustic model and vocoder.
        seeded: whether what each of the two synthesizes depends on the seed.
        speaker: index into the acoustic model's speaker table.
        seed: of the next call.
        mel: (n_mels, T) float32 after the acoustic stage.
        durations: frames of each phoneme.
        runaway: the acoustic model hit its cap.
        stray_frames: the acoustic model's attention went back for so many.
        samples: (T · hop,) float32 after the vocoder stage.
        seconds: compute of the acoustic and of the vocoder stage [s].
        batch_size: of the acoustic call.
        found: what is wrong with it.
        notices: for the report.
        error: why it cannot be spoken.
    """

    speech: SynthesisItem
    voice: Loaded | None = None
    components: tuple[str, str] = ("", "")
    seeded: tuple[bool, bool] = (False, False)
    speaker: int = 0
    seed: int = field(init=False)
    mel: Float32 = field(default_factory=lambda: NO_MEL)
    durations: tuple[int, ...] = ()
    runaway: bool = False
    stray_frames: int = 0
    samples: Float32 = field(default_factory=lambda: NO_SAMPLES)
    seconds: list[float] = field(default_factory=lambda: [0.0, 0.0])
    batch_size: int = 0
    found: tuple[Notice, ...] = ()
    notices: list[Notice] = field(default_factory=list)
    error: RhapsodeError | None = None

    def __post_init__(self) -> None:
        self.seed = self.speech.seed

    @property
    def loaded(self) -> Loaded:
        """The voice; only works without an error are asked."""
        assert self.voice is not None
        return self.voice

    @property
    def frames(self) -> int:
        """Length of the mel."""
        return int(self.mel.shape[1])

    @property
    def wants(self) -> int | None:
        """Its next stage: 0 acoustic, 1 vocoder; None where there is nothing to do or to gain."""
        if self.error is not None or len(self.samples) or self.runaway:
            return None
        if not self.durations:
            return 0
        return 1 if self.frames else None

    def look(self) -> None:
        """Fills ``found``."""
        if isinstance(self.error, AnomalyError):
            span = self.speech.utterance.span
            self.found = (Notice(self.error.code, self.error.message, span),)
        elif self.error is None:
            self.found = detect_anomalies(self._take)

    @property
    def _take(self) -> Take:
        spec = self.loaded.vocoder.mel_spec
        return Take(
            utterance=self.speech.utterance,
            speed=phoneme_controls(self.speech)[0],
            sample_rate=spec.sample_rate,
            hop_length=spec.hop_length,
            durations=self.durations,
            samples=self.samples if len(self.samples) else None,
            runaway=self.runaway,
            stray_frames=self.stray_frames,
        )


def phoneme_batch(works: Sequence[UtteranceState]) -> PhonemeBatch:
    """Pads ids with 0 and controls with 1."""
    lengths = np.array([len(work.speech.utterance.phoneme_ids) for work in works], np.int64)
    shape = (len(works), int(lengths.max()))
    ids: Int64 = np.zeros(shape, np.int64)
    speed, pitch, energy = (np.ones(shape, np.float32) for _ in range(3))
    for row, (work, length) in enumerate(zip(works, lengths, strict=True)):
        ids[row, :length] = work.speech.utterance.phoneme_ids
        controls = phoneme_controls(work.speech)
        speed[row, :length], pitch[row, :length], energy[row, :length] = controls
    speakers = np.array([work.speaker for work in works], np.int64)
    seeds = np.array([work.seed for work in works], np.int64)
    return PhonemeBatch(ids, lengths, speakers, speed, pitch, energy, seeds)


def run_acoustic(works: Sequence[UtteranceState]) -> None:
    """Fills mel, durations and runaway; all works share the acoustic model."""
    outputs = works[0].loaded.acoustic(phoneme_batch(works))
    for work, output in zip(works, outputs, strict=True):
        work.mel = output.mel
        work.durations = tuple(output.durations.tolist())
        work.runaway = output.runaway
        work.stray_frames = output.stray_frames
        if sum(work.durations) != work.frames:
            raise SynthesisError(f"durations of {sum(work.durations)} for {work.frames} frames")


def run_vocoder(works: Sequence[UtteranceState]) -> None:
    """Fills samples; all works share the vocoder."""
    vocoder = works[0].loaded.vocoder
    samples = vocoder([work.mel for work in works], [work.seed for work in works])
    for work, own in zip(works, samples, strict=True):
        if len(own) != work.frames * vocoder.mel_spec.hop_length:
            raise SynthesisError(f"{len(own)} samples for {work.frames} frames")
        work.samples = own
