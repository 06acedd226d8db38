"""The project's own cases of hard texts are read right."""

from __future__ import annotations

from benchmarks.text.__main__ import cases
from text.frontend import open_frontend


def test_cases_by_class() -> None:
    found = cases(open_frontend("house-ipa"))
    assert {name: count for name, count in found.items() if count[0] < count[1]} == {}
    assert sum(total for _, total in found.values()) >= 40


def test_semiotic_classes() -> None:
    found = cases(open_frontend("house-ipa"), "classes.tsv")
    right, total = (sum(column) for column in zip(*found.values(), strict=True))
    assert total >= 790
    assert right / total > 0.93
    assert {name: count for name, count in found.items() if count[0] < 0.75 * count[1]} == {}
