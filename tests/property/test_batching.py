"""The batch planner keeps its promises for any lengths."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthesis.batching import padding_ratio, plan_batches

LENGTHS = st.lists(st.integers(1, 2000), max_size=80)
BUDGETS = st.integers(1, 20_000)


@given(LENGTHS, BUDGETS, st.integers(1, 16), st.floats(0, 0.9))
def test_every_item_once_and_every_bound(
    lengths: list[int], budget: int, max_items: int, max_padding: float
) -> None:
    plan = plan_batches(lengths, budget, max_items=max_items, max_padding=max_padding)
    assert sorted(i for batch in plan for i in batch) == list(range(len(lengths)))
    for batch in plan:
        own = [lengths[i] for i in batch]
        assert len(batch) == 1 or len(batch) * max(own) <= budget
        assert len(batch) <= max_items
        assert padding_ratio(own) <= max_padding + 1e-9


@given(LENGTHS, BUDGETS)
def test_order_is_restored_through_the_plan(lengths: list[int], budget: int) -> None:
    results: list[int | None] = [None] * len(lengths)
    for batch in plan_batches(lengths, budget):
        for i in batch:
            results[i] = lengths[i]
    assert results == lengths


@given(st.integers(1, 200), st.integers(1, 64))
def test_equal_lengths_fill_the_budget(length: int, count: int) -> None:
    plan = plan_batches([length] * count, budget=8 * length)
    assert len(plan) == -(-count // 8)


@given(st.lists(st.integers(1, 2000), min_size=1, max_size=40), BUDGETS)
def test_sizes_do_not_depend_on_the_order(lengths: list[int], budget: int) -> None:
    shuffled = sorted(lengths)
    one = [[lengths[i] for i in b] for b in plan_batches(lengths, budget)]
    two = [[shuffled[i] for i in b] for b in plan_batches(shuffled, budget)]
    assert one == two


@pytest.mark.parametrize(
    ("lengths", "budget", "options"),
    [([0], 10, {}), ([1], 0, {}), ([1], 1, {"max_items": 0}), ([1], 1, {"max_padding": 1.0})],
)
def test_nonsense_is_refused(lengths: list[int], budget: int, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"positive|budget"):
        plan_batches(lengths, budget, **options)
