"""Vocos over any runtime: mels to pitch and excitations, all three by exact windows to samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.mel import Float32, MelSpec
from core.networks import WindowPolicy
from core.protocols import Graph
from vocoders.adapter import Conditions, ConvVocoder
from vocoders.vocos.config import VocosConfig
from vocoders.vocos.excitation import excitation_spectra
from vocoders.windows import Window


class VocosVocoder(ConvVocoder):
    """Implements ``core.protocols.Vocoder``.

    Args:
        graphs: ``pitch`` and ``vocode`` (vocoders/vocos/graphs.py).
        mel_spec: of the mels it reads.
        config: of the network.
        halo: frames of context per side that ``vocode`` needs.
        policy: how to cut into windows.
    """

    def __init__(
        self,
        graphs: Mapping[str, Graph],
        mel_spec: MelSpec,
        *,
        config: VocosConfig,
        halo: int,
        policy: WindowPolicy,
    ) -> None:
        super().__init__(graphs, mel_spec, halo=halo, policy=policy)
        self._pitch = graphs["pitch"]
        self._config = config

    def _conditions(self, frames: list[Float32], seeds: Sequence[int]) -> list[Conditions]:
        """Spectra of pulses and of noise (T · subframes, 2 · bins) of every item.

        The pitch estimator runs on each item alone and whole: phases add up its rounding, which
        would depend on batch and windows otherwise.
        """
        return [
            excitation_spectra(self._octaves(mel), seed, self._config)
            for mel, seed in zip(frames, seeds, strict=True)
        ]

    def _octaves(self, mel: Float32) -> Float32:
        if not mel.shape[1]:
            return np.empty(0, np.float32)
        octaves: Float32 = self._pitch(mel[None])[0][0]  # (T,)
        return octaves

    def _inputs(
        self,
        frames: list[Float32],
        conditions: list[Conditions],
        batch: list[tuple[int, Window]],
    ) -> tuple[Float32, ...]:
        (mel,) = super()._inputs(frames, conditions, batch)
        n = self._config.subframes
        pulses, noise = (
            np.stack([conditions[item][i][w.start * n : w.stop * n] for item, w in batch])
            for i in (0, 1)
        )
        return mel, pulses, noise
