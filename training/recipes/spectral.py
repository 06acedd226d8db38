"""Spectral losses of vocoders: what can be learnt without discriminators."""

from __future__ import annotations

import msgspec
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from audio.mel import MelExtractor
from core.mel import MelSpec

MEL_WEIGHT = 45.0  # HiFi-GAN §2.4
STFT_WEIGHT = 10.0  # brings both to the same size at the start
# (n_fft, hop, window): Parallel WaveGAN (arXiv 1910.11480) table 1.
RESOLUTIONS = ((1024, 120, 600), (2048, 240, 1200), (512, 50, 240))


class MultiResolutionStft(nn.Module):
    """Spectral convergence plus log-magnitude L1, mean over resolutions (Parallel WaveGAN §2.2)."""

    def __init__(self) -> None:
        super().__init__()
        for n_fft, _, window in RESOLUTIONS:
            self.register_buffer(f"window_{n_fft}", torch.hann_window(window), persistent=False)

    def forward(self, predicted: Tensor, target: Tensor) -> Tensor:
        """predicted, target (B, N) float32 → scalar."""
        losses = []
        for n_fft, hop, window in RESOLUTIONS:
            a, b = (self._magnitudes(x, n_fft, hop, window) for x in (predicted, target))
            convergence = (b - a).norm() / b.norm()
            losses.append(convergence + F.l1_loss(a.log(), b.log()))
        return torch.stack(losses).mean()

    def _magnitudes(self, x: Tensor, n_fft: int, hop: int, window: int) -> Tensor:
        shape = getattr(self, f"window_{n_fft}")
        stft = torch.stft(x, n_fft, hop, window, shape, return_complex=True)
        return torch.sqrt((stft.real.square() + stft.imag.square()).clamp(min=1e-7))


class SpectralLoss(nn.Module):
    """The losses that all vocoders learn from: mels and magnitudes.

    Args:
        mel: what the network reads. The loss sees up to Nyquist (jik876/hifi-gan fmax_for_loss).
    """

    def __init__(self, mel: MelSpec) -> None:
        super().__init__()
        wide = msgspec.structs.replace(mel, f_max=mel.sample_rate / 2)
        self.extractor, self.stft = MelExtractor(wide), MultiResolutionStft()

    def forward(self, predicted: Tensor, target: Tensor) -> dict[str, Tensor]:
        """predicted, target (B, N) float32 → weighted mel L1 and STFT losses."""
        mel = (self.extractor(predicted) - self.extractor(target)).abs().mean()
        return {"mel": MEL_WEIGHT * mel, "stft": STFT_WEIGHT * self.stft(predicted, target)}
