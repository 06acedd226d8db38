"""Joins utterances and pauses, exact to the sample and without clicks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from core.mel import Float32

FADE_SECONDS = 0.003
"""Length of the ramp at each edge of an utterance [s].

Three milliseconds end a step (a DC offset, a voiced last frame) below the audible, and are shorter
than the burst of a plosive (about 5 ms and more), so that no consonant at an edge is lost.
"""

SILENCE_BLOCK = 2**20
"""Longest block of silence [samples], 4 MB: above any ordinary pause, which stays one block."""

UtteranceAudio = tuple[Float32, int]
"""Samples of an utterance (N,) and the length of the pause after it [samples]."""


def fade_edges(
    samples: Float32, sample_rate: int, *, start: int = 0, total: int | None = None
) -> Float32:
    """Returns samples with raised-cosine ramps from and to zero; the length stays.

    A DC offset is not removed, it is ramped: there is no step against the digital silence of a
    pause. Utterances shorter than two ramps get ramps of half their length. An utterance may come
    in pieces: together they are what the whole is.

    Args:
        samples: (N,) float32, of an utterance or of a piece of one.
        sample_rate: [Hz].
        start: where in the utterance the piece begins [samples].
        total: length of the utterance [samples]; None = it is whole.

    Returns:
        (N,) float32, a copy.
    """
    length = len(samples) if total is None else total
    n = min(round(FADE_SECONDS * sample_rate), length // 2)
    faded, stop = samples.copy(), start + len(samples)
    if not n:
        return faded
    ramp = (0.5 - 0.5 * np.cos(np.pi * np.arange(n) / n)).astype(np.float32)
    if start < n:
        faded[: n - start] *= ramp[start:stop]
    if stop > length - n:
        first = max(start, length - n)
        faded[first - start :] *= ramp[::-1][first - (length - n) : stop - (length - n)]
    return faded


def joined_blocks(
    utterances: Iterable[UtteranceAudio], sample_rate: int, *, lead: int = 0
) -> Iterator[Float32]:
    """Yields faded utterances and their pauses as blocks, in the memory of one utterance.

    Blocks are not to be written to: those of a pause share their memory.

    Args:
        utterances: in speaking order.
        sample_rate: [Hz].
        lead: silence before the first utterance [samples].

    Yields:
        (N,) float32 blocks, none empty; Σ lengths = lead + Σ (utterance + pause).
    """
    yield from silence(lead)
    for samples, pause in utterances:
        if pause < 0:
            raise ValueError(f"pause of {pause} samples")
        if len(samples):
            yield fade_edges(samples, sample_rate)
        yield from silence(pause)


def silence(samples: int) -> Iterator[Float32]:
    """Yields a pause in blocks that share their memory: one may last for hours."""
    block = np.zeros(min(samples, SILENCE_BLOCK), np.float32)
    for start in range(0, samples, SILENCE_BLOCK):
        yield block[: samples - start]


def join(utterances: Iterable[UtteranceAudio], sample_rate: int, *, lead: int = 0) -> Float32:
    """Returns all of ``joined_blocks`` as one array.

    >>> len(join([(np.ones(100, np.float32), 50), (np.ones(10, np.float32), 0)], 8000, lead=5))
    165
    """
    return np.concatenate(
        [np.zeros(0, np.float32), *joined_blocks(utterances, sample_rate, lead=lead)]
    )
