"""The reference front ends' cleaners, ids and pronunciations against their figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from text.frontend import open_frontend
from text.g2p.reference_cleaners import CLEANERS, reference_ids
from text.g2p.symbols import symbol_table

FIGURES = {"text_tacotron2": "characters", "text_fastspeech2": "arpabet"}
CHINESE = "你好 Привет αβγ"
"""Chinese is not romanized here (Differs)."""


SHARED = Path(__file__).resolve().parents[3] / "shared" / "parity"
SMALL = Path(__file__).resolve().parent / "figures"


def figures(name: str) -> Any:
    """From the shared folder, or the small ones that every clone has."""
    for folder in (SHARED, SMALL):
        if (path := folder / f"{name}.json").is_file():
            return json.loads(path.read_text(encoding="utf-8"))
    pytest.skip(f"the figure {name} is not beside this checkout")


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("cleaners", CLEANERS)
def test_cleaners(name: str, cleaners: str) -> None:
    cases = [c for c in figures(name)["cases"] if c["text"] != CHINESE]
    assert len(cases) == 66
    for case in cases:
        assert CLEANERS[cleaners](case["text"]) == case[cleaners]


@pytest.mark.parametrize(("name", "table"), FIGURES.items())
def test_ids(name: str, table: str) -> None:
    for case in figures(name)["cases"]:
        if case["text"] == CHINESE:
            continue
        expected = [i for i in case["ids"] if i != 0]  # "_" is padding here (Differs)
        assert reference_ids(case["text"], symbol_table(table)) == expected


def test_known_scripts_of_the_mixed_case() -> None:
    case = next(c for c in figures("text_tacotron2")["cases"] if c["text"] == CHINESE)
    assert case["english_cleaners"].endswith(CLEANERS["english_cleaners"]("Привет αβγ"))


@pytest.mark.parametrize(
    ("name", "table"), [("tacotron2_symbols", "characters"), ("fastspeech2_symbols", "arpabet")]
)
def test_symbols(name: str, table: str) -> None:
    keys = figures(f"keys/{name}")
    assert list(symbol_table(table).symbols) == keys["symbols"]
    assert symbol_table(table).size == keys.get("n_src_vocab", len(keys["symbols"]))


def test_house_symbols_are_the_corpus_symbols(shared: Path) -> None:
    listed = (shared / "corpus" / "symbols.txt").read_text(encoding="utf-8").split("\n")[:-1]
    assert list(symbol_table("house-ipa").symbols) == ["_", *listed]


SAME_PRONUNCIATION = ["no?!", "double  space", "trailing punctuation!!!..."]
"""Words of which gruut's lexicon and CMU's first entries agree."""


@pytest.mark.parametrize("text", SAME_PRONUNCIATION)
def test_arpabet_of_plain_words(text: str) -> None:
    cases = figures("g2p_fastspeech2")["fastspeech2_preprocess_english"]["cases"]
    expected = next(tuple(case["ids"]) for case in cases if case["text"] == text)
    (utterance,) = open_frontend("arpabet").analyze(text, ssml=False).utterances
    assert utterance.phoneme_ids == expected


def test_arpabet_pauses_where_the_reference_does() -> None:
    cases = figures("g2p_fastspeech2")["fastspeech2_preprocess_english"]["cases"]
    text = "Printing, in the only sense."
    expected = next(case["ids"] for case in cases if case["text"] == text)
    (utterance,) = open_frontend("arpabet").analyze(text, ssml=False).utterances
    names = symbol_table("arpabet").symbols
    bare = [names[i].rstrip("012") for i in expected]
    assert [symbol.rstrip("012") for symbol in utterance.phonemes] == bare
