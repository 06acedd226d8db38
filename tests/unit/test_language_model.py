"""N-gram models in ARPA form, and the search for words with one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.recognition.ngrams import kneser_ney
from core.errors import InputError
from core.mel import Float32
from recognition.beam_search import BeamSearch, Fusion
from recognition.decoding import best_path, words_of
from recognition.labels import BLANK, CHARACTERS, character_labels
from recognition.language_model import UNKNOWN_SCORE, arpa_lines, read_arpa

ARPA = """
\\data\\
ngram 1=5
ngram 2=2

\\1-grams:
-0.9\t</s>
-99\t<s>\t-0.3
-0.8\tcat\t-0.2
-0.7\tthe\t-0.4
-1.5\t<unk>

\\2-grams:
-0.1\t<s> the
-0.25\tthe cat

\\end\\
what follows is no part of it
"""
SENTENCES = [
    line.split()
    for line in (
        "the cat sat on the mat",
        "the cat saw the sea",
        "a ship at sea",
        "the ship saw a cat",
    )
]


def log10(score: float) -> float:
    return score / math.log(10.0)


def test_a_model_is_read_and_backs_off() -> None:
    model = read_arpa(ARPA.splitlines())
    assert (model.order, model.words) == (2, ["cat", "the"])
    assert log10(model.score(["<s>"], "the")) == pytest.approx(-0.1)
    assert log10(model.score(["<s>", "the"], "cat")) == pytest.approx(-0.25)
    assert log10(model.score(["the"], "the")) == pytest.approx(-0.4 - 0.7)
    assert log10(model.score(["cat"], "</s>")) == pytest.approx(-0.2 - 0.9)
    assert log10(model.score(["cat"], "dog")) == pytest.approx(-0.2 - 1.5)
    assert log10(model.score(["dog"], "cat")) == pytest.approx(-0.8)
    without = read_arpa(ARPA.replace("-1.5\t<unk>\n", "").replace("1=5", "1=4").splitlines())
    assert log10(without.score([], "dog")) == pytest.approx(UNKNOWN_SCORE)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no language model"),
        (ARPA.partition("\\end\\")[0], "cut off"),
        (ARPA.replace("-0.8\tcat", "cat"), "line 9 is no 1-gram"),
        (ARPA.replace("-0.25\tthe cat", "-0.25\tthe"), "line 15 is no 2-gram"),
        (ARPA.replace("-0.8\tcat", "nan\tcat"), "line 9 is no 1-gram"),
        (ARPA.replace("-0.8\tcat", "0.8\tcat"), "line 9 is no 1-gram"),
        (ARPA.replace("cat\t-0.2", "cat\t-inf"), "line 9 is no 1-gram"),
        (ARPA.replace("-0.25\tthe cat\n", ""), "it has 1 2-grams, its head says 2"),
        (ARPA.replace("ngram 2=2\n", ""), "it has 2 2-grams, its head says 0"),
        ("\\" + "9" * 5000 + "-grams:\n-1\ta\n\\end\\", "no language model"),
    ],
)
def test_what_is_no_model_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read_arpa(text.splitlines())


def test_a_model_in_capitals_is_refused() -> None:
    model = read_arpa(ARPA.replace("the", "THE").replace("cat", "CAT").splitlines())
    with pytest.raises(InputError, match="lower-case letters"):
        BeamSearch(Fusion(model))


def test_no_stems_are_kept_of_endless_words() -> None:
    lines = ["\\data\\", "ngram 1=2", "\\1-grams:", "-1 a", "-1 " + "b" * 100_000, "\\end\\"]
    search = BeamSearch(Fusion(read_arpa(lines)))  # the stems would take 5 GB
    assert search.words(spelled("a")) == ["a"]


def test_a_model_of_sentences_is_a_distribution_and_survives_its_file() -> None:
    model = kneser_ney(SENTENCES, 3)
    words = [*model.words, "</s>", "<unk>"]
    for history in ([], ["<s>"], ["the"], ["the", "cat"], ["on", "the"], ["dog", "the"]):
        assert sum(math.exp(model.score(history, w)) for w in words) == pytest.approx(1.0)
    assert model.score(["the"], "cat") > model.score(["the"], "sat")
    again = read_arpa(arpa_lines(model))
    assert again.order == 3
    for history in (["the"], ["<s>", "the"], ["saw", "a"]):
        for word in words:
            known = model.score(history, word)
            assert again.score(history, word) == pytest.approx(known, abs=1e-3)


def spelled(text: str, doubts: dict[int, tuple[str, float]] = {}) -> Float32:  # noqa: B006
    """Log-probabilities of a text, a blank after each character; some are taken for others.

    Args:
        text: to spell.
        doubts: index of a character → another one, and its probability.
    """
    rows = []
    for index, label in enumerate(character_labels(text)):
        row = np.full(len(CHARACTERS), 1e-5)
        other, share = doubts.get(index, ("", 0.0))
        row[label] = 1.0 - share
        if share:
            row[CHARACTERS.index(other)] = share
        rows += [row, np.where(np.arange(len(CHARACTERS)) == BLANK, 1.0, 1e-5)]
    scores: Float32 = np.log(np.array(rows)).astype(np.float32)
    return scores


def test_what_is_clear_stays_as_it_sounds() -> None:
    search = BeamSearch(Fusion(kneser_ney(SENTENCES, 3), alpha=0.7))
    for text in ("the cat sat on the mat", "a cat saw the ship", "mats zzz the cat", "aa bb"):
        assert search.words(spelled(text)) == text.split()
    assert search.words(spelled("")[:0].reshape(0, len(CHARACTERS))) == []


def test_the_model_decides_where_sounds_do_not() -> None:
    scores = spelled("the cat saw the sea", {5: ("o", 0.6), 18: ("o", 0.7)})
    assert words_of(best_path(scores)) == ["the", "cot", "saw", "the", "seo"]
    search = BeamSearch(Fusion(kneser_ney(SENTENCES, 3), alpha=0.6))
    assert search.words(scores) == ["the", "cat", "saw", "the", "sea"]


def test_paths_that_spell_the_same_count_together() -> None:
    rows = np.full((2, len(CHARACTERS)), 1e-9)
    a = CHARACTERS.index("a")
    rows[:, BLANK], rows[:, a] = 0.55, 0.45  # best path: nothing; but "a" has 1 - 0.55² = 0.6975
    scores: Float32 = np.log(rows).astype(np.float32)
    assert best_path(scores) == []
    model = kneser_ney([["a"]], 1)
    assert BeamSearch(Fusion(model, alpha=0.99, word_bonus=0.0)).words(scores) == ["a"]
