"""A recognizer over any runtime: mels in, log-probabilities of labels out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.errors import SynthesisError
from core.mel import Float32, Int64, MelSpec
from core.protocols import Graph
from core.recognition import RecognizerOutput
from recognition.rates import SLOTS, STRIDE, slots_of


class CtcRecognizer:
    """Implements ``core.protocols.SpeechRecognizer``.

    Args:
        graphs: ``recognize`` (recognition/graphs.py).
        mel_spec: of the mels it reads.
        config: sizes of the network.
    """

    def __init__(self, graphs: Mapping[str, Graph], mel_spec: MelSpec, config: Any) -> None:
        self._graphs, self._mel_spec, self._config = graphs, mel_spec, config

    @property
    def mel_spec(self) -> MelSpec:
        """What the values of the mels that it reads mean."""
        return self._mel_spec

    def __call__(self, mels: Sequence[Float32]) -> list[RecognizerOutput]:
        """Returns one output per mel (n_mels, T), T > 0; all go through the network together.

        Raises:
            SynthesisError: a mel has no frame.
        """
        if not mels:
            return []
        lengths = np.array([mel.shape[1] for mel in mels], np.int64)
        if lengths.min() < 1:
            raise SynthesisError("a mel without frames", code="empty_utterance")
        padded = np.zeros((len(mels), self._mel_spec.n_mels, int(lengths.max())), np.float32)
        for row, mel in zip(padded, mels, strict=True):
            row[:, : mel.shape[1]] = mel
        phonemes, characters = self._scores(padded, lengths)
        return [
            RecognizerOutput(p[: slots_of(n)], c[: slots_of(n)], STRIDE // SLOTS)
            for p, c, n in zip(phonemes, characters, lengths.tolist(), strict=True)
        ]

    def _scores(self, mels: Float32, lengths: Int64) -> tuple[Float32, Float32]:
        """Returns log-probabilities of both heads for mels (B, n_mels, T) and their lengths."""
        phonemes, characters = self._graphs["recognize"](mels, lengths)
        return phonemes, characters
