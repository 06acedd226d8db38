"""The project's own cases of hard texts are read right."""

from __future__ import annotations

from benchmarks.text.__main__ import cases
from text.frontend import open_frontend


def test_cases_by_class() -> None:
    found = cases(open_frontend("house-ipa"))
    assert {name: count for name, count in found.items() if count[0] < count[1]} == {}
    assert sum(total for _, total in found.values()) >= 40
