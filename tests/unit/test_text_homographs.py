"""Words of one spelling and several sounds, in labelled sentences of public-domain books."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.text.homographs import WORDS, read_labelled, score
from text.frontend import open_frontend

LABELLED = Path(__file__).resolve().parents[2] / "benchmarks" / "text" / "homographs.tsv"


@pytest.mark.parametrize("word", WORDS)
def test_senses_of_labelled_sentences(word: str) -> None:
    rows = [row for row in read_labelled(LABELLED) if row.word == word]
    assert len(rows) >= 50
    right = Counter(score(row) for row in rows)
    assert right[True] / len(rows) >= 0.95


@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        ("She used it.", "jˈuzd"),
        ("We used to go.", "jˈust"),
        ("A close friend.", "klˈoʊs"),
        ("Close the door.", "klˈoʊz"),
        ("The record shows it.", "ɹˈɛkɚd"),
        ("They record it.", "ɹɪkˈɔɹd"),
        ("What use is it?", "jˈus"),
        ("I will use it.", "jˈuz"),
        ("He wound the clock up.", "wˈaʊnd"),
        ("The wound was deep.", "wˈund"),
    ],
)
def test_sounds_in_context(text: str, phonemes: str) -> None:
    (utterance,) = open_frontend("house-ipa").analyze(text, ssml=False).utterances
    assert phonemes in "".join(utterance.phonemes)
