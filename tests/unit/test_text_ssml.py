"""The SSML subset: what it does, and what is refused where."""

from __future__ import annotations

import pytest

from core.errors import SsmlError, TextError
from core.text import Pauses, TextAnalysis
from text.frontend import open_frontend

FRONTEND = open_frontend("house-ipa")


def analyze(inner: str) -> TextAnalysis:
    return FRONTEND.analyze(f"<speak>{inner}</speak>", ssml=True)


def read(inner: str) -> str:
    return " | ".join(u.text for u in analyze(inner).utterances)


VERBALIZED = {
    "Tom &amp; Jerry": "Tom and Jerry.",
    "<![CDATA[a < b &amp;]]>": "a less than b and amp;",
    "don&#8217;t": "don't.",
    "<p><s>One</s><s>Two</s></p><p>Three</p>": "One. | Two. | Three.",
    '<sub alias="World Wide Web">WWW</sub> rules': "World Wide Web rules.",
    '<say-as interpret-as="characters">ABC1</say-as>': "A B C one.",
    '<say-as interpret-as="spell-out">a-b</say-as>': "A dash B.",
    '<say-as interpret-as="cardinal">1999</say-as>': "one thousand nine hundred ninety nine.",
    '<say-as interpret-as="ordinal">3</say-as>': "third.",
    '<say-as interpret-as="digits">1999</say-as>': "one nine nine nine.",
    '<say-as interpret-as="date" format="dmy">2/3/2024</say-as>': (
        "march second, twenty twenty four."
    ),
    '<say-as interpret-as="date" format="ym">2024-03</say-as>': "march twenty twenty four.",
    '<say-as interpret-as="time">7:05pm</say-as>': "seven oh five P M.",
    '<say-as interpret-as="telephone">800-12</say-as>': "eight hundred, one two.",
    '<say-as interpret-as="currency">$5.20</say-as>': "five dollars and twenty cents.",
    '<say-as interpret-as="fraction">3/200</say-as>': "three over two hundred.",
    '<say-as interpret-as="unit">5kg</say-as>': "five kilograms.",
    '<emphasis level="strong">very</emphasis> good': "very good.",
    "a <w>b</w> c": "a b c.",
    "<!-- no --> yes": "yes.",
}


@pytest.mark.parametrize(("inner", "expected"), VERBALIZED.items())
def test_normalized(inner: str, expected: str) -> None:
    assert read(inner) == expected


def test_breaks() -> None:
    analysis = analyze(
        '<break time="1s"/>One <break time="250ms"/> two. <break strength="strong"/>'
        'Three.<break strength="none"/> Four <break time="2s"/><break time="500ms"/>'
    )
    assert analysis.lead_seconds == 1.0
    reported = [(u.text, u.pause_after_seconds) for u in analysis.utterances]
    assert reported == [("One,", 0.25), ("two.", 0.7), ("Three.", 0.0), ("Four.", 2.5)]


def test_paragraph_pauses() -> None:
    analysis = analyze("<p>One. Two.</p><p>Three.</p>")
    assert [u.pause_after_seconds for u in analysis.utterances] == [
        Pauses().sentence,
        Pauses().paragraph,
        0.0,
    ]


def test_prosody_covers_its_words() -> None:
    (utterance,) = analyze(
        'We <prosody rate="150%" pitch="+12st" volume="-20dB">go now</prosody> home.'
    ).utterances
    (run,) = utterance.prosody
    assert utterance.phonemes[run.start : run.end] == ("ɡ", "ˈoʊ", " ", "n", "ˈaʊ", " ")
    assert (run.speed, run.pitch, run.energy) == (1.5, 2.0, 1.0)
    assert run.gain == pytest.approx(0.1)


def test_nested_prosody_multiplies() -> None:
    (utterance,) = analyze(
        '<prosody rate="200%">a <prosody rate="50%" pitch="high">b</prosody></prosody>'
    ).utterances
    assert [(run.speed, run.pitch) for run in utterance.prosody] == [(2.0, 1.0), (1.0, 1.15)]


def test_voice_makes_its_own_utterance() -> None:
    analysis = analyze('Hello <voice name="amy">good day</voice> all.')
    assert [(u.text, u.voice) for u in analysis.utterances] == [
        ("Hello.", None),
        ("good day.", "amy"),
        ("all.", None),
    ]


@pytest.mark.parametrize(
    ("markup", "phonemes"),
    [
        ('<phoneme alphabet="ipa" ph="təˈmeɪtoʊ">tomato</phoneme>', "t ə m ˈeɪ t oʊ"),
        ('<phoneme ph="tʃɑːɹ">char</phoneme>', "t͡ʃ ɑ ɹ"),
        ('<phoneme alphabet="x-arpabet" ph="HH AH0 L OW1">hello</phoneme>', "h ə l ˈoʊ"),
        ('<phoneme ph="ˈpleɪn"/>', "p l ˈeɪ n"),
    ],
)
def test_phoneme(markup: str, phonemes: str) -> None:
    (utterance,) = analyze(markup).utterances
    assert utterance.phonemes == (" ", *phonemes.split(), ".", " ")


def test_foreign_phonemes_are_replaced_with_a_notice() -> None:
    analysis = analyze('<phoneme ph="lɔχ">loch</phoneme>')
    assert analysis.utterances[0].phonemes == (" ", "l", "ɔ", "k", ".", " ")
    assert [n.code for n in analysis.notices] == ["phoneme_replaced"]


def test_marks_and_languages_are_reported() -> None:
    analysis = analyze('<mark name="here"/>Hi <lang xml:lang="fr-FR">bonjour</lang>')
    assert {n.code for n in analysis.notices} >= {"mark_passed", "language_approximated"}


REFUSED = {
    "<speak>a<foo/></speak>": (1, 9),
    "<speak>\n <audio src='x'/></speak>": (2, 2),
    "<speak>a": (1, 9),
    "hello": (1, 1),
    "<s>hello</s>": (1, 1),
    "<speak><speak>a</speak></speak>": (1, 8),
    '<speak><break time="11s"/>a</speak>': (1, 8),
    '<speak><break time="soon"/>a</speak>': (1, 8),
    '<speak><break strength="odd"/>a</speak>': (1, 8),
    "<speak>é <prosody rate='99'>a</prosody></speak>": (1, 10),
    "<speak><prosody pitch='120Hz'>a</prosody></speak>": (1, 8),
    "<speak><prosody volume='11'>a</prosody></speak>": (1, 8),
    "<speak><prosody range='high'>a</prosody></speak>": (1, 8),
    "<speak><emphasis level='huge'>a</emphasis></speak>": (1, 8),
    "<speak><say-as interpret-as='poem'>a</say-as></speak>": (1, 8),
    "<speak><say-as interpret-as='cardinal'>abc</say-as></speak>": (1, 8),
    "<speak><say-as interpret-as='date' format='xyz'>1/2/3</say-as></speak>": (1, 8),
    "<speak><say-as>a</say-as></speak>": (1, 8),
    "<speak><sub>a</sub></speak>": (1, 8),
    "<speak><sub alias='...'>a</sub></speak>": (1, 8),
    "<speak><sub alias='b'>a<break/></sub></speak>": (1, 24),
    "<speak><phoneme ph='h1'>a</phoneme></speak>": (1, 8),
    f"<speak>go <phoneme ph='{'ta' * 60}'>x</phoneme>, so</speak>": (1, 11),
    "<speak><phoneme alphabet='x-sampa' ph='a'>a</phoneme></speak>": (1, 8),
    "<speak><voice>a</voice></speak>": (1, 8),
    "<speak><break>a</break></speak>": (1, 15),
    "<speak>" + "<s>" * 70 + "</s>" * 70 + "</speak>": (1, 197),
}


@pytest.mark.parametrize(("source", "place"), REFUSED.items())
def test_refused(source: str, place: tuple[int, int]) -> None:
    with pytest.raises(SsmlError) as refused:
        FRONTEND.analyze(source, ssml=True)
    assert (refused.value.line, refused.value.column) == place


@pytest.mark.parametrize(
    "source",
    [
        '<!DOCTYPE speak [<!ENTITY a "aaaa">]><speak>&a;</speak>',
        '<!DOCTYPE speak SYSTEM "file:///etc/passwd"><speak>a</speak>',
    ],
)
def test_entities_are_forbidden(source: str) -> None:
    with pytest.raises(SsmlError, match="DOCTYPE"):
        FRONTEND.analyze(source, ssml=True)


@pytest.mark.parametrize("inner", ["", "  ", "😀", "<break time='1s'/>", "…"])
def test_nothing_to_speak(inner: str) -> None:
    with pytest.raises(TextError) as refused:
        analyze(inner)
    assert refused.value.field == "ssml"
