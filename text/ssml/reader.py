"""The script of a text: everything to say, in order, plain or with markup."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from text.g2p.ipa import parse_arpabet, parse_ipa
from text.normalization.normalizer import Reader
from text.normalization.tokens import Token, say
from text.normalization.unicode import Content, fold
from text.ssml.directives import Event, Markup, Override, Scope
from text.ssml.parser import STAND_IN, parse_ssml, refusal
from text.ssml.say_as import say_as

LONGEST_PRONUNCIATION = 100
"""Phonemes of one word in <phoneme>: a word is never cut, so it must fit an utterance."""

Knows = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Script:
    """What is to be said.

    Attributes:
        content: the text that was read.
        tokens: words, points and breaks.
        silent: stretches of content nobody can say.
        scopes: prosody and voices, over content.
        languages, marks: names and their places in the source.
    """

    content: Content
    tokens: Sequence[Token]
    silent: Sequence[tuple[int, int]]
    scopes: Sequence[Scope] = ()
    languages: Sequence[tuple[str, int]] = ()
    marks: Sequence[tuple[str, int]] = ()


def read_plain(text: str, knows: Knows) -> Script:
    """The script of plain text.

    Raises:
        TextError: a control character.
    """
    content = fold(((c, i, i + 1) for i, c in enumerate(text)), name="text")
    reader = Reader(content.text, knows)
    reader.read(0, len(content.text))
    return Script(content, reader.tokens, reader.silent)


def read_ssml(source: str, knows: Knows) -> Script:
    """The script of an SSML document.

    Raises:
        SsmlError: the markup is refused.
        TextError: a control character.
    """
    markup = parse_ssml(source)
    content = fold(markup.characters, name="ssml")
    reader = Reader(content.text, knows)
    position = 0
    steps: list[Event | Override] = [*markup.events, *markup.overrides]
    for step in sorted(steps, key=_place):
        at = bisect_left(content.starts, _place(step))
        reader.read(position, at)
        position = at
        if isinstance(step, Override):
            at, position = _stretch(step, content, source)
            said = _said(step, content.text[at:position], at, position, knows, source)
            for token in _read(reader, at, position) if said is None else said:
                reader.add(token)
        elif step.kind != "mark" and step.kind != "edge":
            reader.add(Token(step.kind, "", at, at, seconds=step.seconds))
    reader.read(position, len(content.text))
    scopes = [
        replace(
            scope,
            start=bisect_left(content.starts, scope.start),
            end=bisect_left(content.starts, scope.end),
        )
        for scope in markup.scopes
    ]
    marks = [(event.name, event.at) for event in markup.events if event.kind == "mark"]
    return Script(content, reader.tokens, reader.silent, scopes, markup.languages, marks)


def _place(step: Event | Override) -> int:
    return step.at if isinstance(step, Event) else step.start


def check_overrides(markup: Markup, content: Content, source: str) -> None:
    """Refuses beforehand what ``read_ssml`` would refuse: a pronunciation, an alias, a say-as.

    Args:
        markup: of the source.
        content: its folded characters.
        source: the document.

    Raises:
        SsmlError: an override cannot be said.
        TextError: a control character in an alias.
    """
    for override in markup.overrides:
        start, end = _stretch(override, content, source)
        _said(override, content.text[start:end], start, end, lambda word: False, source)


def _stretch(override: Override, content: Content, source: str) -> tuple[int, int]:
    """What it stands for, in content."""
    start, end = (bisect_left(content.starts, at) for at in (override.start, override.end))
    if start == end:
        raise refusal(f"<{override.tag}> holds no visible text", source, override.start)
    return start, end


def _said(
    override: Override, text: str, start: int, end: int, knows: Knows, source: str
) -> list[Token] | None:
    """What is said instead of the text; None: the ordinary reading does it."""
    written, attributes = text.strip().removeprefix(STAND_IN), override.attributes
    try:
        if override.tag == "phoneme":
            return _phoneme(override, written, start, end)
        if override.tag == "sub":
            return _alias(attributes["alias"], start, end, knows)
        words = say_as(written, attributes["interpret-as"].strip(), attributes.get("format", ""))
    except ValueError as error:
        raise refusal(str(error), source, override.start) from error
    return None if words is None else say(words, start, end)


def _read(reader: Reader, start: int, end: int) -> list[Token]:
    """A stretch read by itself."""
    own = Reader(reader.text[:end], reader.knows)
    own.read(start, end)
    return own.tokens


def _phoneme(override: Override, written: str, start: int, end: int) -> list[Token]:
    alphabet = override.attributes.get("alphabet", "ipa")
    parsers = {"ipa": parse_ipa, "x-arpabet": parse_arpabet, "cmu-arpabet": parse_arpabet}
    if alphabet not in parsers:
        raise ValueError(f"alphabet {alphabet!r}; known are {', '.join(parsers)}")
    words = parsers[alphabet](override.attributes["ph"])
    if not words:
        raise ValueError("<phoneme> holds no phoneme")
    if max(map(len, words)) > LONGEST_PRONUNCIATION:
        raise ValueError(f"a word of more than {LONGEST_PRONUNCIATION} phonemes")
    texts = written.split()
    if len(texts) != len(words):
        texts = [written or override.attributes["ph"], *[""] * (len(words) - 1)]
    return [
        Token("word", text, start, end, phonemes=phonemes)
        for text, phonemes in zip(texts, words, strict=True)
    ]


def _alias(alias: str, start: int, end: int, knows: Knows) -> list[Token]:
    content = fold(((c, i, i + 1) for i, c in enumerate(alias)), name="ssml")
    reader = Reader(content.text, knows)
    reader.read(0, len(content.text))
    tokens = [t for t in reader.tokens if t.kind in ("word", "point")]
    while tokens and tokens[-1].kind == "point":
        tokens.pop()
    if not tokens:
        raise ValueError(f"alias {alias!r} holds nothing to speak")
    return [replace(t, start=start, end=end, ends=False) for t in tokens]
