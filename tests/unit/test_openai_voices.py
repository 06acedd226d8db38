"""OpenAI's names of voices stand for those of the catalogue."""

from typing import Literal

import pytest

from api.routes.openai import GENDERS, voice_of
from api.settings import ApiSettings
from core.errors import FieldError
from core.voice import Catalogue, VoiceCard


def catalogue(*voices: tuple[str, Literal["female", "male", "neutral"]]) -> Catalogue:
    """Returns a catalogue of the voices; ``clara`` is the default."""
    cards = {
        name: VoiceCard(
            name=name,
            title=name,
            description="",
            language="en-us",
            gender=gender,
            acoustic={},
            vocoders={},
            default=name == "clara",
            licence="",
            provenance="",
        )
        for name, gender in voices
    }
    return Catalogue(cards, {})


SIX = catalogue(
    ("ada", "female"), ("clara", "female"), ("imogen", "female"), ("hugo", "male"), ("tom", "male")
)


def test_names_of_a_gender_take_turns_with_its_voices_and_the_default_comes_first() -> None:
    settings = ApiSettings()
    found = {
        gender: [voice_of(n, SIX, settings) for n in names] for gender, names in GENDERS.items()
    }
    assert found["female"] == ["clara", "ada", "imogen", "clara", "ada", "imogen", "clara"]
    assert found["male"] == ["hugo", "tom", "hugo", "tom", "hugo", "tom"]


def test_a_gender_without_a_voice_means_the_default() -> None:
    assert (
        voice_of("onyx", catalogue(("ada", "female"), ("clara", "female")), ApiSettings())
        == "clara"
    )


def test_the_operators_word_and_the_catalogues_own_names_win() -> None:
    settings = ApiSettings(openai_voices=("alloy=tom",))
    assert voice_of("alloy", SIX, settings) == "tom"
    assert voice_of("ada", SIX, settings) == "ada"
    with pytest.raises(FieldError, match="unknown voice 'nobody'"):
        voice_of("nobody", SIX, settings)
