"""The pure parts of the load bench."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.load.burst import Burst
from benchmarks.load.joins import Int16, check_joins
from benchmarks.load.long_text import growth, make_text
from benchmarks.load.service import read_metric

PIECES = [(4000, 500), (3000, 0), (5000, 800)]
LEAD = 100


def audio() -> Int16:
    """Three tones with soft edges, a lead and pauses, as ``PIECES`` says."""
    blocks = [np.zeros(LEAD)]
    for length, pause in PIECES:
        tone = 8000 * np.sin(np.arange(length) / 10)
        tone[:60] *= np.linspace(0, 1, 60)
        tone[-60:] *= np.linspace(1, 0, 60)
        blocks += [tone, np.zeros(pause)]
    return np.concatenate(blocks).astype(np.int16)


def test_a_clean_file_is_good() -> None:
    joins = check_joins(audio(), PIECES, LEAD)
    assert joins.good
    assert joins.edges == 6
    assert joins.largest_edge_step < joins.ordinary_step


@pytest.mark.parametrize("edge", [LEAD, LEAD + 4000, LEAD + 4500, LEAD + 7500])
def test_a_step_at_an_edge_is_a_click(edge: int) -> None:
    pcm = audio()
    pcm[edge] = 9000
    assert check_joins(pcm, PIECES, LEAD).clicks >= 1


def test_one_sample_too_many_is_seen() -> None:
    assert not check_joins(np.append(audio(), np.int16(0)), PIECES, LEAD).good


def test_noise_in_a_pause_is_seen() -> None:
    pcm = audio()
    pcm[LEAD + 4200] = 1
    assert check_joins(pcm, PIECES, LEAD).noisy_pauses == 1


def test_growth_ignores_the_start_and_sees_a_leak() -> None:
    assert growth([10, *[100] * 39]) == 0
    assert growth(list(range(0, 4000, 100))) == 2000
    assert growth([1]) == 0
    assert growth(list(range(0, 4000, 100)), 10) == 3200


def test_metrics_are_summed_over_matching_labels() -> None:
    page = "\n".join(
        [
            "# TYPE tts_batch_size histogram",
            'tts_batch_size_sum{component="a",runtime="onnx",stage="acoustic"} 12.0',
            'tts_batch_size_sum{component="b",runtime="onnx",stage="acoustic"} 3.0',
            'tts_batch_size_sum{component="c",runtime="onnx",stage="vocoder"} 7.0',
            "up 1.0",
        ]
    )
    assert read_metric(page, "tts_batch_size_sum", stage="acoustic") == 15.0
    assert read_metric(page, "up") == 1.0
    assert read_metric(page, "absent") == 0.0


def test_a_burst_is_good_only_whole_and_batched() -> None:
    whole = Burst(2, {"succeeded": 2}, 0, [1.0, 2.0], 2.0, 4.0, {"acoustic": 1.5})
    assert whole.good
    assert not Burst(2, {"succeeded": 1, "lost": 1}, 0, [1.0], 2.0, 2.0, {"acoustic": 1.5}).good
    assert not Burst(2, {"succeeded": 2}, 1, [1.0, 2.0], 2.0, 4.0, {"acoustic": 1.5}).good
    assert not Burst(2, {"succeeded": 2}, 0, [1.0, 2.0], 2.0, 4.0, {"acoustic": 1.0}).good


def test_the_long_text_is_about_as_long_as_asked() -> None:
    text = make_text(["Ten words are about four seconds of speech, they say."], 10)
    assert 6000 < len(text) < 12000
    assert "\n\n" in text


def test_the_long_text_has_no_sentence_twice() -> None:
    paragraphs = make_text(["It rained.", "He waited.", "Nobody came."], 2).split("\n\n")
    sentences = [part for text in paragraphs for part in text.rstrip(".").split(". ")]
    assert len(sentences) > 20
    assert len(set(sentences)) == len(sentences)
