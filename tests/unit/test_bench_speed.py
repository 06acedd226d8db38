"""The pure parts of the speed bench."""

from __future__ import annotations

from benchmarks.speed.process import RoundResult
from benchmarks.speed.table import markdown
from benchmarks.speed.timing import Timing, distribute, stage_rtf


def test_every_text_is_dealt_once_and_evenly() -> None:
    texts = ["x" * n for n in range(1, 30)]
    shares = distribute(texts, 2)
    assert sorted(text for share in shares for text in share) == texts
    assert abs(sum(map(len, shares[0])) - sum(map(len, shares[1]))) <= max(map(len, texts))


def test_stage_rtf_weighs_by_audio() -> None:
    results = [
        RoundResult(30.0, {"text": 0.3, "vocoder": 3.0}, 1),
        RoundResult(10.0, {"text": 0.1}, 2),
    ]
    assert stage_rtf(results) == {"text": 0.4 / 40.0, "vocoder": 3.0 / 40.0}


def test_ratio_is_to_piper_of_the_same_run() -> None:
    ours, piper = Timing(1.0, [30.0, 10.0, 20.0]), Timing(1.0, [8.0])
    table = markdown({"ours": ours, "piper medium": piper}, {"other": "no weights"}, {"cores": 2})
    assert "| ours | 20.0 (10.0–30.0) | 0.0500 | 2.50 |" in table
    assert "| piper medium | 8.0 (8.0–8.0) | 0.1250 | 1.00 |" in table
    assert "other | not timed: no weights" in table
