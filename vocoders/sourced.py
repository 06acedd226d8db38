"""A generator with a source: it hears what a small Vocos filtered, and writes what that lacks.

Source: a source in front of a HiFi-GAN whose filter is learnt, arXiv 2210.15533; its entry into
every stage, HiFTNet (arXiv 2309.09493). Differs: linear filters make speech of it already, and
what the generator writes is added to that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from vocoders.pitch import PitchEstimator
from vocoders.vocos.config import VocosConfig
from vocoders.vocos.network import Vocos

SOURCE_LEVEL = 8.0
"""Speech has a root mean square near 0.1; the generator hears it so many times louder."""


class SourcedGenerator(nn.Module):
    """Mels and the excitations of a Vocos to samples.

    Args:
        source: filters the excitations.
        generator: (mel, source (B, 2, N)) → (B, 1, N) or (B, N) samples, in whatever form a
            runtime likes.
    """

    def __init__(self, source: Vocos, generator: nn.Module) -> None:
        super().__init__()
        self.source = source
        self.generator = generator

    @property
    def pitch(self) -> PitchEstimator:
        """The pitch estimator of the source."""
        return self.source.pitch

    def forward(self, mel: Tensor, pulses: Tensor, noise: Tensor) -> Tensor:
        """Makes samples.

        Args:
            mel: (B, n_mels, T).
            pulses: (B, T · subframes, 2 · bins) as Vocos reads them.
            noise: likewise.

        Returns:
            samples (B, T · hop).
        """
        voiced, unvoiced = self.source.parts(mel, pulses, noise)
        parts = torch.stack([voiced, unvoiced], 1)
        samples: Tensor = self.generator(mel, parts * SOURCE_LEVEL)
        return samples.flatten(1) + voiced + unvoiced


def with_source(source: VocosConfig | None, generator: nn.Module) -> nn.Module:
    """Returns the generator, behind a source where its sizes name one."""
    return generator if source is None else SourcedGenerator(Vocos(source), generator)


def generator_of(network: Any) -> Any:
    """Returns the generator of a network, which may stand behind a source."""
    return network.generator if isinstance(network, SourcedGenerator) else network


def in_form(network: nn.Module, form: Callable[[Any], nn.Module]) -> nn.Module:
    """Returns the same network with its generator in another form; the source stays as it is."""
    if isinstance(network, SourcedGenerator):
        return SourcedGenerator(network.source, form(network.generator))
    return form(network)
