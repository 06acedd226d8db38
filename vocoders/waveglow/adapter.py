"""WaveGlow over any runtime: mels and seeded noise to samples by exact windows, then denoised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch

from core.mel import Float32, MelSpec
from core.networks import WindowPolicy
from core.protocols import Graph
from vocoders.adapter import ConvVocoder
from vocoders.excitation import Conditions
from vocoders.waveglow.config import WaveGlowConfig
from vocoders.waveglow.denoiser import BIAS_FRAMES, Denoiser
from vocoders.windows import Window

MIN_FRAMES = 3
"""The denoiser's STFT reflects half a window of 1024 samples at either end."""


class WaveGlowVocoder(ConvVocoder):
    """Implements ``core.protocols.Vocoder``.

    Args:
        graphs: ``vocode``: mel (B, n_mels, T), z (B, n_group, T · hop / n_group) → samples.
        mel_spec: of the mels it reads.
        config: of the network.
        halo: frames of context per side that the network needs.
        policy: how to cut into windows.
    """

    def __init__(
        self,
        graphs: Mapping[str, Graph],
        mel_spec: MelSpec,
        *,
        config: WaveGlowConfig,
        halo: int,
        policy: WindowPolicy,
    ) -> None:
        super().__init__(graphs, mel_spec, halo=halo, policy=policy, min_frames=MIN_FRAMES)
        self._config = config
        self._groups = config.hop_length // config.n_group  # per frame
        self._denoiser = self._open_denoiser() if config.denoiser_strength else None

    def _noise(self, frames: int, seed: int) -> Float32:
        """z (n_group, frames · hop / n_group): a longer item begins with the same noise."""
        random = np.random.Generator(np.random.Philox(seed))
        z = random.standard_normal((frames * self._groups, self._config.n_group), np.float32)
        noise: Float32 = (z * np.float32(self._config.sigma)).T
        return noise

    def _conditions(self, frames: list[Float32], seeds: Sequence[int]) -> list[Conditions]:
        return [(self._noise(mel.shape[1], seed),) for mel, seed in zip(frames, seeds, strict=True)]

    def _inputs(
        self,
        frames: list[Float32],
        conditions: list[Conditions],
        batch: list[tuple[int, Window]],
    ) -> tuple[Float32, ...]:
        (mel,) = super()._inputs(frames, conditions, batch)
        g = self._groups
        z = np.stack([conditions[item][0][:, w.start * g : w.stop * g] for item, w in batch])
        return mel, z

    def stream(self, mel: Float32, seed: int) -> Iterator[Float32]:
        """Yields all samples at once: the denoiser hears the whole."""
        yield from self([mel], [seed])

    def _finished(self, samples: Float32) -> Float32:
        if self._denoiser is None or not len(samples):
            return samples
        with torch.inference_mode():
            clean = self._denoiser(torch.tensor(samples[None]), self._config.denoiser_strength)
        denoised: Float32 = clean[0].numpy()
        return denoised

    def _open_denoiser(self) -> Denoiser:
        """Returns a denoiser whose bias is what the network makes of a zero mel without noise."""
        c = self._config
        mel = np.zeros((1, c.n_mels, BIAS_FRAMES), np.float32)
        z = np.zeros((1, c.n_group, BIAS_FRAMES * self._groups), np.float32)
        return Denoiser(torch.tensor(self._vocode(mel, z)[0]))
