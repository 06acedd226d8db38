"""Other languages and scripts: refused as a whole, told of once within English."""

from __future__ import annotations

import pytest

from core.errors import TextError
from core.request import BookFacts, Source
from core.text import Pauses
from synthesis.chapter_frontend import analyze_source
from text.frontend import open_frontend
from text.language import main_language, require_english

FRONTEND = open_frontend("house-ipa")
FRENCH = (
    "Le chat est sur la table et il ne veut pas que les enfants le voient. "
    "Dans la nuit, les chiens sont avec nous."
)
GERMAN = (
    "Der Hund ist nicht im Haus, und die Katze schläft auf dem Dach, weil es regnet und sie "
    "keine Lust hat."
)
ENGLISH = "The cat is on the table and does not want the children to see it. It was with us."
RUSSIAN = "Жил-был старик у самого синего моря."


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (FRENCH, "French"),
        (GERMAN, "German"),
        (ENGLISH, "English"),
        (RUSSIAN, "Cyrillic"),
        ("El perro no está en la casa porque le gusta mucho el sol de la tarde.", "Spanish"),
        ("Oslo, Bergen, Paris", ""),
        ("Call me. 555-1234.", ""),
    ],
)
def test_main_language(text: str, language: str) -> None:
    assert main_language(text) == language


@pytest.mark.parametrize("text", [FRENCH, GERMAN, RUSSIAN + " Yes."])
def test_another_language_is_refused_unless_it_is_asked_for(text: str) -> None:
    source = Source(text=text)
    with pytest.raises(TextError, match="mostly") as refused:
        analyze_source(source, FRONTEND, Pauses())
    assert refused.value.code == "other_language"
    assert "any" in (refused.value.allowed or "")
    assert analyze_source(source, FRONTEND, Pauses(), any_language=True).utterances


def test_the_text_counts_before_what_the_document_says() -> None:
    french_sentence = BookFacts(title="T", language="fr")
    require_english(Source(text=ENGLISH, book=french_sentence), "file")
    with pytest.raises(TextError, match="'fr'"):
        require_english(Source(text="Bonjour.", book=french_sentence), "file")
    with pytest.raises(TextError):
        require_english(Source(text=FRENCH, book=BookFacts(title="T", language="en")), "file")
    markup = Source(text="<speak xml:lang='de'>Guten Tag.</speak>", markup=True)
    with pytest.raises(TextError, match="'de'"):
        require_english(markup, "ssml")


def test_a_passage_is_noted_once() -> None:
    text = f"He wrote: {FRENCH} Then he left the house and went home."
    notices = FRONTEND.analyze(text, ssml=False).notices
    passages = [n for n in notices if n.code == "foreign_passage"]
    assert len(passages) == 1
    assert "French" in passages[0].message
    assert not [n for n in notices if n.code == "word_guessed"]


def test_english_with_names_has_no_passages() -> None:
    text = "Monsieur de la Tour met Frau von Bülow in Los Angeles. They ate a croque monsieur."
    codes = [n.code for n in FRONTEND.analyze(text, ssml=False).notices]
    assert "foreign_passage" not in codes


@pytest.mark.parametrize("foreign", ["שלום", "Привет", "你好", "مرحبا"])
def test_letters_of_another_script_are_silent_where_they_stand(foreign: str) -> None:
    text = f"He said {foreign} to me."
    analysis = FRONTEND.analyze(text, ssml=False)
    (silence,) = analysis.silences
    assert text[silence.span.start : silence.span.end] == foreign
    assert silence.reason == "script"
