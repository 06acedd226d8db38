"""Exact windows: a long mel vocoded in bounded pieces gives the samples of the whole.

A sample of a convolutional vocoder depends on a fixed number of mel frames per side, its halo.
A window that ends inside the utterance would see padding where the whole has frames; so it takes
``halo`` more frames than it keeps, and what they sound like is cut off afterwards:

    frames   0 ........................................ T
    window 1 [ kept            | halo ]
    window 2          [ halo | kept    | halo ]
    window 3                     [ halo |         kept ]

At the utterance's own ends the network pads in the whole, too; so the first window begins exactly
there and the last one ends exactly there, without a halo.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.networks import WindowPolicy


@dataclass(frozen=True, slots=True)
class Window:
    """Frames [start, stop) go through the network, [keep_start, keep_stop) are kept."""

    start: int
    stop: int
    keep_start: int
    keep_stop: int

    @property
    def frames(self) -> int:
        """Frames that go through the network."""
        return self.stop - self.start


def plan_windows(frames: int, window: int, halo: int, *, static: bool) -> list[Window]:
    """Windows whose kept cores tile [0, frames).

    Args:
        frames: length of the utterance.
        window: longest window, more than 2 · halo.
        halo: frames of context per side that the network needs.
        static: all windows exactly ``window`` long, where there is more than one.

    >>> [(w.keep_start, w.keep_stop) for w in plan_windows(20, 10, 2, static=True)]
    [(0, 8), (8, 14), (14, 20)]
    """
    if window <= 2 * halo:
        raise ValueError(f"a window of {window} frames holds no core between halos of {halo}")
    if frames <= window:
        return [Window(0, frames, 0, frames)] if frames > 0 else []
    if not static:
        window = _even_window(frames, window, halo)
    windows = [Window(0, window, 0, window - halo)]
    while (done := windows[-1].keep_stop) < frames - window + halo:
        windows.append(Window(done - halo, done - halo + window, done, done + window - 2 * halo))
    windows.append(Window(frames - window, frames, done, frames))
    return windows


def _even_window(frames: int, window: int, halo: int) -> int:
    """The shortest window that needs as many windows as ``window`` does."""
    overlap = 2 * halo
    count = -(-(frames - overlap) // (window - overlap))
    return -(-(frames + overlap * (count - 1)) // count)


def stack_windows(
    lengths: Sequence[int], halo: int, policy: WindowPolicy
) -> Iterator[list[tuple[int, Window]]]:
    """Batches of equally long windows of any items, at most ``max_batch_frames`` together.

    Full windows of a static policy come in powers of two, so that their batches have few shapes.

    Args:
        lengths: frames of each item.
        halo: frames of context per side.
        policy: how to cut.

    Yields:
        (item, window) pairs; a batch has at least one.
    """
    by_frames: dict[int, list[tuple[int, Window]]] = defaultdict(list)
    for item, length in enumerate(lengths):
        for window in plan_windows(length, policy.core + 2 * halo, halo, static=policy.static):
            by_frames[window.frames].append((item, window))
    for frames, group in sorted(by_frames.items(), reverse=True):
        most = max(1, policy.max_batch_frames // frames)
        powers = policy.static and frames == policy.core + 2 * halo
        while group:
            size = min(most, len(group))
            if powers:
                size = 1 << (size.bit_length() - 1)
            yield group[:size]
            group = group[size:]
