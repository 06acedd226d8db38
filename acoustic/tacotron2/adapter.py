"""Tacotron 2 over any runtime: phonemes to mels, step by step in a batch that shrinks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from acoustic.checks import require_finite_mel
from acoustic.equal_shapes import equal_shapes, padded_length
from acoustic.refiner.noise import batch_noise
from acoustic.tacotron2.alignment import durations_of, stray_frames
from acoustic.tacotron2.config import STEPS, Tacotron2Config
from acoustic.tacotron2.dropout import PrenetDropout
from acoustic.tacotron2.time_stretch import time_stretch
from core.errors import FieldError
from core.mel import AcousticOutput, Float32, Int64, MelSpec, PhonemeBatch
from core.protocols import Array, Graph

SYMBOL_STEP, FRAME_STEP = 128, 32
"""Grids of the lengths of ``encode`` and ``steps``, and of ``postnet``. The first is coarse: a step
costs the same for any number of symbols, and half as much for each item of two."""


class DropoutStream(Protocol):
    """Factors of the prenet for a batch, step after step."""

    def step(self) -> Float32:
        """(B, 2, prenet_dim) float32."""


@dataclass(slots=True)
class DecodedUtterance:
    """What has been decoded of one item so far.

    Attributes:
        frames: (STEPS, r · n_mels) float32 of each call, the last one cut at the stop.
        alignments: (STEPS, L) float32 likewise.
        contexts: (STEPS, E) float32 likewise, of the attention.
        steps: how many.
        stopped: the gate decoded stop.
    """

    frames: list[Float32] = field(default_factory=list)
    alignments: list[Float32] = field(default_factory=list)
    contexts: list[Float32] = field(default_factory=list)
    steps: int = 0
    stopped: bool = False


class Tacotron2Model:
    """Implements ``core.protocols.AcousticModel``.

    The network has no controls: speed stretches the mel, pitch and energy are refused.

    Args:
        graphs: ``encode``, ``steps`` and ``postnet`` (acoustic/tacotron2/graphs.py).
        mel_spec: what the values of its mels mean.
        config: of the network; its gate threshold and caps decide when an item ends.
        dropout: seeds → the prenet's factors.
        exact: only items of equal shapes share a call, see acoustic/equal_shapes.py.
    """

    def __init__(
        self,
        graphs: Mapping[str, Graph],
        mel_spec: MelSpec,
        *,
        config: Tacotron2Config,
        dropout: Callable[[Sequence[int]], DropoutStream] | None = None,
        exact: bool = True,
    ) -> None:
        self._encode, self._steps, self._postnet = (
            graphs[name] for name in ("encode", "steps", "postnet")
        )
        self._spec = mel_spec
        self._config = config
        self._dropout = dropout or (lambda seeds: PrenetDropout(seeds, config.prenet_dim))
        self._noise_channels = config.refiner.noise if config.refiner.layers else 0
        self._symbol_step = SYMBOL_STEP if exact else None
        self._frame_step = FRAME_STEP if exact else None

    @property
    def mel_spec(self) -> MelSpec:
        """What the values of its mels mean."""
        return self._spec

    def padded_length(self, symbols: int) -> int:
        """Returns the symbols at which an item of so many is computed."""
        return padded_length(symbols, self._symbol_step)

    def __call__(self, batch: PhonemeBatch) -> list[AcousticOutput]:
        """Returns every item's mel; one that met its cap before it stopped is a runaway.

        Raises:
            FieldError: pitch or energy is not 1.
            AnomalyError: a mel is not finite.
            SynthesisError: the runtime failed.
        """
        _require_neutral(batch)
        decoded: dict[int, DecodedUtterance] = {}
        for group, size in equal_shapes(batch.lengths, self._symbol_step):
            decoded |= zip(group.tolist(), self._decode(batch.padded(group, size)), strict=True)
        items = [decoded[item] for item in range(len(batch.lengths))]
        speeds = [row[:size] for row, size in zip(batch.speed, batch.lengths, strict=True)]
        refined = self._refined(items, batch.seeds)
        return [
            self._output(item, mel, speed)
            for item, mel, speed in zip(items, refined, speeds, strict=True)
        ]

    def _output(self, item: DecodedUtterance, mel: Float32, speed: Float32) -> AcousticOutput:
        """Reads the durations off the attention and stretches the mel (n_mels, T) to the speed."""
        alignment = np.concatenate(item.alignments)[:, : len(speed)]  # (steps, L)
        durations = durations_of(alignment, self._r)
        stray = stray_frames(alignment, self._r)
        if (speed != 1).any():
            mel, durations = time_stretch(mel, durations, speed)
        return AcousticOutput(require_finite_mel(mel), durations, not item.stopped, stray)

    @property
    def _r(self) -> int:
        return self._config.n_frames_per_step

    def _decode(self, batch: PhonemeBatch) -> list[DecodedUtterance]:
        """Decodes until every item has stopped or met its cap; finished rows leave the batch."""
        memory = [*self._encode(batch.ids, batch.lengths), batch.lengths]
        caps = [self._config.frames_cap(int(n)) // self._r for n in batch.lengths]
        items = [DecodedUtterance() for _ in caps]
        streams = [self._dropout([int(seed)]) for seed in batch.seeds]
        state, rows = self._start(memory[0]), np.arange(len(caps))
        while len(rows):
            dropout = np.concatenate([_factors(streams[row]) for row in rows])
            decoded, gates, alignments, contexts, *state = self._steps(dropout, *memory, *state)
            for i, row in enumerate(rows):
                made = decoded[i], alignments[i], contexts[i]
                self._append(items[row], caps[row], gates[i], *made)
            going = [i for i, row in enumerate(rows) if not self._done(items[row], caps[row])]
            if len(going) < len(rows):
                rows, memory = rows[going], [part[going] for part in memory]
                state = [part[going] for part in state]
        return items

    def _start(self, values: Array) -> list[Array]:
        c, (b, length, encoded) = self._config, values.shape
        recurrent = [c.attention_rnn_dim] * 2 + [c.decoder_rnn_dim] * 2
        sizes = [*recurrent, length, length, encoded, c.n_mels * self._r]
        return [np.zeros((b, size), np.float32) for size in sizes]

    def _append(
        self,
        item: DecodedUtterance,
        cap: int,
        gates: Float32,
        decoded: Float32,
        alignments: Float32,
        contexts: Float32,
    ) -> None:
        """Appends a call's steps, up to the stop (whose frame is kept) or the cap."""
        stops = np.flatnonzero(1 / (1 + np.exp(-gates.astype(np.float64))) > self._threshold)
        left = min(STEPS, cap - item.steps)
        item.stopped = bool(len(stops)) and int(stops[0]) < left
        kept = int(stops[0]) + 1 if item.stopped else left
        item.frames.append(decoded[:kept])
        item.alignments.append(alignments[:kept])
        item.contexts.append(contexts[:kept])
        item.steps += kept

    @property
    def _threshold(self) -> float:
        return self._config.gate_threshold

    def _done(self, item: DecodedUtterance, cap: int) -> bool:
        return item.stopped or item.steps >= cap

    def _refined(self, items: list[DecodedUtterance], seeds: Int64) -> list[Float32]:
        """Returns every item's mel (n_mels, T) after post-net and refiner."""
        n = self._config.n_mels
        mels = [np.concatenate(item.frames).reshape(-1, n).T for item in items]
        lengths = np.array([mel.shape[1] for mel in mels], np.int64)
        for group, size in equal_shapes(lengths, self._frame_step):
            values = np.zeros((len(group), n, size), np.float32)
            for row, item in zip(values, group, strict=True):
                row[:, : lengths[item]] = mels[item]
            conditions = batch_noise(seeds[group], lengths[group], size, self._noise_channels)
            if conditions:
                chosen = [items[item] for item in group]
                conditions = *conditions, _frame_contexts(chosen, self._r, size)
            (refined,) = self._postnet(values, lengths[group], *conditions)
            for row, item in zip(refined, group, strict=True):
                mels[item] = row[:, : lengths[item]]
        return mels


def _frame_contexts(items: list[DecodedUtterance], r: int, size: int) -> Float32:
    """Returns (B, size, E) float32, every step's context for its r frames, zero past the end."""
    width = items[0].contexts[0].shape[1]
    padded = np.zeros((len(items), size, width), np.float32)
    for row, item in zip(padded, items, strict=True):
        row[: r * item.steps] = np.concatenate(item.contexts).repeat(r, axis=0)
    return padded


def _factors(stream: DropoutStream) -> Float32:
    """One item's factors of a call, (1, STEPS, 2, prenet_dim)."""
    return np.stack([stream.step() for _ in range(STEPS)], axis=1)


def _require_neutral(batch: PhonemeBatch) -> None:
    valid = np.arange(batch.ids.shape[1])[None] < batch.lengths[:, None]
    for name, control in (("pitch", batch.pitch), ("energy", batch.energy)):
        if (control[valid] != 1).any():
            raise FieldError(
                name,
                f"Tacotron 2 has no {name} control",
                allowed="1.0",
                code="unsupported_control",
            )
