"""Tacotron 2: symbol ids to log-mels, frame by frame.

Source: Tacotron 2 (arXiv 1712.05884) §2.2; attribute names of NVIDIA/tacotron2@185cd24 (BSD-3), so
that its checkpoints load strictly. Differs: inference is batched, with a memory mask and a stop
mask (the reference decodes one utterance, unmasked); the prenet's dropout is an argument; an
utterance that does not stop is flagged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from acoustic.masks import length_mask
from acoustic.refiner.network import Refiner
from acoustic.tacotron2.cbhg import Cbhg
from acoustic.tacotron2.config import Tacotron2Config
from acoustic.tacotron2.convolutions import Postnet, Tacotron2Encoder
from acoustic.tacotron2.decoder import AttentionMemory, Tacotron2Decoder

DropoutFactors = Callable[[], Tensor | None]
"""Called once a step: (B, 2, prenet_dim) factors 0 or 2, or None for no dropout."""
PADDED_GATE = 1000.0  # the reference's logit of padding: certainly stopped


class Tacotron2Output(NamedTuple):
    """A batch of decoded utterances; r = n_frames_per_step, T = S · r.

    Attributes:
        mel, mel_postnet: (B, n_mels, T), zero at padding.
        gate: (B, S) logits.
        alignments: (B, S, L).
        lengths: (B,) int64 valid frames.
        runaway: (B,) bool, True where an item met its cap before it stopped.
    """

    mel: Tensor
    mel_postnet: Tensor
    gate: Tensor
    alignments: Tensor
    lengths: Tensor
    runaway: Tensor


class Tacotron2(nn.Module):
    """Encoder, attention and decoder, post-net."""

    def __init__(self, config: Tacotron2Config) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.n_symbols, config.embedding_dim)
        self.encoder = Tacotron2Encoder(config)
        self.decoder = Tacotron2Decoder(config)
        self.postnet = Postnet(config)
        self.cbhg = None if config.cbhg is None else Cbhg(config.n_mels, config.cbhg)
        self.refiner = (
            Refiner(config.refiner, config.n_mels, config.embedding_dim)
            if config.refiner.layers
            else None
        )

    def encode(self, ids: Tensor, lengths: Tensor) -> AttentionMemory:
        """ids (B, L) int64, lengths (B,) int64 → memory."""
        values = self.encoder(self.embedding(ids), lengths)
        keys = self.decoder.attention_layer.memory_layer(values)
        return AttentionMemory(values, keys, length_mask(lengths, ids.shape[1]))

    def refine(
        self,
        mel: Tensor,
        lengths: Tensor,
        noise: Tensor | None = None,
        contexts: Tensor | None = None,
    ) -> Tensor:
        """Sharpens a batch of mels.

        Args:
            mel: (B, n_mels, T).
            lengths: (B,) valid frames.
            noise: (B, T, refiner.noise) standard normal; without it there is the post-net alone.
            contexts: (B, T, embedding_dim) of the attention, that of a step for all its frames.

        Returns:
            mel after post-net and refiner, (B, n_mels, T).
        """
        out: Tensor = mel + self.postnet(mel, lengths)
        if self.refiner is None or noise is None:
            return out
        assert contexts is not None  # what a refiner reads besides the mel
        mask = length_mask(lengths, mel.shape[2])
        refined: Tensor = self.refiner(out.transpose(1, 2), contexts, noise, mask)
        return refined.transpose(1, 2)

    def linear(self, mel: Tensor, lengths: Tensor) -> Tensor:
        """mel (B, n_mels, T), lengths (B,) → log linear magnitudes (B, n_linear, T).

        Raises:
            ValueError: the config names no CBHG post-net.
        """
        if self.cbhg is None:
            raise ValueError("this Tacotron 2 has no CBHG post-net")
        out: Tensor = self.cbhg(mel, lengths)
        return out

    def forward(
        self,
        ids: Tensor,
        lengths: Tensor,
        mels: Tensor,
        mel_lengths: Tensor,
        dropout: Tensor | None,
        path: Tensor | None = None,
        sampling_passes: int = 0,
    ) -> Tacotron2Output:
        """Decodes with the recording's frames as input (teacher forcing).

        With a path the attention is forced, too: see ``Tacotron2Decoder.teacher_forced``. An
        attention that still looks everywhere gets no useful history from itself; given the history
        that it should have, it learns to go on from there. Differs from the paper.

        Args:
            ids: (B, L) int64.
            lengths: (B,) int64.
            mels: (B, n_mels, T) float32, T a multiple of r.
            mel_lengths: (B,) int64.
            dropout: (S, B, 2, prenet_dim) factors 0 or 2; None: no dropout.
            path: (B, S, L), each symbol's share of each step; None: step by step, on the
                attention's own history.
            sampling_passes: how often the path is replaced by what the attention made of it.

        Returns:
            Mels zero and gates certain at padding.
        """
        memory = self.encode(ids, lengths)
        prenet_out = self._prenet_out(mels, dropout)  # (S, B, prenet_dim)
        if path is not None:
            decoded = self.decoder.teacher_forced(
                prenet_out.transpose(0, 1), memory, path, sampling_passes
            )
            return self._finish(*decoded, mel_lengths)
        state = self.decoder.start(memory)
        frames, gates, weights = [], [], []
        for step_input in prenet_out:
            state, gate = self.decoder.step_from(step_input, state, memory)
            frames.append(state.frames)
            gates.append(gate)
            weights.append(state.weights)
        return self._finish(*_stacked(frames, gates, weights), mel_lengths)

    @torch.inference_mode()
    def infer(
        self,
        ids: Tensor,
        lengths: Tensor,
        dropout: DropoutFactors,
        *,
        gate_threshold: float | None = None,
        max_steps: int | None = None,
    ) -> Tacotron2Output:
        """Decodes until every item has stopped or met its cap.

        Args:
            ids: (B, L) int64.
            lengths: (B,) int64.
            dropout: called once a step.
            gate_threshold: instead of the config's.
            max_steps: instead of the cap by text length.
        """
        config, memory = self.config, self.encode(ids, lengths)
        state = self.decoder.start(memory)
        caps = self._caps(lengths, max_steps)
        threshold = config.gate_threshold if gate_threshold is None else gate_threshold
        taken = torch.zeros_like(caps)  # steps of each item
        stopped = torch.zeros_like(caps, dtype=torch.bool)
        frames, gates, weights = [], [], []
        while bool((live := ~stopped & (taken < caps)).any()):
            state, gate = self.decoder.step(state, memory, dropout())
            frames.append(state.frames)
            gates.append(gate)
            weights.append(state.weights)
            taken += live
            # The frame whose gate says stop is kept.
            stopped |= live & (torch.sigmoid(gate) > threshold)
        lengths = taken * config.n_frames_per_step
        output = self._finish(*_stacked(frames, gates, weights), lengths)
        return output._replace(runaway=~stopped)

    def _caps(self, lengths: Tensor, max_steps: int | None) -> Tensor:
        r = self.config.n_frames_per_step
        caps = [max_steps or self.config.frames_cap(int(n)) // r for n in lengths]
        return torch.tensor(caps, device=lengths.device)

    def _prenet_out(self, mels: Tensor, dropout: Tensor | None) -> Tensor:
        """Returns the prenet's output for the go frame and all groups of r frames but the last,
        (S, B, prenet_dim)."""
        b, n, t = mels.shape
        r = self.config.n_frames_per_step
        groups = mels.transpose(1, 2).reshape(b, t // r, r * n)  # (B, S, r · n_mels)
        # Step s reads group s - 1; the first one reads zeros, the go frame.
        shifted = nn.functional.pad(groups, (0, 0, 1, 0))[:, :-1].transpose(0, 1)
        out: Tensor = self.decoder.prenet(shifted, dropout)
        return out

    def _finish(
        self, frames: Tensor, gates: Tensor, weights: Tensor, lengths: Tensor
    ) -> Tacotron2Output:
        """frames (B, S, r · n_mels), gates (B, S), weights (B, S, L), lengths (B,) → output."""
        r, n = self.config.n_frames_per_step, self.config.n_mels
        mel = frames.reshape(len(frames), -1, n).transpose(1, 2)  # (B, n_mels, T)
        valid = length_mask(lengths, mel.shape[2])  # (B, T)
        refined = self.refine(mel, lengths) * valid[:, None]
        gate = gates.masked_fill(~valid[:, ::r], PADDED_GATE)
        runaway = torch.zeros_like(lengths, dtype=torch.bool)
        return Tacotron2Output(mel * valid[:, None], refined, gate, weights, lengths, runaway)


def _stacked(
    frames: list[Tensor], gates: list[Tensor], weights: list[Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    return torch.stack(frames, dim=1), torch.stack(gates, dim=1), torch.stack(weights, dim=1)
