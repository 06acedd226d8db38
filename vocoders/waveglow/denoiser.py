"""Removes from WaveGlow's speech the hum that it makes of silence.

Source: NVIDIA/waveglow@8afb643 denoiser.py (BSD-3). Differs: torch.stft on any device; the number
of mels is a parameter.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vocoders.waveglow.network import WaveGlow

BIAS_FRAMES = 88
"""Frames of silence whose hum is listened to; only its first STFT frame is kept."""
TINY = 1e-12


class Denoiser(nn.Module):
    """Spectral subtraction of a constant magnitude spectrum; the phase is kept."""

    window: Tensor
    bias: Tensor

    def __init__(self, bias_samples: Tensor, *, n_fft: int = 1024, hop_length: int = 256) -> None:
        """Measures the bias in what the vocoder makes of no noise.

        Args:
            bias_samples: (1, N) float32, from ``bias_of``.
            n_fft: FFT and window length [samples].
            hop_length: distance of two frames [samples].
        """
        super().__init__()
        self.n_fft, self.hop_length = n_fft, hop_length
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)
        self.register_buffer("bias", self._stft(bias_samples).abs()[:, :, :1], persistent=False)

    def forward(self, samples: Tensor, strength: float) -> Tensor:
        """samples (B, N) → (B, N), with ``strength`` times the bias taken off every frame."""
        spectrum = self._stft(samples)  # (B, n_fft // 2 + 1, T) complex
        magnitude = spectrum.abs()
        kept = (magnitude - strength * self.bias).clamp(min=0) / magnitude.clamp(min=TINY)
        return torch.istft(
            spectrum * kept,
            self.n_fft,
            self.hop_length,
            window=self.window,
            length=samples.shape[1],
        )

    def _stft(self, samples: Tensor) -> Tensor:
        return torch.stft(
            samples,
            self.n_fft,
            self.hop_length,
            window=self.window,
            center=True,
            pad_mode="reflect",
            return_complex=True,
        )


@torch.inference_mode()
def bias_of(network: WaveGlow) -> Tensor:
    """Returns what the network makes of a zero mel without noise, (1, BIAS_FRAMES · hop)."""
    config = network.config
    weight = network.upsample.weight
    groups = BIAS_FRAMES * config.hop_length // config.n_group
    mel = torch.zeros(1, config.n_mels, BIAS_FRAMES, device=weight.device, dtype=weight.dtype)
    z = torch.zeros(1, config.n_group, groups, device=weight.device, dtype=weight.dtype)
    return network.infer(mel, z).float()
