"""An engine with fakes of its networks that record their calls."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from core.errors import ArtifactError, DeviceError, RhapsodeError
from core.mel import AcousticOutput, Float32, MelSpec, PhonemeBatch
from core.text import Span, Utterance
from core.voice import Catalogue, Component, Provenance, Selection, VoiceCard
from exports.registry import spec_of
from synthesis.batching import Budgets
from synthesis.engine import Engine
from synthesis.parts import SynthesisItem
from synthesis.results import BatchFigures, SynthesizedUtterance

SPEC = MelSpec()
HOP = SPEC.hop_length
POISON, MUTE, NOT_FINITE, NOTHING, RUNAWAY, LONG, LOUD, PAUSE, STRAY = range(90, 99)
WHIM, CROWDED = 80, 81
"""With an odd seed WHIM makes the network behave; CROWDED is not finite in a batch."""


@dataclass
class FakeAcoustic:
    """Each symbol lasts ``FRAMES / speed`` frames, and the mel holds its id."""

    mel_spec: MelSpec = SPEC
    calls: list[PhonemeBatch] = field(default_factory=list)
    largest: int = 10**9

    def padded_length(self, symbols: int) -> int:
        return symbols

    def __call__(self, batch: PhonemeBatch) -> list[AcousticOutput]:
        self.calls.append(batch)
        ids = batch.ids.copy()
        behaves = (ids == WHIM).any(1) & (batch.seeds % 2 == 1)
        ids[behaves] = np.minimum(ids[behaves], WHIM)
        if len(batch.ids) > self.largest:
            raise DeviceError("no memory")
        if (ids == POISON).any():
            raise ZeroDivisionError("poisoned")
        durations = np.where(ids > 0, np.rint(6 / batch.speed), 0).astype(np.int64)
        durations[ids == NOTHING] = 0
        durations[ids == LONG] = 300
        durations[ids == PAUSE] = 140
        return [
            AcousticOutput(
                np.tile(np.repeat(row, frames) + 1000 * speaker, (80, 1)).astype(np.float32),
                frames[:length],
                runaway=bool((row == RUNAWAY).any()),
                stray_frames=30 * int((row == STRAY).any()),
            )
            for row, frames, speaker, length in zip(
                ids, durations, batch.speakers, batch.lengths, strict=True
            )
        ]


@dataclass
class FakeVocoder:
    """Each frame becomes ``hop`` samples of its value / 1000."""

    mel_spec: MelSpec = SPEC
    sizes: list[int] = field(default_factory=list)

    def __call__(self, mels: Sequence[Float32], seeds: Sequence[int]) -> list[Float32]:
        self.sizes.append(len(seeds))
        return [self._one(m[0], seed, len(seeds)) for m, seed in zip(mels, seeds, strict=True)]

    def stream(self, mel: Float32, seed: int) -> Iterator[Float32]:
        """Yields windows of ten frames."""
        self.sizes.append(1)
        samples = self._one(mel[0], seed, 1)
        for start in range(0, len(samples), 10 * HOP):
            yield samples[start : start + 10 * HOP]

    def _one(self, frames: Float32, seed: int, crowd: int) -> Float32:
        samples = np.repeat(frames / 1000, HOP).astype(np.float32)
        if WHIM in frames and seed % 2 == 1:
            return samples
        if CROWDED in frames and crowd > 1:
            samples[0] = np.inf
        samples[np.repeat(frames == LOUD, HOP)] = 1.0
        samples[np.repeat(frames == PAUSE, HOP)] = 0.0
        if MUTE in frames:
            samples[:] = 0
        if NOT_FINITE in frames:
            samples[3] = np.nan
        return samples


@dataclass
class FakeVoice:
    acoustic: FakeAcoustic
    vocoder: FakeVocoder
    digests: dict[str, str]


def component(name: str, network: str) -> Component:
    return spec_of(network).component(
        name,
        {},
        mel=SPEC,
        symbols="house",
        speakers=2,
        provenance=Provenance(source="-", licence="-"),
    )


def card(name: str, speaker: int, acoustic: str = "fs") -> VoiceCard:
    return VoiceCard(
        name=name,
        title=name,
        description="",
        language="en-us",
        gender="neutral",
        acoustic={"fastspeech2": acoustic, "tacotron2": "taco"},
        vocoders={"hifigan": "hifi", "melgan": "mel", "waveglow": "glow"},
        speaker=speaker,
        licence="-",
        provenance="-",
    )


CATALOGUE = Catalogue(
    voices={"one": card("one", 0), "two": card("two", 1), "broken": card("broken", 0, "bad")},
    components={
        "fs": component("fs", "fastspeech2"),
        "bad": component("bad", "fastspeech2"),
        "hifi": component("hifi", "hifigan"),
        "mel": component("mel", "melgan"),
        "taco": component("taco", "tacotron2"),
        "glow": component("glow", "waveglow"),
    },
)


@dataclass
class Bench:
    """An engine with fakes and everything that they recorded."""

    largest: int = 10**9
    budgets: Budgets = Budgets(symbols=4096, frames=10**6, items=64, padding=0.9)  # noqa: RUF009
    figures: list[BatchFigures] = field(default_factory=list)
    anomalies: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    ticks: int = 0

    def __post_init__(self) -> None:
        self.voice = FakeVoice(FakeAcoustic(largest=self.largest), FakeVocoder(), {"fs": "1"})
        self.engine = Engine(
            Path("unused"),
            budgets=self.budgets,
            load=self.load,
            on_batch=self.figures.append,
            on_anomaly=self.anomalies.append,
            monotonic=self.tick,
        )

    def load(self, selection: Selection, **_: object) -> FakeVoice:
        self.loads.append(selection.voice.name)
        if selection.voice.name == "broken":
            raise ArtifactError("broken voice")
        return self.voice

    def tick(self) -> float:
        self.ticks += 1
        return float(self.ticks)


def item(
    ids: Sequence[int],
    *,
    voice: str = "one",
    acoustic: str = "fastspeech2",
    vocoder: str = "hifigan",
    speed: float = 1.0,
    seed: int = 0,
    **more: object,
) -> SynthesisItem:
    utterance = Utterance(
        text="a",
        span=Span(0, 1),
        phonemes=("a",) * len(ids),
        phoneme_ids=tuple(ids),
        pause_after_seconds=0.0,
        **more,  # type: ignore[arg-type]
    )
    return SynthesisItem(
        utterance=utterance,
        selection=CATALOGUE.resolve(voice, acoustic, vocoder),
        runtime="onnx",
        speed=speed,
        seed=seed,
    )


def succeeded(result: SynthesizedUtterance | RhapsodeError) -> SynthesizedUtterance:
    assert isinstance(result, SynthesizedUtterance), result
    return result


def symbols_of(result: SynthesizedUtterance | RhapsodeError) -> list[int]:
    """Returns the symbols that the samples carry."""
    frames = succeeded(result).waveform.samples[::HOP] * 1000
    edges = np.cumsum([0, *succeeded(result).durations[:-1]])
    return [round(float(frames[e])) for e in edges]
