"""A convolutional vocoder over any runtime: mels to samples by exact windows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from core.errors import AnomalyError, SpecMismatch
from core.mel import Float32, MelSpec
from core.networks import WindowPolicy
from core.protocols import Graph
from vocoders.excitation import Conditions, Excitation
from vocoders.windows import Window, plan_windows, stack_windows


class ConvVocoder:
    """A function of the mel alone; implements ``core.protocols.Vocoder``.

    Args:
        graphs: ``vocode``: mel (B, n_mels, T) float32 → samples (B, T · hop) float32.
        mel_spec: what the values of the mels that it reads mean.
        halo: frames of context per side that the network needs.
        policy: how to cut into windows.
        min_frames: shortest input of the network; shorter mels are extended by silence, whose
            samples are cut off.
    """

    def __init__(
        self,
        graphs: Mapping[str, Graph],
        mel_spec: MelSpec,
        *,
        halo: int,
        policy: WindowPolicy,
        min_frames: int = 1,
    ) -> None:
        self._vocode = graphs["vocode"]
        self._spec = mel_spec
        self._halo = halo
        self._policy = policy
        self._min_frames = min_frames

    @property
    def mel_spec(self) -> MelSpec:
        """What the values of the mels that it reads mean."""
        return self._spec

    def __call__(self, mels: Sequence[Float32], seeds: Sequence[int]) -> list[Float32]:
        """Returns (T · hop,) float32 per mel; seeds matter only to a network with noise.

        Raises:
            SpecMismatch: a mel has another number of bands.
            AnomalyError: samples are not finite.
            SynthesisError: the runtime failed.
        """
        for mel in mels:
            self._require_bands(mel)
        hop = self._spec.hop_length
        frames = [self._extended(mel) for mel in mels]
        samples = [np.empty(f.shape[1] * hop, np.float32) for f in frames]
        lengths = [f.shape[1] for f in frames]
        conditions = self._conditions(frames, seeds)
        for batch in stack_windows(lengths, self._halo, self._policy):
            rows = self._vocode(*self._inputs(frames, conditions, batch))[0]
            for row, (item, window) in zip(rows, batch, strict=True):
                write_core(samples[item], row, window, hop)
        return [
            require_finite(self._finished(s)[: mel.shape[1] * hop])
            for s, mel in zip(samples, mels, strict=True)
        ]

    def stream(self, mel: Float32, seed: int) -> Iterator[Float32]:
        """Yields the samples of one mel, window by window. Raises as ``__call__`` does."""
        self._require_bands(mel)
        hop, frames = self._spec.hop_length, [self._extended(mel)]
        conditions = self._conditions(frames, [seed])
        core, halo = self._policy.stream_core, self._halo
        windows = plan_windows(
            frames[0].shape[1], core + 2 * halo, halo, static=self._policy.static
        )
        for window in windows:
            row = self._vocode(*self._inputs(frames, conditions, [(0, window)]))[0][0]
            skip, stop = window.keep_start - window.start, min(window.keep_stop, mel.shape[1])
            yield require_finite(row[skip * hop : (skip + stop - window.keep_start) * hop])

    def _require_bands(self, mel: Float32) -> None:
        if mel.shape[0] != self._spec.n_mels:
            bands: dict[str, tuple[object, object]] = {"n_mels": (mel.shape[0], self._spec.n_mels)}
            raise SpecMismatch(bands, left="mel", right="vocoder")

    def _conditions(self, frames: list[Float32], seeds: Sequence[int]) -> list[Conditions]:
        """Per item what its windows share besides the mel; nothing here."""
        return [() for _ in frames]

    def _inputs(
        self,
        frames: list[Float32],
        conditions: list[Conditions],
        batch: list[tuple[int, Window]],
    ) -> tuple[Float32, ...]:
        """The graph's inputs for a batch of windows; a network with conditions adds them here."""
        return (np.stack([frames[item][:, w.start : w.stop] for item, w in batch]),)

    def _finished(self, samples: Float32) -> Float32:
        """What is done to a whole item's samples; nothing here."""
        return samples

    def _extended(self, mel: Float32) -> Float32:
        missing = self._min_frames - mel.shape[1]
        if missing <= 0 or mel.shape[1] == 0:
            return mel
        return np.pad(mel, ((0, 0), (0, missing)), constant_values=self._spec.silence)


class ExcitedVocoder(ConvVocoder):
    """A vocoder that filters excitations; implements ``core.protocols.Vocoder``.

    Args:
        graphs: ``pitch`` (vocoders/pitch.py), and ``vocode``, which reads the excitations, too.
        mel_spec: of the mels it reads.
        excitation: how it is excited.
        halo: frames of context per side that ``vocode`` needs.
        policy: how to cut into windows.
        min_frames: shortest input of ``vocode``.
    """

    def __init__(
        self,
        graphs: Mapping[str, Graph],
        mel_spec: MelSpec,
        *,
        excitation: Excitation,
        halo: int,
        policy: WindowPolicy,
        min_frames: int = 1,
    ) -> None:
        super().__init__(graphs, mel_spec, halo=halo, policy=policy, min_frames=min_frames)
        self._pitch = graphs["pitch"]
        self._excitation = excitation

    def _conditions(self, frames: list[Float32], seeds: Sequence[int]) -> list[Conditions]:
        """The excitations of every item.

        The pitch estimator runs on each item alone and whole: phases add up its rounding, which
        would depend on batch and windows otherwise.
        """
        return [
            self._excitation.at_pitch(self._octaves(mel), seed)
            for mel, seed in zip(frames, seeds, strict=True)
        ]

    def _octaves(self, mel: Float32) -> Float32:
        if not mel.shape[1]:
            return np.empty(0, np.float32)
        octaves: Float32 = self._pitch(mel[None])[0][0]  # (T,)
        return octaves

    def _inputs(
        self,
        frames: list[Float32],
        conditions: list[Conditions],
        batch: list[tuple[int, Window]],
    ) -> tuple[Float32, ...]:
        n = self._excitation.rows
        arrays = (
            np.stack([conditions[item][i][w.start * n : w.stop * n] for item, w in batch])
            for i in range(len(conditions[0]))
        )
        return *super()._inputs(frames, conditions, batch), *arrays


def open_vocoder(
    graphs: Mapping[str, Graph],
    mel_spec: MelSpec,
    excitation: Excitation | None,
    *,
    halo: int,
    policy: WindowPolicy,
    min_frames: int = 1,
) -> ConvVocoder:
    """Returns the vocoder of graphs that are excited so, or that read the mel alone."""
    if excitation is None:
        return ConvVocoder(graphs, mel_spec, halo=halo, policy=policy, min_frames=min_frames)
    return ExcitedVocoder(
        graphs, mel_spec, excitation=excitation, halo=halo, policy=policy, min_frames=min_frames
    )


def write_core(samples: Float32, row: Float32, window: Window, hop: int) -> None:
    """Copies the kept part of a window's samples to its place in the item's."""
    skip = (window.keep_start - window.start) * hop
    kept = (window.keep_stop - window.keep_start) * hop
    samples[window.keep_start * hop : window.keep_stop * hop] = row[skip : skip + kept]


def require_finite(samples: Float32) -> Float32:
    """The samples, or AnomalyError where one is NaN or infinite."""
    if not np.isfinite(samples).all():
        raise AnomalyError(
            "the vocoder made samples that are not finite", code="anomaly_not_finite"
        )
    return samples
