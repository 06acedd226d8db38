"""What a validation shows: mels and alignments as pictures, speech through a given vocoder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from core.networks import VocoderSpec
from core.voice import read_component
from exports.component_file import load_weights
from exports.registry import build_network, read_config, spec_of
from vocoders.excitation import Excitation
from vocoders.waveglow.network import WaveGlow

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

PreviewVocoder = Callable[[Tensor], Tensor]
"""mel (1, n_mels, T) → samples (N,) on the CPU."""


def vocode(network: Any, mel: Tensor, excitation: Excitation | None = None) -> Tensor:
    """mel (1, n_mels, T) → samples (N,) on the CPU; a network's noise is the same every time."""
    if isinstance(network, WaveGlow):
        config = network.config
        shape = (1, config.n_group, mel.shape[2] * config.hop_length // config.n_group)
        z = torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(mel.device)
        samples = network.infer(mel, z * config.sigma)
    elif excitation is not None:
        octaves = network.pitch(mel)[0].float().cpu().numpy()
        conditions = excitation.at_pitch(octaves, 0)
        samples = network(mel, *(torch.from_numpy(x)[None].to(mel.device) for x in conditions))
    else:
        samples = network(mel)
    return samples.float().flatten().cpu()


def open_preview_vocoder(folder: Path | None, device: str) -> PreviewVocoder | None:
    """Returns the vocoder of a component's folder, voices/components/NAME.

    Raises:
        ArtifactMissing: no component there.
    """
    if folder is None:
        return None
    component = read_component(folder)
    network = build_network(component.network, component.config, load_weights(component))
    network.to(device)
    spec, config = spec_of(component.network), read_config(component.network, component.config)
    assert isinstance(spec, VocoderSpec)
    excitation = spec.excitation(config)
    return lambda mel: vocode(network, mel, excitation)


def show_mel(writer: SummaryWriter, name: str, mel: Tensor, number: int) -> None:
    """Writes the picture of mel (T, n_mels), natural log."""
    picture = ((mel.T.flip(0) + 11.5) / 12.0).clamp(0, 1)
    writer.add_image(f"mel/{name}", picture[None], number)


def show_alignment(writer: SummaryWriter, name: str, weights: Tensor, number: int) -> None:
    """Writes the picture of weights (S, L) in [0, 1], steps to the right, symbols upwards."""
    writer.add_image(f"alignment/{name}", weights.T.flip(0)[None].clamp(0, 1), number)


def alignment_of(durations: Tensor) -> Tensor:
    """Returns durations (L,) int64 as an alignment (T, L) float32.

    >>> alignment_of(torch.tensor([1, 2])).tolist()
    [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]
    """
    return torch.eye(len(durations), device=durations.device).repeat_interleave(durations, dim=0)
