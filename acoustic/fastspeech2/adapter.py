"""FastSpeech 2 over any runtime: phonemes to mels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from acoustic.checks import require_finite_mel
from acoustic.equal_shapes import equal_shapes, padded_length
from acoustic.refiner.noise import batch_noise
from core.errors import AnomalyError
from core.mel import AcousticOutput, Float32, Int64, MelSpec, PhonemeBatch
from core.protocols import Graph

SYMBOL_STEP, FRAME_STEP = 16, 16
"""Grids of the lengths of ``encode`` and ``decode``."""


def frame_index(durations: Int64, size: int | None = None) -> Int64:
    """Which symbol each frame belongs to, (B, T); frames past an item's end have its last symbol.

    T is ``size``, or without it the length of the longest item.

    >>> frame_index(np.array([[2, 0, 1], [1, 0, 0]]))
    array([[0, 0, 2],
           [0, 2, 2]])
    """
    ends = durations.cumsum(1)  # (B, L)
    clock = np.arange(ends[:, -1].max() if size is None else size)
    index = np.stack([np.searchsorted(row, clock, side="right") for row in ends])
    clipped: Int64 = np.minimum(index, durations.shape[1] - 1)
    return clipped


def regulate(rows: Float32, index: Int64, lengths: Int64) -> Float32:
    """Rows (B, L, …) by frame (B, T, …), zero past an item's length."""
    frames: Float32 = rows[np.arange(len(rows))[:, None], index]
    frames[np.arange(index.shape[1])[None] >= lengths[:, None]] = 0
    return frames


class FastSpeech2Model:
    """Implements ``core.protocols.AcousticModel``.

    Args:
        graphs: ``encode``, ``decode`` and those of a refiner (acoustic/fastspeech2/graphs.py).
        mel_spec: what the values of its mels mean.
        max_frames: rows of the decoder's position table.
        frame_controls: the decoder takes pitch and energy per frame.
        noise_channels: of the noise that the network's refiner takes; 0 = it has none.
        moves_harmonics: the refiner reads harmonics, which are moved where pitch is to be raised.
        exact: only items of equal shapes share a call, see acoustic/equal_shapes.py.
    """

    def __init__(
        self,
        graphs: Mapping[str, Graph],
        mel_spec: MelSpec,
        *,
        max_frames: int,
        frame_controls: bool = False,
        noise_channels: int = 0,
        moves_harmonics: bool = False,
        exact: bool = True,
    ) -> None:
        self._graphs = graphs
        self._spec = mel_spec
        self._max_frames = max_frames
        self._frame_controls = frame_controls
        self._noise_channels = noise_channels
        self._moves_harmonics = moves_harmonics
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
        """Returns every item's mel and durations; one whose durations are all 0 has no frame.

        Raises:
            AnomalyError: an item is longer than the position table, or not finite.
            SynthesisError: the runtime failed.
        """
        outputs: dict[int, AcousticOutput] = {}
        for items, size in equal_shapes(batch.lengths, self._symbol_step):
            part = batch.padded(items, size)
            pitch = self._network_pitch(part.pitch)
            hidden, durations = self._graphs["encode"](
                part.ids, part.lengths, part.speakers, part.speed, pitch, part.energy
            )
            mels = self._decoded(hidden, durations, part)
            for item, mel, row, length in zip(items, mels, durations, part.lengths, strict=True):
                outputs[int(item)] = AcousticOutput(mel, row[:length])
        return [outputs[item] for item in range(len(batch.lengths))]

    def _decoded(self, hidden: Float32, durations: Int64, batch: PhonemeBatch) -> list[Float32]:
        """Returns every item's mel (n_mels, T)."""
        frames = self._checked(durations.sum(1))
        mels: list[Float32] = [np.zeros((self._spec.n_mels, 0), np.float32) for _ in frames]
        audible = np.flatnonzero(frames)  # attention over no key at all is not a number
        if len(audible):
            for items, size in equal_shapes(frames[audible], self._frame_step):
                chosen = audible[items]
                decoded = self._decode_equal(chosen, size, hidden[chosen], durations[chosen], batch)
                for item, mel in zip(chosen, decoded, strict=True):
                    mels[item] = mel
        return mels

    def _decode_equal(
        self, items: Int64, size: int, hidden: Float32, durations: Int64, batch: PhonemeBatch
    ) -> Iterator[Float32]:
        """Yields the mels (n_mels, T) of items that have frames, padded to ``size`` of them."""
        lengths, index = durations.sum(1), frame_index(durations, size)
        pitch = batch.pitch[items]
        inputs = [regulate(hidden, index, lengths), lengths]
        if self._frame_controls:
            controls = self._network_pitch(pitch), batch.energy[items]
            inputs += [regulate(x, index, lengths) for x in controls]
        decoded = self._graphs["decode"](*inputs)
        if self._noise_channels:
            noise = batch_noise(batch.seeds[items], lengths, size, self._noise_channels)
            mel, states, *octaves = decoded
            if self._moves_harmonics:
                shift = regulate(np.log2(pitch), index, lengths)
                octaves = list(self._graphs["harmonics"](*octaves, shift))
            decoded = self._graphs["refine"](mel, states, lengths, *noise, *octaves)
        (mels,) = decoded
        for mel, length in zip(mels, lengths, strict=True):
            yield require_finite_mel(mel[:, :length])

    def _network_pitch(self, pitch: Float32) -> Float32:
        """Returns the factors for all but the refiner; where that moves harmonics, nothing else."""
        return np.ones_like(pitch) if self._moves_harmonics else pitch

    def _checked(self, lengths: Int64) -> Int64:
        if int(lengths.max(initial=0)) > self._max_frames:
            raise AnomalyError(
                f"an utterance of {int(lengths.max())} frames is longer than {self._max_frames}",
                code="anomaly_too_long",
            )
        return lengths
