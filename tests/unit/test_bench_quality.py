"""The pure parts of the quality bench; none needs the extra `bench`."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality.bootstrap import mean, ratio_of_sums
from benchmarks.quality.failure_modes import find_failure_modes, is_repeated, is_truncated
from benchmarks.quality.normalizer import normalize
from benchmarks.quality.recognizer import BEAM, without_repetition_loops
from benchmarks.quality.sentences import read_sentences

TONE = np.sin(np.arange(22050) / 20).astype(np.float32)


@pytest.mark.parametrize(
    ("written", "transcript"),
    [
        ("July nineteen, nineteen sixty-three", "July 19, 1963"),
        ("twenty-two dollars", "$22"),
        ("five percent of it", "5% of it"),
        ("the N.R.A. and the FBI", "The NRA and the F B I."),
        ("Mr. Smith & Dr. Jones", "mister Smith and Doctor Jones"),
        ("the twenty-first time", "the 21st time"),
        ("one hundred and five men", "105 men"),
        ("two thousand", "2,000"),
        ("in the nineteen-sixties", "in the 1960s"),
        ("Don’t “stop”", "don't stop"),
        ("a café", "a cafe"),
        ("three point five", "3.5"),
    ],
)
def test_what_sounds_alike_reads_alike(written: str, transcript: str) -> None:
    assert normalize(written) == normalize(transcript)


def test_what_sounds_different_stays_different() -> None:
    assert normalize("nineteen sixty three") != normalize("nineteen sixty two")
    assert normalize("I am here") != normalize("I'm here")


def words(text: str) -> list[str]:
    return text.split()


def test_lost_end_is_a_truncation_and_a_misheard_word_is_not() -> None:
    text = words("the third photograph depicts the entrance to the driveway from a back alley")
    assert is_truncated(text, text[:-3])
    assert not is_truncated(text, [*text[:-2], "black", "valley"])
    assert not is_truncated(text, text)
    assert is_truncated(text, text[8:]), "a lost beginning leaves too few words"


def test_repeats_of_the_text_itself_do_not_count() -> None:
    text = words("no no no we will we will rock you")
    assert not is_repeated(text, text)
    assert is_repeated(words("we will rock you"), words("we will we will rock you"))
    assert is_repeated(["no"], ["no", "no", "no"])
    assert not is_repeated(["no"], ["no", "no"])


def test_silence_is_empty() -> None:
    silent = np.zeros(22050, np.float32)
    assert find_failure_modes("hello there", "", silent, 22050).empty
    assert find_failure_modes("hello there", "hello there", TONE[:2000], 22050).empty
    assert find_failure_modes("hello there", "", TONE, 22050).empty
    assert not find_failure_modes("hello there", "hello there", TONE, 22050).empty


def test_bootstrap_holds_the_value_and_narrows_with_sentences() -> None:
    errors, words = [0, 1, 3, 0, 2], [10, 12, 9, 11, 8]
    few, many = ratio_of_sums(errors, words), ratio_of_sums(errors * 20, words * 20)
    assert few.value == pytest.approx(6 / 50) == many.value
    assert few.low <= few.value <= few.high
    assert many.high - many.low < (few.high - few.low) / 3
    assert ratio_of_sums(errors, words) == few, "the same draws every time"
    assert mean([4.0, 4.0]).low == mean([4.0, 4.0]).high == 4.0


def test_bootstrap_refuses_nothing() -> None:
    with pytest.raises(ValueError, match="cannot resample"):
        mean([])


def test_sentences_are_distinct_and_a_short_run_has_both_sets() -> None:
    sentences = read_sentences()
    assert len(sentences) >= 60
    assert len({s.id for s in sentences}) == len({s.text for s in sentences}) == len(sentences)
    short = read_sentences(8)
    assert {s.own for s in short} == {True, False}
    assert set(short) <= set(sentences)


def test_no_sentence_is_training_text(shared: Path) -> None:
    lines = (shared / "corpus" / "metadata.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    trained = {row["text"] for row in rows if zlib.crc32(row["id"].encode()) % 50}
    assert not trained & {s.text for s in read_sentences()}


@pytest.mark.parametrize(
    ("greedy", "beam", "chosen"),
    [
        ("one half cup of meal", "never asked", "one half cup of meal"),
        ("one one one one one one one one cup", "one half cup of meal", "one half cup of meal"),
        # It is in the audio: the beam has it, too.
        ("one half cup one half cup one half cup of meal",) * 2
        + ("one half cup one half cup one half cup of meal",),
    ],
)
def test_a_transcript_that_loops_is_made_again(greedy: str, beam: str, chosen: str) -> None:
    transcripts = {1: greedy, BEAM: beam}
    assert without_repetition_loops("one half cup of meal", transcripts.__getitem__) == chosen
