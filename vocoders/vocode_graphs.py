"""Graphs of generators that read a mel and, behind a source, what that is excited by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from core.graphs import GraphSpec
from vocoders.pitch import mel_example, pitch_graph
from vocoders.sourced import SourcedGenerator, generator_of, in_form
from vocoders.vocos.graphs import KEEP_FLOAT32, excitation_axes, excitation_example


class Vocode(nn.Module):
    """A generator without its channel axis."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, mel: Tensor, source: Tensor | None = None) -> Tensor:
        """mel (B, n_mels, T), source (B, 2, T · hop) float32 → samples (B, T · hop) float32."""
        conditions = () if source is None else (source,)
        out: Tensor = self.network(mel, *conditions).squeeze(1)
        return out


def vocode_graphs(
    network: Any, *, onnx_form: Callable[[Any], nn.Module], keep_float32: tuple[str, ...]
) -> tuple[GraphSpec, ...]:
    """Returns ``vocode``, mel → samples; behind a source it reads pulses and noise, too.

    Such a network has ``pitch`` as well: mel → octaves.

    Args:
        network: a generator, or one with a source.
        onnx_form: generator → the same function in the form that ONNX Runtime computes fastest.
        keep_float32: paths within the generator, in either form, that stay float32 in a float16 or
            int8 export.
    """
    source = network.source if isinstance(network, SourcedGenerator) else None
    config = generator_of(network).config
    axes: dict[str, tuple[str | int, ...]] = {"mel": ("B", config.n_mels, "T")}
    if source is not None:
        axes |= excitation_axes(source.config)
        keep_float32 += KEEP_FLOAT32

    def example(batch: int, size: int, seed: int) -> tuple[Tensor, ...]:
        mel = mel_example(config.n_mels, batch, size, seed)
        return (
            (mel,)
            if source is None
            else (mel, *excitation_example(config.source, batch, size, seed))
        )

    vocode = GraphSpec(
        name="vocode",
        module=in_form(network, Vocode).eval(),
        onnx_module=in_form(network, onnx_form).eval(),
        inputs=tuple(axes),
        outputs=("samples",),
        axes=axes | {"samples": ("B", "N")},
        example=example,
        keep_float32=keep_float32,
        bf16=True,
    )
    return (vocode,) if source is None else (pitch_graph(source.pitch), vocode)
