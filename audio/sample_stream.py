"""Blocks of samples as one stream from which any number of samples can be taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.mel import Float32


class SampleStream:
    """Blocks as one stream from which any number of samples can be taken."""

    def __init__(self, blocks: Iterable[Float32]) -> None:
        self._blocks = iter(blocks)
        self._left: Float32 | None = None

    def take(self, samples: int) -> Iterator[Float32]:
        """Yields so many samples in blocks. Raises ValueError where there are fewer."""
        while samples:
            block = self._next()
            if block is None:
                raise ValueError(f"the audio ends {samples} samples early")
            now, self._left = block[:samples], block[samples:]
            samples -= len(now)
            yield now

    def end(self) -> None:
        """Raises ValueError where samples are left."""
        if (block := self._next()) is not None:
            raise ValueError(f"{len(block)} samples more than the chapters have")

    def _next(self) -> Float32 | None:
        while self._left is None or not len(self._left):
            self._left = next(self._blocks, None)
            if self._left is None:
                return None
        return self._left
