"""Calls of one length, recorded once per shape and replayed: CUDA graphs.

A vocoder launches some hundred kernels for a window, and a launch takes longer than a small kernel.
A recorded call launches them all at once. It reads and writes the same memory each time, so a
recording serves one shape, and what it returns is copied before the next replay.
"""

from __future__ import annotations

from collections.abc import Callable

from core.protocols import Array, Graph

Shapes = tuple[tuple[int, ...], ...]
"""Of all inputs of a call."""


class CapturedGraph:
    """A graph whose calls of a certain length are recorded; all others run as they are.

    Args:
        graph: runs what is not recorded.
        frames: last axis of the first input of calls that are recorded. Windows of a static
            ``WindowPolicy`` have one length and few widths, so there are few recordings.
        record: inputs of the first call of a shape → the recording, a graph for that shape alone.
    """

    def __init__(
        self, graph: Graph, frames: int, record: Callable[[tuple[Array, ...]], Graph]
    ) -> None:
        self._graph, self._frames, self._record = graph, frames, record
        self._recordings: dict[Shapes, Graph] = {}

    def __call__(self, *inputs: Array) -> tuple[Array, ...]:
        """Raises DeviceError, SynthesisError."""
        if inputs[0].shape[-1] != self._frames:
            return self._graph(*inputs)
        shapes = tuple(array.shape for array in inputs)
        if shapes not in self._recordings:
            self._recordings[shapes] = self._record(inputs)
        return self._recordings[shapes](*inputs)
