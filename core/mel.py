"""The mel contract and the types that carry phonemes, mels and samples.

A mel crosses every seam as (n_mels, T) float32, one array per utterance: only the adapter that
calls a graph pads, to the shape which that graph needs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.errors import SpecMismatch

Float32 = NDArray[np.float32]
Int64 = NDArray[np.int64]


class MelSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that defines a log-mel spectrogram. Two networks join only if theirs are equal.

    The default is the mel of the house: the LJSpeech definition of jik876/hifi-gan@4769534
    (meldataset.py), natural log, so that public HiFi-GAN checkpoints fit.
    """

    sample_rate: int = 22050
    """Samples per second [Hz]."""
    n_fft: int = 1024
    """FFT length [samples]."""
    hop_length: int = 256
    """Distance of two frames [samples]."""
    win_length: int = 1024
    """Length of the periodic Hann window [samples]; shorter than n_fft: centred, zero padded."""
    n_mels: int = 80
    """Number of mel bands."""
    f_min: float = 0.0
    """Lower edge of the lowest band [Hz]."""
    f_max: float = 8000.0
    """Upper edge of the highest band [Hz]."""
    log_base: Literal["e", "10"] = "e"
    """Base of the logarithm."""
    floor: float = 1e-5
    """Magnitudes are clamped to this before the logarithm."""
    magnitude_epsilon: float = 1e-9
    """Added to re²+im² before the square root (HiFi-GAN: 1e-9; Tacotron 2: 0)."""
    mel_scale: Literal["slaney", "htk"] = "slaney"
    """Scale and area norm of the filter bank."""
    padding: Literal["reflect-hop", "reflect-half"] = "reflect-hop"
    """reflect-hop: (n_fft - hop) / 2 each side, T = L // hop; reflect-half: n_fft / 2 each side,
    T = L // hop + 1."""
    mean: float = 0.0
    """Subtracted from the log-mel before the network sees it."""
    std: float = 1.0
    """The log-mel is divided by this after the mean is subtracted."""

    @property
    def silence(self) -> float:
        """The value of a silent bin as the network sees it.

        >>> round(MelSpec().silence, 4)
        -11.5129
        """
        log = math.log(self.floor) if self.log_base == "e" else math.log10(self.floor)
        return (log - self.mean) / self.std

    @property
    def frames_per_second(self) -> float:
        """Frames per second [Hz]."""
        return self.sample_rate / self.hop_length

    def require_equal(self, other: MelSpec, *, left: str, right: str) -> None:
        """Raises SpecMismatch naming every field in which ``differences`` finds one."""
        if fields := self.differences(other):
            raise SpecMismatch(fields, left=left, right=right)

    def differences(self, other: MelSpec) -> dict[str, tuple[object, object]]:
        """Returns every field that changes what a frame's values mean: own value, the other's.

        ``padding`` and ``magnitude_epsilon`` only matter to extraction (a shift of half a hop, the
        noise floor), so a mel predicted under one may be vocoded under the other.
        """
        mine, theirs = msgspec.structs.asdict(self), msgspec.structs.asdict(other)
        names = mine.keys() - {"padding", "magnitude_epsilon"}
        return {k: (mine[k], theirs[k]) for k in sorted(names) if mine[k] != theirs[k]}


TACOTRON2_MEL = MelSpec(magnitude_epsilon=0.0, padding="reflect-half")
"""The mel of NVIDIA/tacotron2@185cd24 (layers.py, hparams.py), on which public checkpoints of
FastSpeech 2, WaveGlow and seungwonpark's MelGAN were trained, too."""


@dataclass(frozen=True, slots=True)
class Waveform:
    """Mono samples.

    Attributes:
        samples: (N,) float32, nominally in [-1, 1]; never clipped before encoding.
        sample_rate: samples per second [Hz].
    """

    samples: Float32
    sample_rate: int

    def __post_init__(self) -> None:
        if self.samples.ndim != 1 or self.samples.dtype != np.float32:
            raise ValueError(f"waveform of shape {self.samples.shape}, {self.samples.dtype}")

    @property
    def seconds(self) -> float:
        """Duration [s].

        >>> Waveform(np.zeros(22050, np.float32), 22050).seconds
        1.0
        """
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True, slots=True)
class PhonemeBatch:
    """The input of an acoustic model.

    Attributes:
        ids: (B, L) int64 symbol ids, 0 past an item's length.
        lengths: (B,) int64.
        speakers: (B,) int64, 0 for a single-speaker model.
        speed: (B, L) float32, 2.0 = half the duration.
        pitch: (B, L) float32, factor on the fundamental frequency in Hz.
        energy: (B, L) float32, factor on the energy.
        seeds: (B,) int64, the only source of randomness of an item.
    """

    ids: Int64
    lengths: Int64
    speakers: Int64
    speed: Float32
    pitch: Float32
    energy: Float32
    seeds: Int64

    def padded(self, items: Int64, size: int) -> PhonemeBatch:
        """Returns some of the items (b,), padded to ``size`` symbols, at least as many as theirs.

        >>> row = np.array([[5, 6, 0]])
        >>> ones, single = np.ones((1, 3), np.float32), np.array([0])
        >>> batch = PhonemeBatch(row, np.array([2]), single, ones, ones, ones, single)
        >>> batch.padded(single, 4).ids
        array([[5, 6, 0, 0]])
        """

        def rows(values: NDArray[Any], fill: int) -> NDArray[Any]:
            part = values[items, :size]
            return np.pad(part, ((0, 0), (0, size - part.shape[1])), constant_values=fill)

        return PhonemeBatch(
            ids=rows(self.ids, 0),
            lengths=self.lengths[items],
            speakers=self.speakers[items],
            speed=rows(self.speed, 1),
            pitch=rows(self.pitch, 1),
            energy=rows(self.energy, 1),
            seeds=self.seeds[items],
        )


@dataclass(frozen=True, slots=True)
class AcousticOutput:
    """What an acoustic model predicts for one utterance.

    Attributes:
        mel: (n_mels, T) float32, without padding.
        durations: (L,) int64 frames of each symbol; their sum is T.
        runaway: the model hit its length cap before it decided to stop.
        stray_frames: frames in which the attention stood on symbols that it had left before, at
            speed 1; 0 for a model without attention.
    """

    mel: Float32
    durations: Int64
    runaway: bool = False
    stray_frames: int = 0
