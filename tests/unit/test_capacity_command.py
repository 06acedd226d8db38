"""``rhapsode capacity``: a load in, a number of synthesizers out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.capacity import capacity
from core.errors import FieldError


def run(*words: str) -> dict[str, Any]:
    done = CliRunner().invoke(capacity, [*words, "--json"], catch_exceptions=False)
    assert done.exit_code == 0
    document: dict[str, Any] = json.loads(done.output)
    return document


def test_more_load_needs_more_workers() -> None:
    few, many = (run("--rate", rate, "--goal", "5", "--speed", "17") for rate in ("1", "4"))
    assert 1 <= few["workers"] < many["workers"]
    row = next(row for row in many["tried"] if row["workers"] == many["workers"])
    assert row["percentile"] <= 5
    assert 0 < row["utilization"] < 1


def test_audio_hours_a_day_are_a_rate(tmp_path: Path) -> None:
    lengths = tmp_path / "lengths.txt"
    lengths.write_text("500\n1500\n", "utf-8")
    found = run(
        "--audio-hours", "240", "--lengths", str(lengths), "--speed", "20", "--lane", "bulk"
    )
    assert found["mean_audio_seconds"] == pytest.approx(65, rel=0.05)
    assert found["rate"] * found["mean_audio_seconds"] == pytest.approx(10)


def test_what_no_number_of_workers_keeps_has_no_answer() -> None:
    found = run("--rate", "0.2", "--characters", "9000", "--speed", "1", "--goal", "1")
    assert found["workers"] is None


def test_a_surge_brings_more_replicas() -> None:
    found = run("--rate", "0.5", "--surge", "8", "--speed", "17", "--most", "4")["autoscaling"]
    assert found["most_replicas"] == 4
    assert found["worker_hours"] < 4 * 2


@pytest.mark.parametrize("figure", ["-1", "nan", "inf", "1e9"])
@pytest.mark.parametrize("option", ["--characters", "--goal", "--overhead", "--speed", "--rate"])
def test_figures_of_no_load_are_refused(option: str, figure: str) -> None:
    words = ["--rate", "1", "--speed", "17", option, figure]
    refused = CliRunner().invoke(capacity, words)
    assert refused.exit_code == 2
    assert option in refused.output


@pytest.mark.parametrize("words", [["--speed", "17"], ["--rate", "1", "--audio-hours", "1"]])
def test_one_of_rate_and_hours_is_needed(words: list[str]) -> None:
    with pytest.raises(FieldError, match="needed"):
        run(*words)


def test_a_surge_without_end_is_refused() -> None:
    with pytest.raises(FieldError, match="surge"):
        run("--rate", "100", "--surge", "10", "--speed", "17")


def test_thousands_of_jobs_a_second_are_answered() -> None:
    found = run("--rate", "5000", "--speed", "10000", "--characters", "20", "--goal", "10")
    assert found["workers"] is None or found["workers"] >= 1
