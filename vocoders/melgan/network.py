"""MelGAN generator: log-mels to samples, in the two public forms.

Source: MelGAN (arXiv 1910.06711) §2.2 and table 4; attribute names of
descriptinc/melgan-neurips@6488045 mel2wav/modules.py (MIT) and seungwonpark/melgan@aca5990
model/generator.py (BSD-3), so that their checkpoints load strictly once weight norm is folded.
Differs: weights are plain; training without a source puts weight norm on and takes it off
(vocoders/weight_norm.py); an inverse STFT at the end (iSTFTNet, arXiv 2203.02395) and a source
(vocoders/sourced.py) on request, as in the light HiFi-GAN.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vocoders.inverse_stft import ShortInverseStft, spectral_convolution
from vocoders.melgan.config import MelGanConfig
from vocoders.source_taps import source_taps
from vocoders.sourced import with_source

SLOPE = 0.2  # both references: nn.LeakyReLU(0.2)
SILENT_FRAMES = 10
"""seungwonpark's ``inference`` appends so many silent frames and drops what they sound like."""
SILENCE = -11.5129
"""ln of the floor 1e-5, as seungwonpark's ``inference`` writes it."""


def _block(channels: int, dilation: int) -> nn.Sequential:
    return nn.Sequential(
        nn.LeakyReLU(SLOPE),
        nn.ReflectionPad1d(dilation),
        nn.Conv1d(channels, channels, 3, dilation=dilation),
        nn.LeakyReLU(SLOPE),
        nn.Conv1d(channels, channels, 1),
    )


class ResnetBlock(nn.Module):
    """A dilated convolution beside a 1x1 shortcut (descript's form)."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.block = _block(channels, dilation)
        self.shortcut = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T) → (B, C, T)."""
        out: Tensor = self.shortcut(x) + self.block(x)
        return out


class ResStack(nn.Module):
    """The same blocks of one stage in two lists (seungwonpark's form)."""

    def __init__(self, channels: int, layers: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(_block(channels, 3**j) for j in range(layers))
        self.shortcuts = nn.ModuleList(nn.Conv1d(channels, channels, 1) for _ in range(layers))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T) → (B, C, T)."""
        for block, shortcut in zip(self.blocks, self.shortcuts, strict=True):
            x = shortcut(x) + block(x)
        return x


def _upsample(channels: int, rate: int) -> nn.ConvTranspose1d:
    return nn.ConvTranspose1d(
        channels,
        channels // 2,
        kernel_size=rate * 2,
        stride=rate,
        padding=rate // 2 + rate % 2,
        output_padding=rate % 2,
    )


def _layers(config: MelGanConfig) -> nn.Sequential:
    width = config.channels
    layers: list[nn.Module] = [nn.ReflectionPad1d(3), nn.Conv1d(config.n_mels, width, 7)]
    for rate in config.upsample_rates:
        layers += [nn.LeakyReLU(SLOPE), _upsample(width, rate)]
        width //= 2
        if config.form == "descript":
            layers += [ResnetBlock(width, 3**j) for j in range(config.residual_layers)]
        else:
            layers.append(ResStack(width, config.residual_layers))
    layers += [nn.LeakyReLU(SLOPE), nn.ReflectionPad1d(3)]
    if config.stft_hop:
        hop = config.stft_hop
        layers += [spectral_convolution(width, hop, padding=0), ShortInverseStft(hop)]
    else:
        layers += [nn.Conv1d(width, 1, 7), nn.Tanh()]
    return nn.Sequential(*layers)


class MelGan(nn.Module):
    """The generator."""

    def __init__(self, config: MelGanConfig) -> None:
        super().__init__()
        self.config = config
        # The public keys differ in the name of the one sequence.
        if config.form == "descript":
            self.model = _layers(config)
        else:
            self.generator = _layers(config)
        layers = self.model if config.form == "descript" else self.generator
        ups = {i: layer for i, layer in enumerate(layers) if isinstance(layer, nn.ConvTranspose1d)}
        self.ups = tuple(ups)
        self.sources: nn.ModuleList | None = None
        if config.source is not None:
            widths = (up.out_channels for up in ups.values())
            self.sources = source_taps(widths, config.source_strides)

    def forward(self, mel: Tensor, source: Tensor | None = None) -> Tensor:
        """Makes samples.

        Args:
            mel: (B, n_mels, T), T ≥ 4.
            source: (B, 2, T · hop) samples of its parts, for a network that has taps for them.

        Returns:
            (B, 1, T · hop), with a tanh at the end in (-1, 1).
        """
        descript = self.config.form == "descript"
        x = mel if descript else (mel + 5.0) / 5.0
        for i, layer in enumerate(self.model if descript else self.generator):
            x = layer(x)
            if i in self.ups and self.sources is not None:
                assert source is not None
                x = x + self.sources[self.ups.index(i)](source)
        return x

    @torch.inference_mode()
    def inference(self, mel: Tensor) -> Tensor:
        """Returns samples as the reference's command makes them.

        Args:
            mel: (B, n_mels, T) float32.

        Returns:
            (B, 1, T · hop) float32; in seungwonpark's form made with trailing silence, which is
            dropped again, so that the end does not hear its own reflection. Differs: float32
            samples, the caller makes PCM.
        """
        if self.config.form == "descript":
            return self(mel)  # type: ignore[no-any-return]
        padded = F.pad(mel, (0, SILENT_FRAMES), value=SILENCE)
        samples: Tensor = self(padded)
        return samples[..., : -SILENT_FRAMES * self.config.hop_length]


def build(config: MelGanConfig) -> nn.Module:
    """Returns the generator of these sizes, behind its source if it has one."""
    return with_source(config.source, MelGan(config))
