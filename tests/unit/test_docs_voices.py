"""The card of docs/voices.md is one that the catalogue reads."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from core.voice import Catalogue, VoiceCard

PAGE = Path(__file__).parents[2] / "docs" / "voices.md"


def test_the_card_of_the_page_is_a_card() -> None:
    found = re.search(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    card = msgspec.toml.decode(found[1], type=VoiceCard)
    assert (card.name, card.vocoders) == ("lj", {"hifigan": "ljspeech-hifigan"})
    optional = found[1].replace("# speaker", "speaker").replace("# default", "default")
    assert msgspec.toml.decode(optional, type=VoiceCard).default


def test_of_two_defaults_the_later_one_counts() -> None:
    found = re.search(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    card = msgspec.toml.decode(found[1], type=VoiceCard)
    cards = {name: msgspec.structs.replace(card, name=name, default=True) for name in ("a", "b")}
    assert Catalogue(cards, {}).voice(None).name == "b"
    cards["c"] = msgspec.structs.replace(card, name="c")
    assert Catalogue(cards, {}).voice(None).name == "b"
    assert Catalogue({"c": cards["c"]}, {}).voice(None).name == "c"
