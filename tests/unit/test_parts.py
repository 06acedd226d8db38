"""Parts: order, bounds, seeds and voices."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FieldError, TextError
from core.mel import MelSpec
from core.request import SynthesisRequest
from core.text import Span, Utterance
from core.units import pause_samples
from core.voice import Catalogue, Component, Provenance, VoiceCard
from exports.registry import spec_of
from synthesis.parts import (
    content_number,
    cut_parts,
    estimate_seconds,
    synthesis_items,
    utterance_seed,
)


def utterance(
    phonemes: int, pause: float = 0.3, voice: str | None = None, symbol: int = 1
) -> Utterance:
    return Utterance(
        text="a",
        span=Span(0, 1),
        phonemes=("a",) * phonemes,
        phoneme_ids=(symbol,) * phonemes,
        pause_after_seconds=pause,
        voice=voice,
    )


@given(
    st.lists(st.tuples(st.integers(1, 400), st.sampled_from((0.0, 0.25, 0.6))), max_size=60),
    st.lists(st.integers(1, 400), min_size=1, max_size=20),
    st.floats(0.25, 4.0),
)
def test_order_and_bounds(one: list[tuple[int, float]], two: list[int], speed: float) -> None:
    chapters = [[utterance(n, pause) for n, pause in one], [utterance(n) for n in two]]
    parts = cut_parts(chapters, speed=speed)
    assert [u for part in parts for u in part.utterances] == chapters[0] + chapters[1]
    assert [part.index for part in parts] == list(range(len(parts)))
    assert all(b.first == a.first + len(a.utterances) for a, b in pairwise(parts))
    assert [sum(len(p.utterances) for p in parts if p.chapter == c) for c in (0, 1)] == [
        len(chapter) for chapter in chapters
    ]
    for part, limit in zip(parts, [6.0] + [32.0] * len(parts), strict=False):
        seconds = sum(estimate_seconds(u, speed) for u in part.utterances)
        assert part.seconds == pytest.approx(seconds)
        assert len(part.utterances) == 1 or seconds <= limit + 1e-9


def test_first_part_is_small() -> None:
    parts = cut_parts([[utterance(60, symbol=n) for n in range(40)]])
    assert len(parts[0].utterances) == 1


def test_nothing_to_speak_is_an_error() -> None:
    with pytest.raises(TextError):
        cut_parts([[], []])


def test_paragraphs_end_parts_where_they_can() -> None:
    text = [utterance(60, 0.6 if n % 5 == 4 else 0.25, symbol=n) for n in range(60)]
    parts = cut_parts([text], first_seconds=32.0)
    assert all(part.utterances[-1].pause_after_seconds == 0.6 for part in parts)


def test_a_changed_sentence_leaves_the_other_parts_as_they_were() -> None:
    fresh = []
    for number in range(100):
        chance = Random(number)
        text = [
            utterance(chance.randint(20, 120), 0.6 if chance.random() < 0.2 else 0.25, symbol=n)
            for n in range(200)
        ]
        at = chance.randrange(200)
        new = utterance(chance.randint(20, 120), text[at].pause_after_seconds, symbol=999)
        before, after = (
            {part.utterances for part in cut_parts([one], first_seconds=32.0)}
            for one in (text, [*text[:at], new, *text[at + 1 :]])
        )
        fresh.append(len(after - before))
    # One part; where it ended with the sentence, the next one may join in.
    assert fresh.count(1) >= 75
    assert max(fresh) <= 5


def test_many_equal_sentences_are_cut_in_the_middle() -> None:
    parts = cut_parts([[utterance(60)] * 4096], first_seconds=32.0)
    assert len({len(part.utterances) for part in parts}) == 1


@given(st.integers(0, 2**31 - 1), st.integers(0, 100_000))
def test_seeds_fit_int64(seed: int, index: int) -> None:
    assert 0 <= utterance_seed(seed, index) < 2**63


def test_seeds_are_fixed_for_ever() -> None:
    assert [utterance_seed(0, 0), utterance_seed(7, 3)] == [
        7689419447139100721,
        6148384659390418248,
    ]


def component(name: str, network: str, symbols: str = "", rate: int = 22050) -> Component:
    return spec_of(network).component(
        name,
        {},
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


def test_items_have_voices_and_seeds() -> None:
    whole = [[utterance(40), utterance(40, voice="two"), utterance(40)]]
    request = SynthesisRequest(text="x", acoustic="ta", vocoder="hifi", speed=2.0, seed=5)
    parts = cut_parts(whole, first_seconds=1.0, part_seconds=100.0)
    items = [s for part in parts for s in synthesis_items(part, request, CATALOGUE)]
    assert len(parts) == 2
    assert [(s.voice.name, s.acoustic, s.vocoder) for s in (i.selection for i in items)] == [
        ("one", "ta", "hifi"),
        ("two", "fs", "hifi"),
        ("one", "ta", "hifi"),
    ]
    assert [s.seed for s in items] == [utterance_seed(5, content_number(u)) for u in whole[0]]
    assert {s.speed for s in items} == {2.0}


def test_cutting_differently_changes_no_item() -> None:
    whole = [[utterance(n) for n in (10, 80, 30, 60, 90)]]
    request = SynthesisRequest(text="x", seed=9)
    cuts = [cut_parts(whole, part_seconds=s, first_seconds=s) for s in (1.0, 8.0, 1000.0)]
    items = [[s for p in parts for s in synthesis_items(p, request, CATALOGUE)] for parts in cuts]
    assert items[0] == items[1] == items[2]


def test_voices_of_other_symbols_do_not_mix() -> None:
    part = cut_parts([[utterance(5, voice="odd")]])[0]
    with pytest.raises(FieldError, match="arpabet"):
        list(synthesis_items(part, SynthesisRequest(text="x"), CATALOGUE))
    part = cut_parts([[utterance(5, voice="nobody")]])[0]
    with pytest.raises(FieldError, match="nobody"):
        list(synthesis_items(part, SynthesisRequest(text="x"), CATALOGUE))


def test_pauses_follow_the_speed() -> None:
    assert pause_samples(0.5, 1.0, 22050) == 11025
    assert pause_samples(0.0, 0.25, 22050) == 0
