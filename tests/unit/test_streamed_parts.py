"""Whoever dies on the way: every sample is sent once, and in order."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from api.streaming import PartPosition
from core.part import SampleChunk

LENGTHS = [7, 1, 12]
SAMPLES = [np.arange(n, dtype=np.float32) + 100 * i for i, n in enumerate(LENGTHS)]


def chunk(utterance: int, start: int, stop: int) -> SampleChunk:
    data = SAMPLES[utterance][start:stop].astype("<f4").tobytes()
    return SampleChunk(utterance, start, LENGTHS[utterance], 22050, data)


PLACES = [(0, 0, 4), (0, 4, 7), (1, 0, 1), (2, 0, 5), (2, 5, 10), (2, 10, 12)]
WINDOWS = [chunk(*place) for place in PLACES]
STORED = [chunk(i, 0, n) for i, n in enumerate(LENGTHS)]
"""The part when it is done, utterance by utterance."""


def sent(chunks: list[SampleChunk]) -> list[float]:
    position, samples = PartPosition(), list[float]()
    for one in chunks:
        if fresh := position.fresh(one):
            samples += np.frombuffer(fresh.data, "<f4").tolist()
    return samples


@given(st.lists(st.integers(0, len(WINDOWS)), max_size=4))
def test_a_part_that_is_made_again_and_again_is_sent_once(deaths: list[int]) -> None:
    """Each worker gets so far; the next one begins anew, and in the end the part is stored."""
    chunks = [one for reached in deaths for one in WINDOWS[:reached]]
    assert sent(chunks + STORED) == np.concatenate(SAMPLES).tolist()


@given(st.sets(st.integers(0, len(WINDOWS) - 1)))
def test_what_was_lost_on_the_way_comes_with_the_stored_part(lost: set[int]) -> None:
    chunks = [one for index, one in enumerate(WINDOWS) if index not in lost]
    assert sent(chunks + STORED) == np.concatenate(SAMPLES).tolist()


def test_windows_of_another_size_go_on_where_the_last_ones_ended() -> None:
    chunks = [chunk(0, 0, 4), chunk(0, 0, 6), chunk(0, 5, 7)]
    assert sent(chunks) == SAMPLES[0].tolist()
