"""Tacotron 2 as three graphs: encoder, some decoder steps at once, postnet."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from acoustic.masks import length_mask
from acoustic.refiner.config import FLOAT32 as REFINER_FLOAT32
from acoustic.tacotron2.config import STEPS, Tacotron2Config
from acoustic.tacotron2.decoder import AttentionMemory, DecoderState
from acoustic.tacotron2.network import Tacotron2
from core.graphs import Axes, GraphSpec

STATE = (
    "attention_h",
    "attention_c",
    "decoder_h",
    "decoder_c",
    "weights",
    "cumulative",
    "context",
    "frames",
)
"""Fields of DecoderState, inputs and outputs of ``steps`` under ``…_next``."""


class Tacotron2Encode(nn.Module):
    """Symbols to memory."""

    def __init__(self, network: Tacotron2) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """ids (B, L), lengths (B,) int64 → values (B, L, E), keys (B, L, attention_dim)."""
        memory = self.network.encode(ids, lengths)
        return memory.values, memory.keys


class DecoderSteps(nn.Module):
    """``STEPS`` steps of the decoder in one call."""

    def __init__(self, network: Tacotron2) -> None:
        super().__init__()
        self.decoder = network.decoder

    def forward(
        self, dropout: Tensor, values: Tensor, keys: Tensor, lengths: Tensor, *state: Tensor
    ) -> tuple[Tensor, ...]:
        """Decodes the steps that follow a state.

        Args:
            dropout: (B, STEPS, 2, prenet_dim) factors of the prenet, 0 or 2 (1: no dropout).
            values: (B, L, E).
            keys: (B, L, attention_dim).
            lengths: (B,) int64.
            state: the fields of DecoderState.

        Returns:
            decoded (B, STEPS, r · n_mels), gates (B, STEPS) logits, alignments (B, STEPS, L),
            contexts (B, STEPS, E) of the attention, and the fields of the state after them.
        """
        memory = AttentionMemory(values, keys, length_mask(lengths, values.shape[1]))
        now = DecoderState(*state)
        decoded, gates, alignments, contexts = [], [], [], []
        for i in range(STEPS):
            now, gate = self.decoder.step(now, memory, dropout[:, i])
            decoded.append(now.frames)
            gates.append(gate)
            alignments.append(now.weights)
            contexts.append(now.context)
        outputs = [torch.stack(parts, dim=1) for parts in (decoded, gates, alignments, contexts)]
        return (*outputs, *now)


class RefineMel(nn.Module):
    """Post-net and refiner."""

    def __init__(self, network: Tacotron2) -> None:
        super().__init__()
        self.network = network

    def forward(
        self,
        mel: Tensor,
        lengths: Tensor,
        noise: Tensor | None = None,
        contexts: Tensor | None = None,
    ) -> Tensor:
        """Sharpens a batch.

        Args:
            mel: (B, n_mels, T) float32, zero at padding.
            lengths: (B,) int64.
            noise: (B, T, refiner.noise) float32, of a network with a refiner, as are
            contexts: (B, T, E) float32, that of a step for all its frames.

        Returns:
            mel (B, n_mels, T) float32.
        """
        return self.network.refine(mel, lengths, noise, contexts)


def graphs(network: Tacotron2) -> tuple[GraphSpec, ...]:
    """Returns ``encode``, ``steps`` and ``postnet``."""
    return _encode(network), _steps(network), _postnet(network)


def _lengths(batch: int, size: int) -> Tensor:
    return torch.tensor([max(1, size - 3 * i) for i in range(batch)])


def _encode(network: Tacotron2) -> GraphSpec:
    config = network.config

    def example(batch: int, size: int, seed: int) -> tuple[Tensor, ...]:
        random = torch.Generator().manual_seed(seed)
        ids = torch.randint(1, config.n_symbols, (batch, size), generator=random)
        return ids, _lengths(batch, size)

    return GraphSpec(
        name="encode",
        module=Tacotron2Encode(network).eval(),
        inputs=("ids", "lengths"),
        outputs=("values", "keys"),
        axes={
            "ids": ("B", "L"),
            "lengths": ("B",),
            "values": ("B", "L", config.embedding_dim),
            "keys": ("B", "L", config.attention_dim),
        },
        example=example,
        int8=True,
    )


def _steps(network: Tacotron2) -> GraphSpec:
    config = network.config

    def example(batch: int, size: int, seed: int) -> tuple[Tensor, ...]:
        random = torch.Generator().manual_seed(seed)
        dropout = torch.randint(0, 2, (batch, STEPS, 2, config.prenet_dim), generator=random) * 2.0
        ids = torch.randint(1, config.n_symbols, (batch, size), generator=random)
        lengths = _lengths(batch, size)
        # A real memory: noise in its place drives the recurrence into chaos.
        with torch.inference_mode():
            memory = network.encode(ids, lengths)
            state = network.decoder.start(memory)
        parts = (dropout, memory.values, memory.keys, lengths, *state)
        return tuple(part.clone() for part in parts)

    after = tuple(f"{name}_next" for name in STATE)
    return GraphSpec(
        name="steps",
        module=DecoderSteps(network).eval(),
        inputs=("dropout", "values", "keys", "lengths", *STATE),
        outputs=("decoded", "gates", "alignments", "contexts", *after),
        axes=_step_axes(config),
        example=example,
        # Decoded frames are the next step's input, so their rounding is fed back. The gate decides
        # the length, v the scores of the softmax.
        keep_float32=("linear_projection", "gate_layer", "attention_layer.v"),
        int8=True,
    )


def _step_axes(config: Tacotron2Config) -> Axes:
    frames = config.n_mels * config.n_frames_per_step
    sizes: tuple[str | int, ...] = (
        config.attention_rnn_dim,
        config.attention_rnn_dim,
        config.decoder_rnn_dim,
        config.decoder_rnn_dim,
        "L",
        "L",
        config.embedding_dim,
        frames,
    )
    state = {name: ("B", size) for name, size in zip(STATE, sizes, strict=True)}
    return {
        "dropout": ("B", STEPS, 2, config.prenet_dim),
        "values": ("B", "L", config.embedding_dim),
        "keys": ("B", "L", config.attention_dim),
        "lengths": ("B",),
        "decoded": ("B", STEPS, frames),
        "gates": ("B", STEPS),
        "alignments": ("B", STEPS, "L"),
        "contexts": ("B", STEPS, config.embedding_dim),
        **state,
        **{f"{name}_next": axes for name, axes in state.items()},
    }


def _postnet(network: Tacotron2) -> GraphSpec:
    config = network.config
    refined: Axes = {"refined": ("B", config.n_mels, "T")}
    inputs: Axes = {"mel": ("B", config.n_mels, "T"), "lengths": ("B",)}
    if config.refiner.layers:
        widths = {"noise": config.refiner.noise, "contexts": config.embedding_dim}
        inputs = {**inputs, **{name: ("B", "T", width) for name, width in widths.items()}}

    def example(batch: int, size: int, seed: int) -> tuple[Tensor, ...]:
        random = torch.Generator().manual_seed(seed)
        lengths = _lengths(batch, size)
        mel = torch.randn(batch, config.n_mels, size, generator=random)
        parts = mel * length_mask(lengths, size)[:, None], lengths
        if not config.refiner.layers:
            return parts
        noise = torch.randn(batch, size, config.refiner.noise, generator=random)
        contexts = torch.randn(batch, size, config.embedding_dim, generator=random)
        return *parts, noise, contexts

    return GraphSpec(
        name="postnet",
        module=RefineMel(network).eval(),
        inputs=tuple(inputs),
        outputs=tuple(refined),
        axes={**inputs, **refined},
        example=example,
        keep_float32=REFINER_FLOAT32,
    )
