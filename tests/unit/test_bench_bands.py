"""Regression bands of the quality bench can fail; its tables come from the run's file."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from benchmarks.quality import check as command
from benchmarks.quality.bands import check, make_bands
from benchmarks.quality.document import DifferentSentences, Document, new_document, row, write
from benchmarks.quality.failure_modes import FailureModes
from benchmarks.quality.markers import replace_between
from benchmarks.quality.page import choice_table
from benchmarks.quality.recognizer import Recognition
from benchmarks.quality.render import main as render
from benchmarks.quality.scores import SentenceScore, summarize
from benchmarks.quality.sentences import BenchSentence

SENTENCES = [BenchSentence(f"LJ{i}", f"held out {i}") for i in range(6)] + [
    BenchSentence("OWN-1", "own")
]
PARTS = {"voice": "v", "acoustic": "a", "vocoder": "b"}


def run(sentences: list[BenchSentence] = SENTENCES) -> Document:
    fine = FailureModes(empty=False, truncated=False, repeated=False)
    sentence_scores = [
        SentenceScore(
            Recognition(s.text, s.text, i % 2, 10, i % 2, 50, fine, 2.0),
            {"distill_mos": 3 + i / 10},
        )
        for i, s in enumerate(sentences)
    ]
    document = new_document(sentences, [], "2026-11-24")
    document["systems"]["v a × b"] = row(summarize(sentence_scores), sentences, PARTS)
    return document


def states(document: Document, bands: Document) -> set[str]:
    return {verdict.state for verdict in check(document, bands)}


def test_an_equal_run_passes_and_a_worse_one_does_not() -> None:
    bands, worse = make_bands(run()), copy.deepcopy(run())
    assert states(run(), bands) == {"ok"}
    worse["systems"]["v a × b"]["sets"]["held-out"]["wer"]["value"] = 0.5
    assert states(worse, bands) == {"ok", "worse"}


def test_a_better_score_is_reported_and_a_lower_one_fails() -> None:
    bands, other = make_bands(run()), run()
    score = other["systems"]["v a × b"]["sets"]["held-out"]["predicted_mos"]["distill_mos"]
    score["value"] = 5.0
    assert not any(v.fails for v in check(other, bands))
    assert "better" in states(other, bands)
    score["value"] = 1.0
    assert "worse" in states(other, bands)


def test_one_more_failed_output_fails() -> None:
    other = run()
    other["systems"]["v a × b"]["sets"]["own"]["truncated"] = 1
    assert "worse" in states(other, make_bands(run()))


def test_missing_systems_and_missing_bands_are_reported() -> None:
    none, bands = run(), make_bands(run())
    none["systems"] = {"stranger": none["systems"]["v a × b"]}
    assert {(v.system, v.state) for v in check(none, bands)} == {
        ("v a × b", "missing"),
        ("stranger", "no band"),
    }
    unheard = run()
    del unheard["systems"]["v a × b"]["sets"]["held-out"]["predicted_mos"]["distill_mos"]
    assert "missing" in states(unheard, bands)


def test_other_sentences_are_not_compared() -> None:
    with pytest.raises(DifferentSentences):
        check(run(SENTENCES[1:]), make_bands(run()))


def test_the_command_fails_as_the_check_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores, bands = tmp_path / "scores.json", tmp_path / "bands.json"
    write(bands, make_bands(run()))
    write(scores, run())
    assert command.main([str(scores), "--bands", str(bands)]) == 0
    worse = run()
    worse["systems"]["v a × b"]["sets"]["held-out"]["wer"]["value"] = 0.5
    write(scores, worse)
    assert command.main([str(scores), "--bands", str(bands)]) == 1
    assert "| v a × b | held-out/wer | worse |" in capsys.readouterr().out
    write(scores, run(SENTENCES[1:]))
    assert command.main([str(scores), "--bands", str(bands)]) == 2


def test_tables_replace_what_stands_between_markers(tmp_path: Path) -> None:
    page, scores = tmp_path / "BASELINE.md", tmp_path / "scores.json"
    page.write_text(
        "a\n<!-- tables -->\nold\n<!-- /tables -->\nb\n<!-- pictures --><!-- /pictures -->"
    )
    write(scores, run())
    drawn = tmp_path / "drawn"
    drawn.mkdir()
    (drawn / "v-a-b.webp").touch()
    (drawn / "of-another-run.webp").touch()
    where = ["--baseline", str(page), "--pictures", str(drawn)]
    render([str(scores), *where, "--bands", str(tmp_path / "bands.json")])
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == ["v-a-b.webp"]
    text = page.read_text()
    assert "old" not in text
    assert text.startswith("a\n")
    assert "\nb\n" in text
    assert "| v a × b | 6 | 5.0 (" in text
    assert "![v a × b](pictures/v-a-b.webp)" in text
    with pytest.raises(ValueError, match="once each"):
        replace_between(page, "absent", "x")


def test_the_page_joins_quality_and_speed_by_components() -> None:
    timed = {"pair": ["a", "b"], "runtime": "onnx", "batch": 8, "rtf": 0.05, "speedup": 20.0}
    peer = {"pair": None, "runtime": None, "batch": 1, "rtf": 0.1, "speedup": 10.0}
    speed = {"sentences": 7, "load_before": 0.1, "systems": {"x": timed, "piper medium": peer}}
    assert "| v a × b | 0.050 | – | 2.00 | 3.25 (" in choice_table(run(), speed)
