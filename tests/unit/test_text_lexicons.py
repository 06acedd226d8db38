"""Lexicons of clients: PLS and JSON read, applied where their words stand."""

from __future__ import annotations

import pytest

from core.errors import FieldError
from core.request import Chapter, Source
from core.text import Pauses, Span
from synthesis.chapter_frontend import analyze_source
from text.frontend import open_frontend
from text.lexicons import MOST_ENTRIES, job_lexicons, parse_lexicon

FRONTEND = open_frontend("house-ipa")
PLS = """<?xml version="1.0" encoding="UTF-8"?>
<lexicon version="1.0" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon"
    alphabet="ipa" xml:lang="en-US">
  <lexeme><grapheme>GIF</grapheme><phoneme>ɡɪf</phoneme>
    <phoneme prefer="true">dʒɪf</phoneme></lexeme>
  <lexeme><grapheme>New  York</grapheme><grapheme>NYC</grapheme>
    <alias>the big apple</alias></lexeme>
  <lexeme><grapheme>New</grapheme><phoneme>njuː</phoneme></lexeme>
  <lexeme><grapheme>tomato</grapheme>
    <phoneme alphabet="x-arpabet">T AH0 M AA1 T OW0</phoneme></lexeme>
</lexicon>""".encode()


def read(text: str, *files: bytes, ssml: bool = False) -> tuple[str, str]:
    """Returns the words and the phonemes of a text."""
    lexicons = job_lexicons(parse_lexicon(f"l{i}", file) for i, file in enumerate(files))
    analysis = FRONTEND.analyze(text, ssml=ssml, lexicons=lexicons)
    words = " ".join(u.text for u in analysis.utterances)
    return words, " ".join("".join(u.phonemes).strip() for u in analysis.utterances)


@pytest.mark.parametrize(
    ("text", "words", "phonemes"),
    [
        ("A GIF.", "A GIF.", "ə d͡ʒɪf."),
        ("New York is new.", "the big apple is new.", ""),
        ("NYC", "the big apple.", ""),
        ("A New tomato.", "A New tomato.", "ə nju təmˈɑtoʊ."),
        ("The GIF's end.", "The GIF's end.", "ðə d͡ʒɪfs ˈɛnd."),
        ("gif GIFs", "", "ɡˈɪf ɡˈɪfs."),
    ],
)
def test_pls(text: str, words: str, phonemes: str) -> None:
    readings, sounds = read(text, PLS)
    assert readings == (words or readings)
    assert sounds == (phonemes or sounds)


def test_json_and_priority() -> None:
    first = '{"Xyzzy": "zɪˈz", "c++": {"alias": "see plus plus"}}'.encode()
    second = b'{"Xyzzy": {"alias": "never"}, "Plugh": {"alias": "the Xyzzy"}}'
    assert read("Xyzzy c++ Plugh", first, second)[0] == "Xyzzy see plus plus the Xyzzy."


def test_markup_wins() -> None:
    text = "<speak>GIF <sub alias='image'>GIF</sub></speak>"
    assert read(text, PLS, ssml=True)[0] == "GIF image."


def test_spans_are_those_of_the_source() -> None:
    text = "In New York now."
    lexicons = job_lexicons([parse_lexicon("l", PLS)])
    (utterance,) = FRONTEND.analyze(text, ssml=False, lexicons=lexicons).utterances
    spans = {text[w.span.start : w.span.end] for w in utterance.words}
    assert spans == {"In", "New York", "now"}


def test_the_report_names_what_was_used() -> None:
    text = "A GIF.\n\nAnother GIF."
    chapters = (Chapter("1", Span(0, 6)), Chapter("2", Span(8, len(text))))
    lexicon = parse_lexicon("words", PLS)
    source = Source(text=text, chapters=chapters, lexicons=(lexicon,))
    notices = analyze_source(source, FRONTEND, Pauses()).notices
    (notice,) = [n for n in notices if n.code == "lexicon_used"]
    assert "1 of 5 entries used; never used: New York, NYC, New, tomato" in notice.message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[1]",
        b'{"a": 5}',
        b'{"": "a"}',
        b'{"a": {"phoneme": "a", "alias": "b"}}',
        b'{"a": {}}',
        b'{"a": "@"}',
        b'{"a": {"alias": "..."}}',
        b'{"a": {"alias": "b"}, "b": {"alias": "the a"}}',
        b"<lexicon/>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><lexicon/>',
        PLS.replace(b'alphabet="ipa"', b'alphabet="klingon"'),
        PLS.replace(b"<phoneme>", b"<phoneme"),
        b'{"' + b"a" * 600_000 + b'": "a"}',
    ],
)
def test_refused(data: bytes) -> None:
    with pytest.raises(FieldError) as refused:
        parse_lexicon("l", data)
    assert refused.value.field == "lexicon"


def test_too_many_entries() -> None:
    data = "{" + ",".join(f'"w{i}": "a"' for i in range(MOST_ENTRIES + 1)) + "}"
    with pytest.raises(FieldError, match="too many"):
        parse_lexicon("l", data.encode())
