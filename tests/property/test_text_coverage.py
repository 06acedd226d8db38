"""Every source character belongs to one utterance or one silence; phonemes are of the table."""

from __future__ import annotations

import contextlib
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.errors import SsmlError, TextError
from core.text import Silence, TextAnalysis, Utterance
from text.frontend import open_frontend
from text.g2p.symbols import SYMBOL_TABLES, symbol_table
from text.segmentation.splitting import LONGEST_UTTERANCE

FRONTENDS = {name: open_frontend(name) for name in SYMBOL_TABLES}
TRICKY = r"""
Dr. St. $5 1,000 3.14 5kg -5°C 10:30 p.m. e.g. U.S. XIV I a NASA 1990s 1/2 ½ 20% #1 # @ — – - -- …
... ? ! . , ; : " ' ( ) [ ] & + = / \ * _ ~ ^ | < > 😀 你好 café ŉ ﬁ 1-800-555-0199 a@b.com
https://x.org/a 10%-20% Mon.–Fri. £5 10s. 6d. [1] ¹ 401(k) m/s² IPv6 II. coop-\neration mc²
A CAT 1h 30m 12° 6' 9/11 a.k.a. St Louis İ ǅ ﷺ 2024-03-05 March 5,
Chapter IV Louis hello the cat 0 00 1e9 ١٢ Ⅳ ² µ é
"""
PIECES = st.sampled_from([*TRICKY.split(), "e\u0301", "\u200d", "\u00ad"])
SPACES = st.sampled_from(["", " ", "\n", "\n\n", "\t", "\r\n", "\u00a0", " - "])
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.tuples(PIECES, SPACES), max_size=14).map(lambda ps: "".join(a + b for a, b in ps)),
    st.text(alphabet=st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=80),
)
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _holds(utterance: Utterance, silence: Silence) -> bool:
    span = utterance.span
    return span.start <= silence.span.start and silence.span.end <= span.end


def check(text: str, analysis: TextAnalysis, symbols: str) -> None:
    inside = [s for s in analysis.silences if any(_holds(u, s) for u in analysis.utterances)]
    assert all(s.reason not in ("whitespace", "punctuation") for s in inside)
    silences = [s.span for s in analysis.silences if s not in inside]
    spans = [u.span for u in analysis.utterances] + silences
    covered = sorted((span.start, span.end) for span in spans if span.end > span.start)
    assert [start for start, _ in covered] == [0, *(end for _, end in covered[:-1])]
    assert covered[-1][1] == len(text)
    table = symbol_table(symbols)
    assert max(len(u.phonemes) for u in analysis.utterances) <= LONGEST_UTTERANCE
    for utterance in analysis.utterances:
        assert utterance.phonemes
        assert utterance.phoneme_ids == table.ids(utterance.phonemes)
        assert 0 not in utterance.phoneme_ids
        assert 0.0 <= utterance.pause_after_seconds <= 10_000.0
        for word in utterance.words:
            assert 0 <= word.start <= word.end <= len(utterance.phonemes)
            assert 0 <= word.span.start < word.span.end <= len(text)
            if utterance.span.start < utterance.span.end:
                assert utterance.span.start <= word.span.start
                assert word.span.end <= utterance.span.end
        for run in utterance.prosody:
            assert 0 <= run.start < run.end <= len(utterance.phonemes)


@pytest.mark.parametrize("symbols", SYMBOL_TABLES)
@QUICK
@given(text=TEXTS)
@example(text="a" * 400)
@example(text="1" * 400)
@example(text="a'" * 60)
@example(text="x²y³")
@example(text="\u0301")
@example(text="Ⅷ ㎏ ﷺ")
def test_plain_text_is_covered(symbols: str, text: str) -> None:
    with contextlib.suppress(TextError):
        check(text, FRONTENDS[symbols].analyze(text, ssml=False), symbols)


TAGS = st.sampled_from(
    [
        ("<s>", "</s>"),
        ("<p>", "</p>"),
        ('<prosody rate="fast" pitch="+2st" volume="soft">', "</prosody>"),
        ("<emphasis>", "</emphasis>"),
        ('<break time="100ms"/>', ""),
        ('<mark name="m"/>', ""),
        ('<sub alias="World Wide Web. Really!">', "</sub>"),
        ('<phoneme ph="təˈmɑːtəʊ">', "</phoneme>"),
        ('<voice name="amy">', "</voice>"),
        ("<w>", "</w>"),
        ("<!-- note -->", ""),
    ]
)


@QUICK
@given(parts=st.lists(st.tuples(TAGS, st.text(max_size=12), SPACES), max_size=8))
def test_markup_is_covered(parts: list[tuple[tuple[str, str], str, str]]) -> None:
    inner = "".join(a + escape(words) + b + gap for (a, b), words, gap in parts)
    source = f"<speak>{inner}</speak>"
    with contextlib.suppress(TextError, SsmlError):
        check(source, FRONTENDS["house-ipa"].analyze(source, ssml=True), "house-ipa")


@QUICK
@given(source=st.one_of(st.text(max_size=40), TEXTS.map(lambda t: f"<speak>{t}</speak>")))
def test_broken_markup_is_refused_with_its_place(source: str) -> None:
    place = (1, 1)
    with contextlib.suppress(TextError):
        try:
            check(source, FRONTENDS["house-ipa"].analyze(source, ssml=True), "house-ipa")
        except SsmlError as error:
            place = (error.line, error.column)
    assert min(place) >= 1


LONG = st.one_of(
    st.lists(st.sampled_from(["Camel", "X9", "batch", "IO", "size", "WWW"]), min_size=20).map(
        "".join
    ),
    st.lists(st.sampled_from(["a", "path", "Q7", "index.html"]), min_size=20).map(
        lambda parts: "https://www.example.com/" + "/".join(parts)
    ),
    st.lists(st.sampled_from(["Tag", "s", "7"]), min_size=30).map(
        lambda parts: "#" + "".join(parts)
    ),
    st.text(alphabet="0123456789", min_size=120),
    st.text(alphabet="abcxyz.@-_", min_size=120),
)


@pytest.mark.parametrize("symbols", SYMBOL_TABLES)
@QUICK
@given(before=st.sampled_from(["", "See "]), text=LONG, after=st.sampled_from(["", ".", " now."]))
def test_no_source_makes_an_utterance_too_long(
    symbols: str, before: str, text: str, after: str
) -> None:
    whole = before + text + after
    with contextlib.suppress(TextError):
        check(whole, FRONTENDS[symbols].analyze(whole, ssml=False), symbols)


WORDS = ["apple", "banana,", "and", "which;", "constitution", "one"]


@QUICK
@given(words=st.lists(st.sampled_from(WORDS), min_size=1))
def test_no_utterance_is_longer_than_the_limit(words: list[str]) -> None:
    text = " ".join(words * 20)
    analysis = FRONTENDS["house-ipa"].analyze(text, ssml=False)
    assert max(len(u.phonemes) for u in analysis.utterances) <= LONGEST_UTTERANCE
    words_read = [w.text for u in analysis.utterances for w in u.words]
    assert words_read == [w.strip(",;") for w in words * 20]
