"""The seams: what the rooms expect of each other. A fake of each fits in 40 lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from numpy.typing import NDArray

from core.lexicon import LexiconMatch
from core.mel import AcousticOutput, Float32, MelSpec, PhonemeBatch
from core.recognition import RecognizerOutput, StreamWindow
from core.text import Pauses, TextAnalysis, VoiceAssignment

Array = NDArray[Any]


class Clock(Protocol):
    """Time, so that tests need no sleeps."""

    def now(self) -> float:
        """Unix seconds."""

    def monotonic(self) -> float:
        """Seconds since some start; compare within one process only."""


class LexiconMatcher(Protocol):
    """The entries of a client's lexicons, found where they apply."""

    def match(self, text: str, at: int, end: int) -> LexiconMatch | None:
        """Returns the longest entry that stands at a position, which begins a word."""


class TextFrontend(Protocol):
    """A front end: text to utterances of one symbol table."""

    def analyze(
        self,
        text: str,
        *,
        ssml: bool,
        pauses: Pauses = ...,
        lexicons: LexiconMatcher | None = ...,
        voices: VoiceAssignment = ...,
    ) -> TextAnalysis:
        """Returns utterances and silences of a text. Raises TextError, SsmlError."""


class Graph(Protocol):
    """One function of a network: arrays in the order of the manifest's inputs, arrays out."""

    def __call__(self, *inputs: Array) -> tuple[Array, ...]:
        """Returns the outputs in the order of the manifest. Raises DeviceError."""


class Runtime(Protocol):
    """eager, torchscript, onnx, openvino: turns an artifact into graphs."""

    name: str

    def open(self, artifact: Path) -> Mapping[str, Graph]:
        """Returns the artifact's graphs by name. Raises ArtifactError."""


class AcousticModel(Protocol):
    """An acoustic model: phonemes to mels. A batch of n gives what n singles give."""

    @property
    def mel_spec(self) -> MelSpec:
        """What the values of its mels mean."""

    def padded_length(self, symbols: int) -> int:
        """Returns the symbols at which an item of so many is computed; equal ones share a call."""

    def __call__(self, batch: PhonemeBatch) -> list[AcousticOutput]:
        """Returns one output per item of the batch. Raises SynthesisError."""


class Vocoder(Protocol):
    """A vocoder: mels to samples. A batch of n gives what n singles give."""

    @property
    def mel_spec(self) -> MelSpec:
        """What the values of the mels that it reads mean."""

    def __call__(self, mels: Sequence[Float32], seeds: Sequence[int]) -> list[Float32]:
        """Returns (T · hop_length,) float32 samples, not clipped, per mel (n_mels, T).

        Raises SynthesisError.
        """

    def stream(self, mel: Float32, seed: int) -> Iterator[Float32]:
        """Yields the samples of one mel from its first to its last as they are made.

        Raises SynthesisError.
        """


class SpeechRecognizer(Protocol):
    """A recognizer: mels to phonemes and characters. A batch of n gives what n singles give."""

    @property
    def mel_spec(self) -> MelSpec:
        """What the values of the mels that it reads mean."""

    def __call__(self, mels: Sequence[Float32]) -> list[RecognizerOutput]:
        """Returns one output per mel (n_mels, T). Raises SynthesisError."""


class RecognizerStream(Protocol):
    """A recognizer over speech whose end is not known; it keeps as much of it as a window has."""

    def push(self, mel: Float32) -> list[RecognizerOutput]:
        """Takes (n_mels, T) more of the mel and returns the chunks that are known by now.

        Raises SynthesisError: another number of bands, values that are not finite.
        """

    def finish(self) -> list[RecognizerOutput]:
        """Returns the chunks that are left; the stream is done."""


@runtime_checkable
class StreamingRecognizer(SpeechRecognizer, Protocol):
    """A recognizer that reads endless speech, too."""

    def stream(self, window: StreamWindow) -> RecognizerStream:
        """Returns a stream that begins."""


class AudioStore(Protocol):
    """Bytes by key; a key is written once or with the same bytes again."""

    def put(self, key: str, data: bytes) -> None:
        """Atomic: readers see all or nothing. Raises Unavailable."""

    def get(self, key: str) -> bytes:
        """Raises NotFound, Unavailable."""

    def writing(self, key: str) -> AbstractContextManager[Path]:
        """A file to write to; it becomes the key's when the block ends well. Raises Unavailable."""

    def read(self, key: str, start: int, stop: int) -> bytes:
        """Bytes [start, stop), fewer at the end. Raises NotFound, Unavailable."""

    def size(self, key: str) -> int:
        """Length in bytes. Raises NotFound, Unavailable."""

    def exists(self, key: str) -> bool:
        """Raises Unavailable."""

    def delete(self, prefix: str) -> int:
        """Deletes the key or all below; returns how many. Raises Unavailable."""

    def link(self, key: str, seconds: float) -> str | None:
        """Where anybody may fetch it for so long [s], whether or not it exists; None: a store that
        has no such addresses. Raises Unavailable."""
