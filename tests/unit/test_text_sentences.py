"""Sentences, paragraphs, pauses, long sentences, spans."""

from __future__ import annotations

from itertools import pairwise

import pytest

from core.text import Pauses, TextAnalysis
from text.frontend import open_frontend
from text.segmentation.splitting import LONGEST_UTTERANCE

FRONTEND = open_frontend("house-ipa")


def analyze(text: str) -> TextAnalysis:
    return FRONTEND.analyze(text, ssml=False)


def sources(text: str) -> list[str]:
    return [text[u.span.start : u.span.end] for u in analyze(text).utterances]


SENTENCES = {
    "He left. She stayed.": ["He left.", "She stayed."],
    "Dr. Smith left. Mr. J. R. Poe stayed.": ["Dr. Smith left.", "Mr. J. R. Poe stayed."],
    "At 9 a.m. we met. At 5 p.m. He left.": ["At 9 a.m. we met.", "At 5 p.m.", "He left."],
    "In the U.S. Air Force. In the U.S. The end.": [
        "In the U.S. Air Force.",
        "In the U.S.",
        "The end.",
    ],
    "It is 3.5 now. Nothing else.": ["It is 3.5 now.", "Nothing else."],
    '"Stop!" he said. "Why?" she asked.': ['Stop!" he said.', 'Why?" she asked.'],
    'She said "no." Then left.': ['She said "no.', "Then left."],
    "Wait... what? Yes... No.": ["Wait... what?", "Yes...", "No."],
    "What?! Wow!!! Oh.": ["What?!", "Wow!!!", "Oh."],
    "Apple Inc. is big. He works at Apple Inc. They pay.": [
        "Apple Inc. is big.",
        "He works at Apple Inc.",
        "They pay.",
    ],
    "(Quite so.) Then it began.": ["Quite so.", "Then it began."],
    "Hello,world.This is bad.": ["Hello,world.", "This is bad."],
    "wrapped line of a long text that goes on and on and\non to the next": [
        "wrapped line of a long text that goes on and on and\non to the next"
    ],
    "A Heading\nThe text.": ["A Heading", "The text."],
    "He said:\n- one\n- two\n1. three": ["He said:", "one", "two", "1. three"],
}


@pytest.mark.parametrize(("text", "expected"), SENTENCES.items())
def test_sentences(text: str, expected: list[str]) -> None:
    assert sources(text) == expected


def test_pauses() -> None:
    analysis = analyze("One. Two.\n\nThree.")
    assert [u.pause_after_seconds for u in analysis.utterances] == [
        Pauses().sentence,
        Pauses().paragraph,
        0.0,
    ]


def test_a_heading_gets_a_full_stop() -> None:
    first, _ = analyze("Chapter one\n\nIt began.").utterances
    assert first.phonemes[-2:] == (".", " ")


def test_words_point_into_source_and_phonemes() -> None:
    text = "Pay $3.50 now"
    (utterance,) = analyze(text).utterances
    where = [(w.text, text[w.span.start : w.span.end]) for w in utterance.words]
    assert where == [
        ("Pay", "Pay"),
        *((word, "$3.50") for word in ("three", "dollars", "and", "fifty", "cents")),
        ("now", "now"),
    ]
    three = utterance.words[1]
    assert utterance.phonemes[three.start : three.end] == ("θ", "ɹ", "ˈi")
    assert utterance.phonemes[three.start - 1] == " "


def test_long_sentences_are_cut_at_clauses() -> None:
    clause = "the constitution of the country was amended by the assembly"
    text = ", and ".join([clause] * 6) + "."
    analysis = analyze(text)
    assert len(analysis.utterances) > 2
    assert all(len(u.phonemes) <= LONGEST_UTTERANCE for u in analysis.utterances)
    assert all(u.phonemes[-2] in ",." for u in analysis.utterances)
    assert [n.code for n in analysis.notices] == ["sentence_split"]
    assert [w.text for u in analysis.utterances for w in u.words] == text.replace(",", "")[
        :-1
    ].split()


def test_a_cut_never_divides_a_word() -> None:
    (first, *rest) = analyze("a" * 1000).utterances
    assert rest
    assert first.words[0].text == "a" * 50


def test_a_number_longer_than_an_utterance_is_still_covered() -> None:
    text = "1" * 300
    analysis = analyze(text)
    assert sum(len(u.words) for u in analysis.utterances) == 300
    assert analysis.utterances[-1].span.end == 300


def test_spelled_runs_are_cut_between_letters() -> None:
    text = " ".join(["BCDFG"] * 60) + " stop."
    analysis = analyze(text)
    assert all(len(u.phonemes) <= LONGEST_UTTERANCE for u in analysis.utterances)
    assert analysis.utterances[-1].span.end == len(text)


def test_a_word_alone_may_end_with_its_point() -> None:
    long = "constantinopolitanization" * 2
    text = f"{long} {long} {long} {long}, {long}."
    spans = [(u.span.start, u.span.end) for u in analyze(text).utterances]
    assert spans[-1][1] == len(text)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))


def test_a_character_of_two_words_at_a_split_belongs_to_one_utterance() -> None:
    text = "ID 5567 m/s²@No.vs.℃10p20%a@b.co 51°30'N 10:30$5 "
    found = FRONTEND.analyze(text, ssml=False).utterances
    assert len(found) == 2
    for utterance in found:
        for word in utterance.words:
            assert utterance.span.start <= word.span.start <= word.span.end <= utterance.span.end
