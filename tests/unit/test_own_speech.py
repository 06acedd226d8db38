"""Sentences of which a corpus of our own speech is made."""

from __future__ import annotations

from itertools import islice

from training.data.synthetic import PLAIN, VARIED, sentences

TRANSCRIPTS = ["one two three four", "five six?", "Seven, eight; nine."]


def test_plain_sentences_are_transcripts_as_they_are() -> None:
    assert set(islice(sentences(TRANSCRIPTS, PLAIN, 1), 40)) == set(TRANSCRIPTS)


def test_varied_sentences_go_beyond_them_and_depend_on_the_seed_alone() -> None:
    varied = list(islice(sentences(TRANSCRIPTS, VARIED, 1), 40))
    assert set(varied) - set(TRANSCRIPTS)
    assert varied == list(islice(sentences(TRANSCRIPTS, VARIED, 1), 40))
    assert varied != list(islice(sentences(TRANSCRIPTS, VARIED, 2), 40))
