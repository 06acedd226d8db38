"""Samples from linear magnitudes alone, by which a linear post-net is checked by ear.

Source: Griffin & Lim 1984, "Signal estimation from modified short-time Fourier transform", §III.
"""

from __future__ import annotations

import torch
from torch import Tensor

from core.mel import MelSpec


def stft(samples: Tensor, spec: MelSpec) -> Tensor:
    """Returns centred spectra: (B, N) float32 → complex (B, n_fft // 2 + 1, N // hop + 1)."""
    return torch.stft(
        samples,
        spec.n_fft,
        spec.hop_length,
        spec.win_length,
        window=torch.hann_window(spec.win_length, device=samples.device),
        center=True,
        pad_mode="reflect",
        return_complex=True,
    )


def inverse_stft(spectrum: Tensor, spec: MelSpec) -> Tensor:
    """Returns samples of spectra: complex (B, n_fft // 2 + 1, T) → (B, (T - 1) · hop) float32."""
    return torch.istft(
        spectrum,
        spec.n_fft,
        spec.hop_length,
        spec.win_length,
        window=torch.hann_window(spec.win_length, device=spectrum.device),
        center=True,
    )


def griffin_lim(magnitudes: Tensor, angles: Tensor, spec: MelSpec, iterations: int) -> Tensor:
    """Returns samples whose phases were made to agree with each other.

    Args:
        magnitudes: (B, n_fft // 2 + 1, T) float32, linear.
        angles: of the same shape, the phases to begin with [rad].
        spec: framing; its padding is taken as centred.
        iterations: how often the phases are replaced by those of the signal they make.

    Returns:
        (B, (T - 1) · hop) float32.
    """
    samples = inverse_stft(torch.polar(magnitudes, angles), spec)
    for _ in range(iterations):
        angles = stft(samples, spec).angle()
        samples = inverse_stft(torch.polar(magnitudes, angles), spec)
    return samples
