"""Spectral losses of vocoders: what can be learnt without an adversary."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# (n_fft, hop, window): Parallel WaveGAN (arXiv 1910.11480) table 1.
RESOLUTIONS = ((1024, 120, 600), (2048, 240, 1200), (512, 50, 240))


class MultiResolutionStft(nn.Module):
    """Spectral convergence plus log-magnitude L1, mean over resolutions (Parallel WaveGAN §2.2)."""

    def __init__(self) -> None:
        super().__init__()
        for n_fft, _, window in RESOLUTIONS:
            self.register_buffer(f"window_{n_fft}", torch.hann_window(window), persistent=False)

    def forward(self, said: Tensor, real: Tensor) -> Tensor:
        """said, real (B, N) float32 → scalar."""
        losses = []
        for n_fft, hop, window in RESOLUTIONS:
            a, b = (self._magnitudes(x, n_fft, hop, window) for x in (said, real))
            convergence = (b - a).norm() / b.norm()
            losses.append(convergence + F.l1_loss(a.log(), b.log()))
        return torch.stack(losses).mean()

    def _magnitudes(self, x: Tensor, n_fft: int, hop: int, window: int) -> Tensor:
        shape = getattr(self, f"window_{n_fft}")
        stft = torch.stft(x, n_fft, hop, window, shape, return_complex=True)
        return torch.sqrt((stft.real.square() + stft.imag.square()).clamp(min=1e-7))
