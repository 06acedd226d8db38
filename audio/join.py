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


def fade_edges(samples: Float32, sample_rate: int) -> Float32:
    """Returns samples with raised-cosine ramps from and to zero; the length stays.

    A DC offset is not removed, it is ramped: there is no step against the digital silence of a
    pause. Utterances shorter than two ramps get ramps of half their length.

    Args:
        samples: (N,) float32.
        sample_rate: [Hz].

    Returns:
        (N,) float32, a copy.
    """
    n = min(round(FADE_SECONDS * sample_rate), len(samples) // 2)
    faded = samples.copy()
    if n:
        ramp = (0.5 - 0.5 * np.cos(np.pi * np.arange(n) / n)).astype(np.float32)
        faded[:n] *= ramp
        faded[-n:] *= ramp[::-1]
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
    yield from _silence(lead)
    for samples, pause in utterances:
        if pause < 0:
            raise ValueError(f"pause of {pause} samples")
        if len(samples):
            yield fade_edges(samples, sample_rate)
        yield from _silence(pause)


def _silence(samples: int) -> Iterator[Float32]:
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
