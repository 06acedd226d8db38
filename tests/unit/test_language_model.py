"""N-gram models in ARPA form."""

from __future__ import annotations

import gzip
import math
from pathlib import Path

import pytest

from benchmarks.recognition.ngrams import kneser_ney
from core.errors import InputError
from recognition.language_model import ENGLISH, UNKNOWN_SCORE, arpa_lines, open_arpa, read_arpa

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


def test_a_compressed_model_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "words.arpa.gz"
    path.write_bytes(gzip.compress(ARPA.encode()))
    assert open_arpa(path).scores == read_arpa(ARPA.splitlines()).scores
    for broken in (b"no gzip", gzip.compress(ARPA.encode())[:-30], gzip.compress(b"no model")):
        path.write_bytes(broken)
        with pytest.raises(InputError, match="no language model"):
            open_arpa(path)


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


def test_with_the_most_telling_n_grams_alone_a_model_is_smaller_and_still_a_distribution() -> None:
    sentences = [*SENTENCES, ["the", "cat", "sat", "on", "a", "ship"]]
    model, whole = kneser_ney(sentences, 3, 12), kneser_ney(sentences, 3)
    assert model.words == whole.words
    assert len(model.scores) < len(whole.scores)
    assert ("the", "cat", "sat") in model.scores
    assert ("the", "cat", "saw") not in model.scores
    assert all(gram[:-1] in model.scores for gram in model.scores if len(gram) > 1)
    words = [*model.words, "</s>", "<unk>"]
    for history in ([], ["<s>"], ["the"], ["the", "cat"], ["on", "the"], ["dog", "the"]):
        assert sum(math.exp(model.score(history, w)) for w in words) == pytest.approx(1.0)


def test_the_model_that_ships_is_small_and_knows_english() -> None:
    assert ENGLISH.stat().st_size < 10_000_000
    model = open_arpa(ENGLISH)
    assert model.order == 3
    for history, likely, unlikely in (
        (["<s>", "one"], "of", "off"),
        (["to"], "see", "sea"),
        (["the"], "sea", "see"),
    ):
        assert model.score(history, likely) > model.score(history, unlikely)
    words = [*model.words, "</s>", "<unk>"]
    for context in ([], ["of", "the"]):
        total = sum(math.exp(model.score(context, word)) for word in words)
        assert total == pytest.approx(1.0, abs=0.01)  # four digits of each are kept
