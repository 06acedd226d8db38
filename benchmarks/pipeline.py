"""Runs requests without a queue, timed per stage: text → utterances → mels → samples → file.

Does what ``rhapsode say`` and the workers do, for the quality and the speed bench.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from audio.encode import AudioEncoder
from audio.join import UtteranceAudio, join, joined_blocks
from benchmarks.choices import Choice
from core.errors import RhapsodeError
from core.mel import Float32
from core.request import SynthesisRequest
from core.units import pause_samples
from core.voice import Catalogue
from synthesis.engine import Engine
from synthesis.parts import SynthesisItem, cut_parts, synthesis_items
from synthesis.results import SynthesizedUtterance
from text.frontend import open_frontend


@dataclass(slots=True)
class StageClock:
    """Wall seconds of each stage, summed [s]."""

    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, stage: str, seconds: float) -> None:
        """Adds seconds to a stage."""
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds


class Pipeline:
    """A loaded voice, acoustic model and vocoder.

    Args:
        catalogue: voices and components.
        choice: voice, networks and runtime.
        artifacts: folder of exported networks; missing ones are exported.

    Raises:
        RhapsodeError: the choice cannot be loaded.
    """

    def __init__(self, catalogue: Catalogue, choice: Choice, artifacts: Path) -> None:
        selection = choice.selection(catalogue)
        model = selection.acoustic_component
        self.choice, self.catalogue = choice, catalogue
        self.sample_rate = model.mel.sample_rate
        self.frontend = open_frontend(model.symbols, selection.voice.language)
        self.engine = Engine(artifacts)
        self.engine.load(selection, choice.runtime)

    def speak(self, texts: Sequence[str], clock: StageClock) -> list[list[UtteranceAudio]]:
        """Speaks texts together, each as its own request.

        Returns:
            Per text its utterances' samples and pauses [samples].

        Raises:
            RhapsodeError: one of them cannot be spoken.
        """
        start = time.perf_counter()
        requests = [self._items(text) for text in texts]
        clock.add("text", time.perf_counter() - start)
        results = iter(self.engine.synthesize([item for items in requests for item in items]))
        return [[self._piece(s, next(results), clock) for s in items] for items in requests]

    def _items(self, text: str) -> list[SynthesisItem]:
        choice = self.choice
        request = SynthesisRequest(
            text=text,
            voice=choice.voice,
            acoustic=choice.acoustic,
            vocoder=choice.vocoder,
            runtime=choice.runtime,
            precision=choice.precision,
        )
        utterances = self.frontend.analyze(text, ssml=False).utterances
        return [
            s for p in cut_parts([utterances]) for s in synthesis_items(p, request, self.catalogue)
        ]

    def _piece(
        self, item: SynthesisItem, result: SynthesizedUtterance | RhapsodeError, clock: StageClock
    ) -> UtteranceAudio:
        if isinstance(result, RhapsodeError):
            raise result
        clock.add("acoustic", result.stage_seconds.acoustic)
        clock.add("vocoder", result.stage_seconds.vocoder)
        pause = item.utterance.pause_after_seconds
        return result.waveform.samples, pause_samples(pause, 1.0, self.sample_rate)

    def wav(self, texts: Sequence[str], clock: StageClock) -> tuple[list[bytes], float]:
        """Speaks texts together into WAV files.

        Returns:
            Bytes of each file, and the audio in all of them [s].
        """
        speech = self.speak(texts, clock)
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            files = [encode(pieces, self.sample_rate, Path(folder)) for pieces in speech]
        clock.add("encode", time.perf_counter() - start)
        return files, sum(map(length, speech)) / self.sample_rate


def length(pieces: Sequence[UtteranceAudio]) -> int:
    """Returns the length of speech and pauses [samples]."""
    return sum(len(samples) + pause for samples, pause in pieces)


def joined(pieces: Sequence[UtteranceAudio], sample_rate: int) -> Float32:
    """Joins the pieces to one waveform, (N,) float32."""
    return join(pieces, sample_rate)


def encode(pieces: Sequence[UtteranceAudio], sample_rate: int, folder: Path) -> bytes:
    """Returns the bytes of a WAV file of the pieces, written as the service writes it."""
    path = folder / "audio.wav"
    with AudioEncoder(path, "wav", sample_rate, length(pieces)) as encoder:
        for block in joined_blocks(pieces, sample_rate):
            encoder.write(block)
    return path.read_bytes()
