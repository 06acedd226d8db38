"""Recordings become words with times, in pieces that a recognizer can take."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.mel import Float32, MelSpec
from recognition.evidence import joined_labels
from recognition.labels import BLANK, character_labels, gap_label
from recognition.transcription import (
    LONGEST_SECONDS,
    TranscribedWord,
    pieces_of,
    streamed_words,
    timed_words,
    words_with_times,
)
from recognition.word_search import FoundWord
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


def test_words_that_were_found_stand_where_they_sound() -> None:
    found, step = [FoundWord("ab", 1, 5), FoundWord("b", 7, 8)], 2 / SPEC.frames_per_second
    for first in (0, 100):
        one, other = timed_words(found, 2, SPEC, first)
        begin = first / SPEC.frames_per_second
        assert (one.text, other.text) == ("ab", "b")
        assert one.start == pytest.approx(begin + step, abs=1e-3)
        assert one.end == pytest.approx(begin + 5 * step, abs=1e-3)
        assert other.start == pytest.approx(begin + 7 * step, abs=1e-3)
    assert timed_words([], 2, SPEC) == []


def test_silence_has_no_words() -> None:
    assert words_with_times(sure([BLANK] * 9), 2, SPEC) == []


def test_long_recordings_are_cut_where_they_are_quiet() -> None:
    mel = np.random.default_rng(0).normal(0.0, 0.1, (80, 5000)).astype(np.float32)
    quiet = 1500
    mel[:, quiet] = -9.0
    pieces = list(pieces_of([mel], SPEC))
    assert quiet in [first for first, _ in pieces]
    np.testing.assert_array_equal(np.concatenate([piece for _, piece in pieces], 1), mel)
    assert max(piece.shape[1] for _, piece in pieces) <= LONGEST_SECONDS * SPEC.frames_per_second
    for cuts in ([], [1, 1, 700, 2900], list(range(50, 5000, 50))):
        again = list(pieces_of(np.split(mel, cuts, 1), SPEC))
        assert [first for first, _ in again] == [first for first, _ in pieces]
        for (_, one), (_, other) in zip(again, pieces, strict=True):
            np.testing.assert_array_equal(one, other)
    assert list(pieces_of([mel[:, :0]], SPEC)) == []


@given(
    st.lists(st.sampled_from([BLANK, *character_labels("a b")]), max_size=60),
    st.lists(st.integers(0, 60), max_size=8),
)
def test_words_of_a_stream_are_those_of_the_whole(labels: list[int], cuts: list[int]) -> None:
    scores = sure(labels) if labels else np.zeros((0, 29), np.float32)
    chunks = np.split(scores, sorted(cuts))
    assert list(streamed_words(chunks, 2, SPEC)) == words_with_times(scores, 2, SPEC)


def test_a_word_of_a_stream_comes_when_its_gap_is_known() -> None:
    a, gap = character_labels("a a")[:2]
    chunks, given_out = [[a, BLANK], [BLANK, gap], [BLANK, a]], list[TranscribedWord]()

    def rows() -> Iterator[Float32]:
        for number, chunk in enumerate(chunks):
            assert len(given_out) == int(number == 2)
            yield sure(chunk)

    for word in streamed_words(rows(), 2, SPEC):
        given_out.append(word)
    assert [word.text for word in given_out] == ["a", "a"]


def test_a_stream_without_gaps_is_cut() -> None:
    (a,) = character_labels("a")
    longest = round(LONGEST_SECONDS * SPEC.frames_per_second / 2)
    words = list(streamed_words([sure([a] * 10)] * (longest // 5), 2, SPEC))
    assert [word.text for word in words] == ["a", "a"]
    assert words[0].end == pytest.approx(words[1].start, abs=1e-3)
    assert words[0].end <= LONGEST_SECONDS + 10


def test_labels_of_several_utterances_have_a_gap_between() -> None:
    one = utterance_of()
    meant, words = joined_labels([one, one], HOUSE)
    assert meant.count == len(words) == 8
    assert meant.labels.count(gap_label(HOUSE)) == 7
    assert set(meant.words) == {*range(8), -1}
