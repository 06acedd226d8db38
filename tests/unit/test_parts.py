"""Parts: order, bounds, seeds and voices."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FieldError, TextError
from core.job import SynthesisRequest
from core.mel import MelSpec
from core.text import Span, TextAnalysis, Utterance
from core.voice import Catalogue, Component, Network, Provenance, VoiceCard
from workers.parts import cut_parts, estimate_seconds, pause_samples, speeches, utterance_seed


def utterance(phonemes: int, pause: float = 0.3, voice: str | None = None) -> Utterance:
    return Utterance(
        text="a",
        span=Span(0, 1),
        phonemes=("a",) * phonemes,
        phoneme_ids=(1,) * phonemes,
        pause_after_seconds=pause,
        voice=voice,
    )


def analysis(*utterances: Utterance) -> TextAnalysis:
    return TextAnalysis(utterances, (), ())


@given(st.lists(st.integers(1, 400), min_size=1, max_size=60), st.floats(0.25, 4.0))
def test_order_and_bounds(phonemes: list[int], speed: float) -> None:
    whole = analysis(*(utterance(n) for n in phonemes))
    parts = cut_parts(whole, speed=speed)
    assert [u for part in parts for u in part.utterances] == list(whole.utterances)
    assert [part.index for part in parts] == list(range(len(parts)))
    assert all(b.first == a.first + len(a.utterances) for a, b in pairwise(parts))
    for part, limit in zip(parts, [6.0] + [24.0] * len(parts), strict=False):
        seconds = sum(estimate_seconds(u, speed) for u in part.utterances)
        assert len(part.utterances) == 1 or seconds <= limit + 1e-9


def test_first_part_is_small() -> None:
    parts = cut_parts(analysis(*[utterance(60)] * 40))
    assert len(parts[0].utterances) == 1
    assert len(parts[1].utterances) == 4


def test_nothing_to_speak_is_an_error() -> None:
    with pytest.raises(TextError):
        cut_parts(analysis())


@given(st.integers(0, 2**31 - 1), st.integers(0, 100_000))
def test_seeds_fit_int64(seed: int, index: int) -> None:
    assert 0 <= utterance_seed(seed, index) < 2**63


def test_seeds_are_fixed_for_ever() -> None:
    assert [utterance_seed(0, 0), utterance_seed(7, 3)] == [
        7689419447139100721,
        6148384659390418248,
    ]


def component(name: str, network: Network, symbols: str = "", rate: int = 22050) -> Component:
    return Component(
        name=name,
        network=network,
        weights="w",
        sha256="0",
        config={},
        mel=MelSpec(sample_rate=rate),
        symbols=symbols,
        provenance=Provenance(source="-", licence="-"),
    )


def voice(name: str, acoustic: dict[str, str], vocoders: dict[str, str]) -> VoiceCard:
    return VoiceCard(
        name=name,
        title=name,
        description="",
        language="en-us",
        gender="neutral",
        acoustic=acoustic,
        vocoders=vocoders,
        default=name == "one",
        licence="-",
        provenance="-",
    )


CATALOGUE = Catalogue(
    voices={
        "one": voice("one", {"fs": "fs", "ta": "ta"}, {"hifi": "hifi", "mel": "mel"}),
        "two": voice("two", {"fs": "fs"}, {"mel": "mel", "hifi": "hifi"}),
        "odd": voice("odd", {"arpa": "arpa"}, {"hifi": "hifi"}),
    },
    components={
        "fs": component("fs", "fastspeech2", "house"),
        "ta": component("ta", "tacotron2", "house"),
        "arpa": component("arpa", "fastspeech2", "arpabet"),
        "hifi": component("hifi", "hifigan"),
        "mel": component("mel", "melgan"),
    },
)


def test_speeches_resolve_voices_and_seeds() -> None:
    whole = analysis(utterance(40), utterance(40, voice="two"), utterance(40))
    request = SynthesisRequest(text="x", acoustic="ta", vocoder="hifi", speed=2.0, seed=5)
    parts = cut_parts(whole, first_seconds=1.0, part_seconds=100.0)
    said = [s for part in parts for s in speeches(part, request, CATALOGUE)]
    assert len(parts) == 2
    assert [(s.voice, s.acoustic, s.vocoder) for s in said] == [
        ("one", "ta", "hifi"),
        ("two", "fs", "hifi"),
        ("one", "ta", "hifi"),
    ]
    assert [s.seed for s in said] == [utterance_seed(5, i) for i in range(3)]
    assert {s.speed for s in said} == {2.0}


def test_cutting_differently_changes_no_speech() -> None:
    whole = analysis(*(utterance(n) for n in (10, 80, 30, 60, 90)))
    request = SynthesisRequest(text="x", seed=9)
    cuts = [cut_parts(whole, part_seconds=s, first_seconds=s) for s in (1.0, 8.0, 1000.0)]
    said = [[s for p in parts for s in speeches(p, request, CATALOGUE)] for parts in cuts]
    assert said[0] == said[1] == said[2]


def test_voices_of_other_symbols_do_not_mix() -> None:
    part = cut_parts(analysis(utterance(5, voice="odd")))[0]
    with pytest.raises(FieldError, match="arpabet"):
        list(speeches(part, SynthesisRequest(text="x"), CATALOGUE))
    part = cut_parts(analysis(utterance(5, voice="nobody")))[0]
    with pytest.raises(FieldError, match="nobody"):
        list(speeches(part, SynthesisRequest(text="x"), CATALOGUE))


def test_pauses_follow_the_speed() -> None:
    assert pause_samples(0.5, 1.0, 22050) == 11025
    assert pause_samples(0.0, 0.25, 22050) == 0
