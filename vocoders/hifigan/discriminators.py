"""Discriminators for training vocoders.

Source: HiFi-GAN (arXiv 2010.05646) §2.3, §2.4: multi-period and multi-scale, attribute names of
jik876/hifi-gan@4769534 (MIT); UnivNet (arXiv 2106.07889) §2.3: multi-resolution spectrogram.
Differs: weights are plain; a norm is put on for training (vocoders/weight_norm.py). Widths can be
narrowed: on a CPU the reference widths take 70 % of a step.

``target`` is a recording, ``predicted`` what the generator made of its mel.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.networks import AdversarialLosses
from vocoders.weight_norm import put_weight_norm

SLOPE = 0.1
WIDE = (32, 128, 512, 1024, 1024)  # HiFi-GAN §2.3
NARROW = (16, 32, 64, 128, 128)
DiscriminatorOutput = tuple[Tensor, list[Tensor]]
"""Scores (B, n) and the feature maps of every layer."""


class PeriodDiscriminator(nn.Module):
    """Sees every p-th sample: the signal folded to (T / p, p)."""

    def __init__(self, period: int, widths: tuple[int, ...] = WIDE) -> None:
        super().__init__()
        self.period = period
        strides = [3] * (len(widths) - 1) + [1]
        self.convs = nn.ModuleList(
            nn.Conv2d(a, b, (5, 1), (stride, 1), padding=(2, 0))
            for (a, b), stride in zip(pairwise((1, *widths)), strides, strict=True)
        )
        self.conv_post = nn.Conv2d(widths[-1], 1, (3, 1), padding=(1, 0))

    def forward(self, x: Tensor) -> DiscriminatorOutput:
        """x (B, 1, N)."""
        b, c, n = x.shape
        x = F.pad(x, (0, -n % self.period), mode="reflect")
        x = x.view(b, c, -1, self.period)  # (B, 1, N / p, p)
        return _run_layers(x, self.convs, self.conv_post)


class ScaleDiscriminator(nn.Module):
    """Sees the signal itself through strided grouped convolutions."""

    # (channels, kernel, stride, groups, padding): HiFi-GAN appendix, MelGAN §2.3.
    LAYERS = (
        (128, 15, 1, 1, 7),
        (128, 41, 2, 4, 20),
        (256, 41, 2, 16, 20),
        (512, 41, 4, 16, 20),
        (1024, 41, 4, 16, 20),
        (1024, 41, 1, 16, 20),
        (1024, 5, 1, 1, 2),
    )

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList()
        width = 1
        for channels, kernel, stride, groups, padding in self.LAYERS:
            self.convs.append(nn.Conv1d(width, channels, kernel, stride, padding, groups=groups))
            width = channels
        self.conv_post = nn.Conv1d(width, 1, 3, padding=1)

    def forward(self, x: Tensor) -> DiscriminatorOutput:
        """x (B, 1, N)."""
        return _run_layers(x, self.convs, self.conv_post)


class ResolutionDiscriminator(nn.Module):
    """Sees the magnitude spectrogram of one resolution.

    Args:
        n_fft: window [samples].
        hop: distance of frames [samples].
        width: channels.
        first_stride: of the first layer over frequencies; 2 halves the work of all others.
    """

    window: Tensor

    def __init__(self, n_fft: int, hop: int, width: int = 32, first_stride: int = 1) -> None:
        super().__init__()
        self.n_fft, self.hop = n_fft, hop
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)
        self.convs = nn.ModuleList([nn.Conv2d(1, width, (9, 3), (first_stride, 1), padding=(4, 1))])
        for stride in (2, 2, 2):
            self.convs.append(nn.Conv2d(width, width, (9, 3), (stride, 1), padding=(4, 1)))
        self.convs.append(nn.Conv2d(width, width, 3, padding=1))
        self.conv_post = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, x: Tensor) -> DiscriminatorOutput:
        """x (B, 1, N)."""
        with torch.autocast(x.device.type, enabled=False):
            stft = torch.stft(
                x[:, 0].float(), self.n_fft, self.hop, window=self.window, return_complex=True
            )
            magnitudes = torch.sqrt(stft.real.square() + stft.imag.square() + 1e-9)
        return _run_layers(magnitudes[:, None], self.convs, self.conv_post)


def _run_layers(x: Tensor, convs: nn.ModuleList, conv_post: nn.Module) -> DiscriminatorOutput:
    maps = []
    for conv in convs:
        x = F.leaky_relu(conv(x), SLOPE)
        maps.append(x)
    x = conv_post(x)
    maps.append(x)
    return x.flatten(1), maps


class MultiPeriodDiscriminator(nn.Module):
    """Periods 2, 3, 5, 7, 11: primes overlap least."""

    def __init__(self, widths: tuple[int, ...] = WIDE) -> None:
        super().__init__()
        self.discriminators = nn.ModuleList(
            PeriodDiscriminator(p, widths) for p in (2, 3, 5, 7, 11)
        )

    def forward(self, x: Tensor) -> list[DiscriminatorOutput]:
        """x (B, 1, N)."""
        return [d(x) for d in self.discriminators]


class MultiScaleDiscriminator(nn.Module):
    """The signal, and averages of it at half and quarter rate."""

    def __init__(self) -> None:
        super().__init__()
        self.discriminators = nn.ModuleList(ScaleDiscriminator() for _ in range(3))
        self.meanpools = nn.ModuleList(nn.AvgPool1d(4, 2, padding=2) for _ in range(2))

    def forward(self, x: Tensor) -> list[DiscriminatorOutput]:
        """x (B, 1, N)."""
        outputs = [self.discriminators[0](x)]
        for pool, discriminator in zip(self.meanpools, self.discriminators[1:], strict=True):
            x = pool(x)
            outputs.append(discriminator(x))
        return outputs


class MultiResolutionDiscriminator(nn.Module):
    """Three spectrograms, frames a quarter of a window apart.

    Source: window sizes of UnivNet; hops of gemelo-ai/vocos discriminators.py (MIT): UnivNet's own
    (120, 240, 50) take 2.4 times as long on a CPU.
    """

    def __init__(self, width: int = 32, first_stride: int = 1) -> None:
        super().__init__()
        self.discriminators = nn.ModuleList(
            ResolutionDiscriminator(n_fft, n_fft // 4, width, first_stride)
            for n_fft in (1024, 2048, 512)
        )

    def forward(self, x: Tensor) -> list[DiscriminatorOutput]:
        """x (B, 1, N)."""
        return [d(x) for d in self.discriminators]


class HifiGanDiscriminators(nn.Module):
    """Multi-period and multi-resolution discriminators with least-squares losses.

    Differs: narrow ones, for light generators on a CPU, see one of three spectrograms per step,
    since there those take three quarters of the time of all discriminators.

    Args:
        wide: the paper's widths, for its larger generators; they take most of a step.
    """

    def __init__(self, *, wide: bool) -> None:
        super().__init__()
        self.wide = wide
        self.periods = MultiPeriodDiscriminator(WIDE if wide else NARROW)
        self.resolutions = (
            MultiResolutionDiscriminator()
            if wide
            else MultiResolutionDiscriminator(16, first_stride=2)
        )
        put_weight_norm(self)

    def forward(self, x: Tensor, turn: int) -> list[DiscriminatorOutput]:
        """x (B, 1, N) → outputs of all periods, and of all resolutions or of the one in turn."""
        resolutions = self.resolutions.discriminators
        seeing = resolutions if self.wide else [resolutions[turn % len(resolutions)]]
        return [*self.periods(x), *(d(x) for d in seeing)]

    def losses(self, predicted: Tensor, target: Tensor, turn: int) -> AdversarialLosses:
        """predicted, target (B, 1, N) → losses; see ``core.networks.Discriminators``."""
        targets, attempts = self(target, turn), self(predicted, turn)
        return AdversarialLosses(
            discriminator=discriminator_loss(targets, attempts),
            features=feature_loss(targets, attempts),
            adversarial=adversarial_loss(attempts),
        )


def discriminator_loss(
    target: list[DiscriminatorOutput], predicted: list[DiscriminatorOutput]
) -> Tensor:
    """Least squares: target towards 1, predicted towards 0. HiFi-GAN eq. 1."""
    losses = [
        (1 - t).square().mean() + p.square().mean()
        for (t, _), (p, _) in zip(target, predicted, strict=True)
    ]
    return torch.stack(losses).sum()


def adversarial_loss(predicted: list[DiscriminatorOutput]) -> Tensor:
    """The generator's: least squares, predicted towards 1. HiFi-GAN eq. 2."""
    return torch.stack([(1 - score).square().mean() for score, _ in predicted]).sum()


def feature_loss(target: list[DiscriminatorOutput], predicted: list[DiscriminatorOutput]) -> Tensor:
    """2 · Σ mean absolute difference of feature maps. HiFi-GAN eq. 4."""
    losses = [
        (t.detach() - p).abs().mean()
        for (_, target_maps), (_, predicted_maps) in zip(target, predicted, strict=True)
        for t, p in zip(target_maps, predicted_maps, strict=True)
    ]
    return 2.0 * torch.stack(losses).sum()
