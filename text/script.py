"""The script of a text: everything to say, in order, plain or with markup."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from text.ipa import parse_arpabet, parse_ipa
from text.reading import Reader
from text.say_as import say_as
from text.source import Content, fold
from text.ssml import STAND_IN, Event, Override, Scope, parse_ssml, refusal
from text.tokens import Token, say

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
            position = bisect_left(content.starts, step.end)
            if position == at:
                raise refusal(f"<{step.tag}> holds no visible text", source, step.start)
            _override(step, at, position, reader, content, source)
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


def _override(
    override: Override, start: int, end: int, reader: Reader, content: Content, source: str
) -> None:
    written = content.text[start:end].strip().removeprefix(STAND_IN)
    try:
        if override.tag == "phoneme":
            tokens = _phoneme(override, written, start, end)
        elif override.tag == "sub":
            tokens = _alias(override.attributes["alias"], start, end, reader.knows)
        else:
            tokens = _said(override, written, start, end, reader)
    except ValueError as error:
        raise refusal(str(error), source, override.start) from error
    for token in tokens:
        reader.add(token)


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


def _said(override: Override, written: str, start: int, end: int, reader: Reader) -> list[Token]:
    attributes = override.attributes
    said = say_as(written, attributes["interpret-as"].strip(), attributes.get("format", ""))
    if said is not None:
        return say(said, start, end)
    own = Reader(reader.text[:end], reader.knows)
    own.read(start, end)
    return own.tokens
