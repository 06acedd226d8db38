"""The convolutional BiLSTM over any runtime: whole utterances, or endless speech in windows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from core.errors import SynthesisError
from core.mel import Float32, Int64, MelSpec
from core.protocols import Graph
from core.recognition import RecognizerOutput, StreamWindow
from recognition.adapter import CtcRecognizer
from recognition.convolutional_bilstm.config import ConvolutionalBiLstmConfig
from recognition.halo_stream import HaloStream
from recognition.rates import SLOTS, STRIDE

FRONT_HALO = 3
"""Frames of the encoder on each side that one of the front depends on: 12 mel frames, through
kernels 3, 5 (every second), 3, 5 (every second)."""


class ConvolutionalBiLstmRecognizer(CtcRecognizer):
    """Implements ``core.protocols.StreamingRecognizer``.

    Args:
        graphs: ``front`` and ``window`` (``graphs`` beside this file).
        mel_spec: of the mels it reads.
        config: sizes.
    """

    def __init__(
        self, graphs: Mapping[str, Graph], mel_spec: MelSpec, config: ConvolutionalBiLstmConfig
    ) -> None:
        super().__init__(graphs, mel_spec, config)
        self._front, self._window = graphs["front"], graphs["window"]

    def _scores(self, mels: Float32, lengths: Int64) -> tuple[Float32, Float32]:
        (encoded,) = self._front(mels, lengths)
        beyond, state = np.zeros_like(encoded[:, :1]), self._zero_state(len(mels))
        steps = -(-lengths // STRIDE)
        phonemes, characters, _, _ = self._window(encoded, beyond, steps, state, state)
        return phonemes, characters

    def _zero_state(self, batch: int) -> Float32:
        return np.zeros((batch, self._config.layers, self._config.hidden), np.float32)

    def front(self, mel: Float32) -> Float32:
        """Returns what the front makes of a mel (n_mels, T): (channels, ⌈T / 4⌉)."""
        (encoded,) = self._front(mel[None], np.array([mel.shape[1]]))
        made: Float32 = encoded[0].T
        return made

    def encoder(self, window: StreamWindow) -> WindowedEncoder:
        """Returns an encoder that begins."""
        return WindowedEncoder(self._window, window, self._config, self._zero_state(1))

    def stream(self, window: StreamWindow) -> ConvolutionalBiLstmStream:
        """Returns a stream that begins."""
        nothing = np.zeros((self._mel_spec.n_mels, 0), np.float32)
        front = HaloStream(self.front, STRIDE, FRONT_HALO, nothing)
        return ConvolutionalBiLstmStream(front, self.encoder(window), self._mel_spec)


class WindowedEncoder:
    """Encoder and heads over endless speech: a chunk, with the context after it, then the next.

    Args:
        run: the graph ``window``.
        window: sizes.
        config: sizes of the network.
        state: zeros (1, layers, hidden).
    """

    def __init__(
        self, run: Graph, window: StreamWindow, config: ConvolutionalBiLstmConfig, state: Float32
    ) -> None:
        self._run, self._sizes, self._config = run, window, config
        self._hidden = self._cell = state
        self._waiting = np.zeros((config.channels, 0), np.float32)

    @property
    def missing(self) -> int:
        """How many frames of the front the next chunk waits for."""
        return self._sizes.chunk + self._sizes.context - self._waiting.shape[1]

    def push(self, encoded: Float32) -> list[RecognizerOutput]:
        """Takes (channels, N) of the front and returns the chunks that have their context."""
        self._waiting = np.concatenate([self._waiting, encoded], 1)
        chunks = list[RecognizerOutput]()
        while self.missing <= 0:
            chunks.append(self._step())
        return chunks

    def finish(self) -> list[RecognizerOutput]:
        """Returns the chunks that are left, whose context is what there is of it."""
        chunks = list[RecognizerOutput]()
        while self._waiting.shape[1]:
            chunks.append(self._step())
        return chunks

    def _step(self) -> RecognizerOutput:
        size, context = self._sizes.chunk, self._sizes.context
        known = self._waiting[:, : size + context]
        padded = np.zeros((1, size + max(1, context), len(known)), np.float32)
        padded[0, : known.shape[1]] = known.T
        steps = np.array([known.shape[1]])
        phonemes, characters, self._hidden, self._cell = self._run(
            padded[:, :size], padded[:, size:], steps, self._hidden, self._cell
        )
        self._waiting = self._waiting[:, size:]
        slots = SLOTS * min(size, known.shape[1])
        return RecognizerOutput(phonemes[0, :slots], characters[0, :slots], STRIDE // SLOTS)


class ConvolutionalBiLstmStream:
    """Implements ``core.protocols.RecognizerStream``.

    Args:
        front: of mels.
        encoder: of what the front makes.
        mel_spec: of the mels.
    """

    def __init__(self, front: HaloStream, encoder: WindowedEncoder, mel_spec: MelSpec) -> None:
        self._front, self._encoder, self._mel_spec = front, encoder, mel_spec

    def push(self, mel: Float32) -> list[RecognizerOutput]:
        """See ``RecognizerStream``."""
        if mel.ndim != 2 or mel.shape[0] != self._mel_spec.n_mels:
            raise SynthesisError(f"a mel of shape {mel.shape}, not ({self._mel_spec.n_mels}, T)")
        if not np.isfinite(mel).all():  # it would stay in the state for ever
            raise SynthesisError("a mel that is not finite")
        self._front.push(mel)
        chunks = list[RecognizerOutput]()
        while self._front.ready >= self._encoder.missing:
            # A chunk at a time, so that the same calls are made whatever comes at once.
            chunks += self._encoder.push(self._front.take(self._encoder.missing))
        return chunks

    def finish(self) -> list[RecognizerOutput]:
        """See ``RecognizerStream``."""
        rest = self._front.finish()
        known = [] if rest is None else self._encoder.push(rest)
        return known + self._encoder.finish()
