"""Band-limited resampling of a stream, with an exact length."""

from __future__ import annotations

import numpy as np
import soxr

from core.mel import Float32


def resampled_length(samples: int, rate_in: int, rate_out: int) -> int:
    """Returns how many samples resampling makes: n · out / in, rounded half up, in integers.

    >>> resampled_length(22050, 22050, 48000)
    48000
    """
    return (2 * samples * rate_out + rate_in) // (2 * rate_in)


class Resampler:
    """A resampler over blocks (soxr HQ); as many samples as ``resampled_length`` says come out.

    soxr compensates its own delay, so the output starts with the input. Its own count may be one
    sample off the rule; the end is then cut or filled with zeros. Equal rates pass unchanged.

    Args:
        rate_in: of the input [Hz].
        rate_out: of the output [Hz].
    """

    def __init__(self, rate_in: int, rate_out: int) -> None:
        self.rate_in, self.rate_out = rate_in, rate_out
        self._read = self._written = 0
        self._stream = soxr.ResampleStream(rate_in, rate_out, 1, dtype="float32", quality="HQ")

    def push(self, block: Float32) -> Float32:
        """Takes (N,) float32 and returns what is ready; may be empty."""
        self._read += len(block)
        return self._emit(block, last=False)

    def finish(self) -> Float32:
        """Returns the rest; call once."""
        rest = self._emit(np.zeros(0, np.float32), last=True)
        missing = self._due() - self._written
        self._written += missing
        return np.concatenate([rest, np.zeros(missing, np.float32)])

    def _due(self) -> int:
        return resampled_length(self._read, self.rate_in, self.rate_out)

    def _emit(self, block: Float32, *, last: bool) -> Float32:
        if self.rate_in == self.rate_out:
            ready = block
        else:
            ready = self._stream.resample_chunk(np.ascontiguousarray(block, np.float32), last=last)
        ready = ready[: self._due() - self._written]
        self._written += len(ready)
        return ready


def resample(samples: Float32, rate_in: int, rate_out: int) -> Float32:
    """Returns a whole array resampled, (N,) float32 to (resampled_length(N),) float32.

    >>> len(resample(np.zeros(100, np.float32), 22050, 16000))
    73
    """
    resampler = Resampler(rate_in, rate_out)
    return np.concatenate([resampler.push(samples), resampler.finish()])
