"""WaveGlow: a flow between samples and noise, conditioned on log-mels.

Source: WaveGlow (arXiv 1811.00002) §2; attribute names of NVIDIA/waveglow@8afb643 glow.py (BSD-3),
so that its checkpoints load strictly once weight norm is folded. Differs: weights are plain; noise
is an argument, one tensor laid out as the latent of ``forward``; the inverse of the 1x1
convolutions is a buffer, so that it can be exported.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from vocoders.waveglow.config import WaveGlowConfig


class Latent(NamedTuple):
    """What samples become.

    Attributes:
        z: (B, n_group, N / n_group); the channels that left first come first.
        log_s: per flow (B, C / 2, N / n_group).
        log_det: per flow, the log-determinant of its 1x1 convolution, times B · N / n_group; ().
    """

    z: Tensor
    log_s: list[Tensor]
    log_det: list[Tensor]


Conditions = Callable[[int], Tensor]
"""Number of a flow → its coupling's condition, (B, 2 · n_channels · n_layers, N / n_group)."""


class Invertible1x1Conv(nn.Module):
    """A square matrix over channels, orthogonal at first. §2.2; Glow (arXiv 1807.03039) §3.2."""

    inverse: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, channels, 1, bias=False)
        q, _ = torch.linalg.qr(torch.randn(channels, channels))
        q[:, 0] *= torch.linalg.det(q).sign()  # a rotation
        with torch.no_grad():
            self.conv.weight.copy_(q[..., None])
        self.register_buffer("inverse", torch.empty(channels, channels, 1), persistent=False)
        self.remember_inverse()
        self.register_load_state_dict_post_hook(  # type: ignore[no-untyped-call]
            lambda module, _: module.remember_inverse()
        )

    @torch.no_grad()
    def remember_inverse(self) -> None:
        """Computes the inverse of the present weight."""
        weight = self.conv.weight[..., 0].double()
        self.inverse = torch.linalg.inv(weight)[..., None].to(self.conv.weight.dtype)

    def train(self, mode: bool = True) -> Invertible1x1Conv:
        """Leaving training, the inverse is computed afresh."""
        if not mode:
            self.remember_inverse()
        super().train(mode)
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x (B, C, T) → the same mixed, and its log-determinant ()."""
        # The signal itself stays in float32 even under autocast: what is rounded off here cannot be
        # undone; only the couplings' scales and shifts may be coarse.
        with torch.autocast(x.device.type, enabled=False):
            log_det = torch.linalg.slogdet(self.conv.weight[..., 0].float())[1]
            return self.conv(x.float()), x.shape[0] * x.shape[2] * log_det

    def undo(self, x: Tensor) -> Tensor:
        """x (B, C, T) → what ``forward`` made x from; in training, gradients reach the matrix."""
        with torch.autocast(x.device.type, enabled=False):
            inverse = self.inverse
            if self.training:
                inverse = torch.linalg.inv(self.conv.weight[..., 0].float())[..., None]
            out: Tensor = nn.functional.conv1d(x.float(), inverse)
        return out


class WN(nn.Module):
    """Gated dilated convolutions, conditioned: half of the channels decide how the others move.

    Source: §2.1 and WaveNet (arXiv 1609.03499) §2.3.
    """

    def __init__(self, channels: int, config: WaveGlowConfig) -> None:
        super().__init__()
        width, kernel = config.n_channels, config.kernel_size
        self.width = width
        self.start = nn.Conv1d(channels, width, 1)
        conditions = config.n_mels * config.n_group
        self.cond_layer = nn.Conv1d(conditions, 2 * width * config.n_layers, 1)
        self.in_layers = nn.ModuleList()
        self.res_skip_layers = nn.ModuleList()
        for i in range(config.n_layers):
            d = 2**i
            padding = d * (kernel - 1) // 2
            self.in_layers.append(nn.Conv1d(width, 2 * width, kernel, dilation=d, padding=padding))
            last = i == config.n_layers - 1  # nothing follows that would need a residual
            self.res_skip_layers.append(nn.Conv1d(width, width if last else 2 * width, 1))
        self.end = nn.Conv1d(width, 2 * channels, 1)
        # Zero at first: every coupling begins as the identity. §2.1.
        nn.init.zeros_(self.end.weight)
        nn.init.zeros_(self.end.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """x (B, C, T), condition of its ``cond_layer`` → shift b and log-scale, each (B, C, T)."""
        x = self.start(x)
        skipped = torch.zeros_like(x)
        layers = condition.chunk(len(self.in_layers), dim=1)
        for conv, res_skip, layer in zip(self.in_layers, self.res_skip_layers, layers, strict=True):
            filtered, gate = (conv(x) + layer).chunk(2, dim=1)  # (B, width, T) each
            y = res_skip(torch.tanh(filtered) * torch.sigmoid(gate))
            skipped = skipped + y[:, -self.width :]
            if y.shape[1] > self.width:
                x = x + y[:, : self.width]
        shift, log_s = self.end(skipped).chunk(2, dim=1)
        return shift, log_s


class WaveGlow(nn.Module):
    """The flow."""

    def __init__(self, config: WaveGlowConfig) -> None:
        super().__init__()
        self.config = config
        self.upsample = nn.ConvTranspose1d(
            config.n_mels, config.n_mels, config.upsample_kernel, stride=config.hop_length
        )
        self.WN = nn.ModuleList()
        self.convinv = nn.ModuleList()
        channels = config.n_group
        for k in range(config.n_flows):
            if k in config.early_flows:
                channels -= config.n_early_size
            self.convinv.append(Invertible1x1Conv(channels))
            self.WN.append(WN(channels // 2, config))

    def conditions(self, mel: Tensor, samples: int) -> Conditions:
        """Returns the couplings' conditions, the same in both directions; made one at a time, since
        all flows' together are larger than all else.

        Args:
            mel: (B, n_mels, T).
            samples: N that are to be covered.

        Raises:
            ValueError: the upsampled mel is shorter than ``samples``.
        """
        group = self.config.n_group
        up = self.upsample(mel)
        if up.shape[2] < samples:
            raise ValueError(f"{mel.shape[2]} frames cover {up.shape[2]} of {samples} samples")
        up = up[..., : samples // group * group]
        b, n, t = up.shape
        # (B, n_mels, N / group, group) → (B, n_mels, group, N / group): mel-major channels.
        grouped = up.reshape(b, n, t // group, group).transpose(2, 3)
        grouped = grouped.reshape(b, n * group, t // group)
        return lambda k: self.WN[k].cond_layer(grouped)  # type: ignore[operator]

    def forward(self, mel: Tensor, samples: Tensor) -> Latent:
        """mel (B, n_mels, T), samples (B, N) → latent. Samples past a whole group are left out."""
        return self.to_noise(samples, self.conditions(mel, samples.shape[1]))

    def to_noise(self, samples: Tensor, conditions: Conditions) -> Latent:
        """``forward`` under known conditions."""
        config, group = self.config, self.config.n_group
        x = samples[:, : samples.shape[1] // group * group]
        x = x.reshape(len(x), -1, group).transpose(1, 2)  # (B, n_group, N / n_group)
        early: list[Tensor] = []
        log_s: list[Tensor] = []
        log_det: list[Tensor] = []
        for k, (mix, coupling) in enumerate(zip(self.convinv, self.WN, strict=True)):
            if k in config.early_flows:
                early.append(x[:, : config.n_early_size])
                x = x[:, config.n_early_size :]
            x, det = mix(x)
            # An affine coupling: one half passes as it is and decides, with the mel, how the other
            # half is scaled and shifted. So the way back knows the same scale and shift, and the
            # coupling itself, however deep, never has to be inverted.
            still, moved = x.chunk(2, dim=1)  # (B, C / 2, N / n_group) each
            shift, scale = coupling(still, conditions(k))
            x = torch.cat([still, moved * torch.exp(scale) + shift], dim=1)
            log_s.append(scale)
            log_det.append(det)
        return Latent(torch.cat([*early, x], dim=1), log_s, log_det)

    def infer(self, mel: Tensor, z: Tensor) -> Tensor:
        """Noise to samples: the inverse of ``forward``.

        Args:
            mel: (B, n_mels, T) float32.
            z: (B, n_group, T · hop / n_group) float32, already times sigma.

        Returns:
            (B, T · hop) float32.
        """
        return self.to_samples(z, self.conditions(mel, mel.shape[2] * self.config.hop_length))

    def to_samples(self, z: Tensor, conditions: Conditions) -> Tensor:
        """``infer`` under known conditions."""
        config = self.config
        early = config.n_early_size * len(config.early_flows)
        left, x = z[:, :early], z[:, early:]
        for k in reversed(range(config.n_flows)):
            still, moved = x.chunk(2, dim=1)
            shift, scale = self.WN[k](still, conditions(k))
            x = torch.cat([still, (moved - shift) * torch.exp(-scale)], dim=1)
            x = self.convinv[k].undo(x)  # type: ignore[operator]
            if k in config.early_flows:
                x = torch.cat([left[:, -config.n_early_size :], x], dim=1)
                left = left[:, : -config.n_early_size]
        return x.transpose(1, 2).flatten(1)


def join_noise(parts: Sequence[Tensor]) -> Tensor:
    """Noise in the order NVIDIA draws it (remaining channels, then early ones, last flow first).

    Args:
        parts: (B, n_remaining, T), then (B, n_early_size, T) each.

    Returns:
        (B, n_group, T), laid out as ``Latent.z``.
    """
    return torch.cat(list(reversed(parts)), dim=1)


def negative_log_likelihood(latent: Latent, sigma: float = 1.0) -> Tensor:
    """Per element of z, without the constant. Source: §2, eq. 7."""
    z, log_s, log_det = latent
    scales = torch.stack([s.sum() for s in log_s]).sum()
    likelihood = (z * z).sum() / (2 * sigma * sigma) - scales - torch.stack(log_det).sum()
    return likelihood / math.prod(z.shape)
