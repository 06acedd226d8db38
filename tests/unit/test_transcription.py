"""Recordings become words with times, in pieces that a recognizer can take."""

from __future__ import annotations

import numpy as np
import pytest

from core.mel import Float32, MelSpec
from recognition.evidence import joined_labels
from recognition.labels import BLANK, character_labels, gap_label
from recognition.transcription import LONGEST_SECONDS, aligned_words, pieces_of, words_with_times
from tests.unit.test_checking import HOUSE, utterance_of

SPEC = MelSpec()


def sure(labels: list[int]) -> Float32:
    scores: Float32 = np.log(np.eye(29, dtype=np.float32)[labels] * 0.98 + 1e-3)
    return scores


def test_words_stand_where_their_characters_sound() -> None:
    a, b, gap = (character_labels("a b")[i] for i in (0, 2, 1))
    frames = [BLANK, a, a, BLANK, b, gap, BLANK, b, BLANK, BLANK]
    words = words_with_times(sure(frames), 2, SPEC)
    assert [word.text for word in words] == ["ab", "b"]
    step = 2 / SPEC.frames_per_second
    assert words[0].start == pytest.approx(step, abs=1e-3)
    assert words[0].end == pytest.approx(5 * step, abs=1e-3)
    later = words_with_times(sure(frames), 2, SPEC, first=100)
    assert later[0].start == pytest.approx((100 + 2) / SPEC.frames_per_second, abs=1e-3)


def test_words_that_a_model_chose_stand_where_they_sound() -> None:
    a, b, gap = (character_labels("a b")[i] for i in (0, 2, 1))
    scores = sure([BLANK, a, a, BLANK, b, gap, BLANK, b, BLANK, BLANK])
    for first in (0, 100):
        plain = words_with_times(scores, 2, SPEC, first)
        assert aligned_words(["ab", "b"], scores, 2, SPEC, first) == plain
        (one, other) = aligned_words(["ab", "a"], scores, 2, SPEC, first)
        assert (other.text, one) == ("a", plain[0])
        assert other.start >= one.end
    assert aligned_words([], scores, 2, SPEC) == []


def test_silence_has_no_words() -> None:
    assert words_with_times(sure([BLANK] * 9), 2, SPEC) == []


def test_long_recordings_are_cut_where_they_are_quiet() -> None:
    mel = np.random.default_rng(0).normal(0.0, 0.1, (80, 5000)).astype(np.float32)
    quiet = 1500
    mel[:, quiet] = -9.0
    pieces = list(pieces_of(mel, SPEC))
    assert quiet in [first for first, _ in pieces]
    np.testing.assert_array_equal(np.concatenate([piece for _, piece in pieces], 1), mel)
    assert max(piece.shape[1] for _, piece in pieces) <= LONGEST_SECONDS * SPEC.frames_per_second


def test_labels_of_several_utterances_have_a_gap_between() -> None:
    one = utterance_of()
    meant, words = joined_labels([one, one], HOUSE)
    assert meant.count == len(words) == 8
    assert meant.labels.count(gap_label(HOUSE)) == 7
    assert set(meant.words) == {*range(8), -1}
