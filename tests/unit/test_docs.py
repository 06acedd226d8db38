"""Pages link to what exists, and decision records are numbered, have a status and are indexed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").rglob("*.md")]
)
RECORDS = sorted((ROOT / "docs/decisions").glob("*.md"))
PRESENT = [page for page in PAGES if page not in RECORDS and page.name != "CHANGELOG.md"]
"""Pages of what is there; history may name what is gone."""
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
MODULE = re.compile(
    r"`((?:acoustic|api|audio|benchmarks|cli|core|exports|jobs|k8s|synthesis|telemetry|tests|text"
    r"|training|vocoders|workers)/[\w/.-]+\.\w+)`"
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PRESENT, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_files_that_a_page_names_exist(page: Path) -> None:
    names = MODULE.findall(page.read_text("utf-8"))
    assert [name for name in names if not (ROOT / name).exists() and "NAME" not in name] == []


def test_records_are_numbered_without_gaps_and_say_their_status() -> None:
    for number, record in enumerate(RECORDS, 1):
        title, _, status, *_ = record.read_text("utf-8").splitlines()
        assert record.name.startswith(f"{number:04d}-")
        assert title.startswith(f"# {number}. ")
        assert re.match(r"Status: (accepted|superseded by \d+)", status), record.name
        for other in map(int, re.findall(r"\b(?:by|supersedes) (\d+)", status)):
            assert 1 <= other <= len(RECORDS)
            assert other != number


def test_every_page_and_every_record_is_in_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text("utf-8")
    linked = {(ROOT / "docs" / link).resolve() for link in LINK.findall(index)}
    assert {*RECORDS, *(ROOT / "docs").glob("*.md")} - linked == {ROOT / "docs/README.md"}
    for record in RECORDS:
        title, _, status, *_ = record.read_text("utf-8").splitlines()
        number, _, name = title.removeprefix("# ").partition(". ")
        row = f"| {number} | [{name}](decisions/{record.name}) | {status[8:].rstrip('.')} |"
        assert row in index
