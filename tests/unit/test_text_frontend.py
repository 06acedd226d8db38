"""Errors, notices, tables and threads of the front end."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import FieldError, TextError
from text.frontend import open_frontend
from text.g2p.symbols import SYMBOL_TABLES, symbol_table

FRONTEND = open_frontend("house-ipa")


@pytest.mark.parametrize("text", ["", " \n", "...", "?!", "😀🎉", "你好", "\u200b", '"—"', "***"])
def test_nothing_to_speak(text: str) -> None:
    with pytest.raises(TextError) as refused:
        FRONTEND.analyze(text, ssml=False)
    assert refused.value.field == "text"
    assert refused.value.code == "unspeakable_text"


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\ud800"])
def test_control_characters_are_refused_with_their_position(character: str) -> None:
    with pytest.raises(TextError, match="position 2"):
        FRONTEND.analyze(f"ab{character}c", ssml=False)


def test_unknown_table_and_language() -> None:
    with pytest.raises(FieldError, match="no symbol table"):
        open_frontend("klingon")
    with pytest.raises(FieldError, match="no language"):
        open_frontend("house-ipa", "tlh")


def test_guesses_and_silent_characters_are_reported() -> None:
    analysis = FRONTEND.analyze("Blorptastic 😀 and 你好 and blorptastic 😀", ssml=False)
    reported = [(n.code, n.message) for n in analysis.notices]
    assert ("character_silent", "'😀' cannot be spoken (2 times)") in reported
    assert ("character_silent", "'你好' cannot be spoken") in reported
    assert sum(code == "word_guessed" for code, _ in reported) == 2
    assert all(n.span is not None for n in analysis.notices)


def test_known_words_are_not_guesses() -> None:
    analysis = FRONTEND.analyze("The dog's toys, Smith's and well-known e-mail.", ssml=False)
    assert analysis.notices == ()


def test_silences_have_reasons() -> None:
    analysis = FRONTEND.analyze('  "Hi."  😀\u200d\n', ssml=False)
    reasons = [s.reason for s in analysis.silences]
    assert reasons == [
        *("whitespace", "punctuation"),
        *("punctuation", "whitespace", "emoji", "control", "whitespace"),
    ]


@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        ("I want to read it.", "ɹˈid"),
        ("I have read it.", "ɹˈɛd"),
        ("They live here.", "lˈɪv"),
        ("a live show", "lˈaɪv"),
        ("the record", "ɹˈɛkɚd"),
        ("to record it", "ɹɪkˈɔɹd"),
    ],
)
def test_homographs(text: str, phonemes: str) -> None:
    (utterance,) = FRONTEND.analyze(text, ssml=False).utterances
    assert phonemes in "".join(utterance.phonemes)


def test_arpabet_has_pauses_and_no_gaps() -> None:
    (utterance,) = open_frontend("arpabet").analyze("Hi, you.", ssml=False).utterances
    assert utterance.phonemes == ("@HH", "@AY1", "@sp", "@Y", "@UW1")


def test_characters_are_the_normalized_text() -> None:
    (utterance,) = open_frontend("characters").analyze("Café: 5 naïve DOGS!", ssml=False).utterances
    assert "".join(utterance.phonemes) == "cafe: five naive dogs!"


def test_characters_take_phonemes_as_arpabet() -> None:
    source = '<speak>a <phoneme ph="həˈloʊ">x</phoneme></speak>'
    (utterance,) = open_frontend("characters").analyze(source, ssml=True).utterances
    assert utterance.phonemes == ("a", " ", "@HH", "@AH0", "@L", "@OW1", ".")


def test_table_refuses_foreign_symbols() -> None:
    with pytest.raises(FieldError, match="no house-ipa symbol"):
        symbol_table("house-ipa").ids(["ʘ"])


def test_threads_agree() -> None:
    texts = [f"Zorblax {n} can't read the {n}th live record, blorp{n * 'x'}." for n in range(24)]
    alone = [FRONTEND.analyze(text, ssml=False) for text in texts]
    fresh = open_frontend("house-ipa")
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda text: fresh.analyze(text, ssml=False), texts * 4))
    assert together == alone * 4


def test_no_torch() -> None:
    """The API process reads texts too; it starts without the models' libraries."""
    code = (
        "import sys; from text.frontend import open_frontend; open_frontend('house-ipa');"
        "sys.exit(any(name in sys.modules for name in ('torch', 'onnxruntime')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", SYMBOL_TABLES)
def test_padding_is_never_a_symbol(name: str) -> None:
    utterance = open_frontend(name).analyze("snake_case and so on", ssml=False).utterances[0]
    assert 0 not in utterance.phoneme_ids
