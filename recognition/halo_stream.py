"""A function of a whole sequence, applied to an endless one, in bounded memory.

An output depends on inputs near it alone, so each piece takes some more on both sides than it
keeps, like the windows of a vocoder (``vocoders/windows``). At the sequence's own ends there is no
more, and the function pads there as it does in the whole.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.mel import Float32, MelSpec


class HaloStream:
    """Outputs of a sequence whose end is not known.

    Args:
        run: (…, n) float32, n > 0 → (…, n / stride or a few more) float32; time is the last axis.
        stride: inputs from one output to the next.
        halo: outputs on each side that the function needs inputs of.
        nothing: (…, 0) input without any time.
    """

    def __init__(
        self, run: Callable[[Float32], Float32], stride: int, halo: int, nothing: Float32
    ) -> None:
        self._run, self._stride, self._halo = run, stride, halo
        self._inputs = nothing
        self._taken = 0  # outputs of the kept inputs, up to ``halo``, that were taken before

    def push(self, inputs: Float32) -> None:
        """Takes (…, n) more inputs."""
        self._inputs = np.concatenate([self._inputs, inputs], -1)

    @property
    def ready(self) -> int:
        """How many outputs no further input can change."""
        known: int = self._inputs.shape[-1] // self._stride
        return max(0, known - self._taken - self._halo)

    def take(self, count: int) -> Float32:
        """Returns the next outputs (…, count), of which so many are ready."""
        stop = (self._taken + count + self._halo) * self._stride
        made = self._run(self._inputs[..., :stop])[..., self._taken : self._taken + count]
        self._taken += count
        done = max(0, self._taken - self._halo)
        self._inputs, self._taken = self._inputs[..., done * self._stride :], self._taken - done
        return made

    def finish(self) -> Float32 | None:
        """Returns the outputs up to the end of the sequence; None if there was no input."""
        if not self._inputs.shape[-1]:
            return None
        return self._run(self._inputs)[..., self._taken :]


class MelStream:
    """The log-mel of samples that come piece by piece.

    Args:
        spec: of the mel.
    """

    def __init__(self, spec: MelSpec) -> None:
        from audio.log_mel import log_mel  # here: it takes scipy, a fifth of a second

        padding = spec.n_fft - spec.hop_length * (spec.padding == "reflect-hop")
        halo = -(-padding // (2 * spec.hop_length))
        nothing = np.zeros(0, np.float32)
        self._frames = HaloStream(lambda x: log_mel(x, spec), spec.hop_length, halo, nothing)
        self._nothing = np.zeros((spec.n_mels, 0), np.float32)

    def push(self, samples: Float32) -> Float32:
        """Takes (N,) samples, any number, and returns the frames (n_mels, T) that are known."""
        self._frames.push(samples)
        ready = self._frames.ready
        return self._frames.take(ready) if ready else self._nothing

    def finish(self) -> Float32:
        """Returns the other frames (n_mels, T), none if there was no sample."""
        rest = self._frames.finish()
        return self._nothing if rest is None else rest
