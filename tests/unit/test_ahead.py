"""What is computed ahead comes in order, and no further ahead than there are threads for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from core.ahead import computed_ahead

DEADLINE = 60.0
"""Seconds; never reached when all is well."""


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_results_come_in_order(threads: int) -> None:
    found = computed_ahead(lambda n: n * n, range(20), threads=threads)
    assert list(found) == [(n, n * n) for n in range(20)]


def test_calls_run_side_by_side_and_a_bounded_number_is_begun() -> None:
    both, taken = threading.Barrier(2, timeout=DEADLINE), list[int]()

    def numbers() -> Iterator[int]:
        for n in range(10):
            taken.append(n)
            yield n

    def meet(n: int) -> int:
        both.wait()
        return n

    found = computed_ahead(meet, numbers(), threads=2)
    assert next(found) == (0, 0)
    assert taken == [0, 1, 2]
    assert [n for n, _ in found] == [*range(1, 10)]


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_an_error_comes_in_its_turn_and_ends_the_rest(threads: int) -> None:
    called: list[int] = []

    def divide(n: int) -> float:
        called.append(n)
        return 1 / (2 - n)

    found = computed_ahead(divide, range(100), threads=threads)
    assert [next(found) for _ in range(2)] == [(0, 0.5), (1, 1.0)]
    with pytest.raises(ZeroDivisionError):
        next(found)
    assert len(called) < 10
    assert list(found) == []
