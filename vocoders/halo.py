"""How far a convolutional network sees: exact integers, from the output back to the input."""

from __future__ import annotations

from typing import NamedTuple


class Reach(NamedTuple):
    """Positions that a run of outputs depends on, beyond the run's own, on each side.

    >>> Reach(0, 0).conv(7).conv(3, dilation=5)
    Reach(left=8, right=8)
    """

    left: int
    right: int

    def conv(self, kernel: int, dilation: int = 1) -> Reach:
        """Before a centred convolution of odd kernel and stride 1."""
        half = dilation * (kernel - 1) // 2
        return Reach(self.left + half, self.right + half)

    def transposed(self, kernel: int, stride: int, padding: int) -> Reach:
        """Before a transposed convolution, in its input's positions.

        Input i touches the outputs i·stride − padding … i·stride − padding + kernel − 1; the run
        is whole input positions, so its outputs start at a multiple of the stride.

        >>> Reach(3, 3).transposed(16, 8, 4)
        Reach(left=1, right=1)
        """
        left = (self.left - padding + kernel - 1) // stride
        right = (self.right + padding - 1) // stride + 1
        return Reach(left, right)

    def inverse_stft(self) -> Reach:
        """Before an inverse STFT of frames four hops long, centred on theirs: five reach a hop."""
        return self.conv(5)

    def frames_of_source(self, stride: int, hop: int) -> int:
        """Mel frames before a convolution that takes samples, ``stride`` for each position.

        It reads half a stride on either side (vocoders/source_taps.py).
        """
        return -(-(self.widest() * stride + stride // 2) // hop)

    def widest(self) -> int:
        """The larger side."""
        return max(self)
