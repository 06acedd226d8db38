"""The whole way of a request without a queue: text → utterances → mels → samples → file.

What ``rhapsode say`` and the workers do, timed per stage, for the quality and the speed bench.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from audio.encode import AudioEncoder
from audio.join import Piece, join, stream
from core.errors import RhapsodeError
from core.mel import Float32
from core.request import RuntimeName, SynthesisRequest
from core.voice import Catalogue
from synthesis.engine import Engine
from synthesis.parts import SynthesisItem, cut_parts, pause_samples, speeches
from synthesis.results import SynthesizedUtterance
from text.frontend import open_frontend


@dataclass(frozen=True, slots=True)
class Choice:
    """What speaks.

    Attributes:
        voice: of the catalogue.
        acoustic: acoustic model, by its name in requests.
        vocoder: vocoder, by its name in requests.
        runtime: which export.
    """

    voice: str
    acoustic: str
    vocoder: str
    runtime: RuntimeName = "onnx"

    @property
    def name(self) -> str:
        """For tables."""
        return f"{self.voice} {self.acoustic} × {self.vocoder}"


@dataclass(slots=True)
class StageClock:
    """Wall seconds of each stage, summed [s]."""

    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, stage: str, seconds: float) -> None:
        """Adds to a stage."""
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds


def choices(catalogue: Catalogue, runtime: RuntimeName = "onnx") -> list[Choice]:
    """Every voice × acoustic model × vocoder that the catalogue offers."""
    return [
        Choice(card.name, acoustic, vocoder, runtime)
        for card in catalogue.voices.values()
        for acoustic in card.acoustic
        for vocoder in card.vocoders
    ]


class Pipeline:
    """One choice, loaded.

    Args:
        catalogue: voices and components.
        choice: what speaks.
        artifacts: folder of exports; missing ones are made.

    Raises:
        RhapsodeError: the choice cannot be loaded.
    """

    def __init__(self, catalogue: Catalogue, choice: Choice, artifacts: Path) -> None:
        card = catalogue.voice(choice.voice)
        _, model = catalogue.component("acoustic", card.acoustic, choice.acoustic)
        self.choice, self.catalogue = choice, catalogue
        self.sample_rate = model.mel.sample_rate
        self.frontend = open_frontend(model.symbols, card.language)
        self.engine = Engine(catalogue, artifacts)
        self.engine.load(choice.voice, choice.acoustic, choice.vocoder, choice.runtime)

    def speak(self, texts: Sequence[str], clock: StageClock) -> list[list[Piece]]:
        """Speaks texts together, each as its own request.

        Returns:
            Per text its utterances' samples and pauses [samples].

        Raises:
            RhapsodeError: one of them cannot be spoken.
        """
        start = time.perf_counter()
        asked = [self._speeches(text) for text in texts]
        clock.add("text", time.perf_counter() - start)
        spoken = iter(self.engine.speak([s for one in asked for s in one]))
        return [[self._piece(s, next(spoken), clock) for s in one] for one in asked]

    def _speeches(self, text: str) -> list[SynthesisItem]:
        choice = self.choice
        request = SynthesisRequest(
            text=text,
            voice=choice.voice,
            acoustic=choice.acoustic,
            vocoder=choice.vocoder,
            runtime=choice.runtime,
        )
        said = self.frontend.analyze(text, ssml=False).utterances
        return [s for p in cut_parts([said]) for s in speeches(p, request, self.catalogue)]

    def _piece(
        self, speech: SynthesisItem, spoken: SynthesizedUtterance | RhapsodeError, clock: StageClock
    ) -> Piece:
        if isinstance(spoken, RhapsodeError):
            raise spoken
        clock.add("acoustic", spoken.stage_seconds.acoustic)
        clock.add("vocoder", spoken.stage_seconds.vocoder)
        pause = speech.utterance.pause_after_seconds
        return spoken.waveform.samples, pause_samples(pause, 1.0, self.sample_rate)

    def wav(self, texts: Sequence[str], clock: StageClock) -> tuple[list[bytes], float]:
        """Speaks texts together into WAV files.

        Returns:
            Bytes of each file, and the audio in all of them [s].
        """
        spoken = self.speak(texts, clock)
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            files = [encode(pieces, self.sample_rate, Path(folder)) for pieces in spoken]
        clock.add("encode", time.perf_counter() - start)
        return files, sum(map(length, spoken)) / self.sample_rate


def length(pieces: Sequence[Piece]) -> int:
    """Speech and pauses [samples]."""
    return sum(len(samples) + pause for samples, pause in pieces)


def joined(pieces: Sequence[Piece], sample_rate: int) -> Float32:
    """The pieces as one waveform, (N,) float32."""
    return join(pieces, sample_rate)


def encode(pieces: Sequence[Piece], sample_rate: int, folder: Path) -> bytes:
    """The pieces as a WAV file, written and read back as the service does."""
    path = folder / "audio.wav"
    with AudioEncoder(path, "wav", sample_rate, length(pieces)) as encoder:
        for block in stream(pieces, sample_rate):
            encoder.write(block)
    return path.read_bytes()
