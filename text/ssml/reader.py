"""Reads plain text and SSML to tokens: words, punctuation and breaks, in order."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from core.protocols import LexiconMatcher
from core.text import ONE_VOICE, VoiceAssignment
from text.dialogue import find_voices
from text.g2p.ipa import parse_arpabet, parse_ipa
from text.g2p.morphology import ending
from text.normalization.normalizer import EntryAt, Normalizer
from text.normalization.tokens import Token, to_tokens
from text.normalization.unicode import FoldedText, fold
from text.ssml.directives import SsmlDocument, SsmlEvent, SsmlOverride, SsmlScope
from text.ssml.errors import refusal
from text.ssml.limits import LONGEST_PRONUNCIATION
from text.ssml.parser import STAND_IN, parse_ssml
from text.ssml.say_as import say_as

InLexicon = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class NormalizedText:
    """A text in tokens.

    Attributes:
        content: the text that was read.
        tokens: words, punctuation and breaks.
        silent: runs of content that cannot be spoken.
        scopes: prosody and voices, over content.
        languages, marks: names and their positions in the source.
    """

    content: FoldedText
    tokens: Sequence[Token]
    silent: Sequence[tuple[int, int]]
    scopes: Sequence[SsmlScope] = ()
    languages: Sequence[tuple[str, int]] = ()
    marks: Sequence[tuple[str, int]] = ()


def normalize_plain(
    text: str,
    in_lexicon: InLexicon,
    lexicons: LexiconMatcher | None = None,
    voices: VoiceAssignment = ONE_VOICE,
) -> NormalizedText:
    """Returns plain text in tokens, with the voices that it asks for.

    Raises:
        TextError: a control character.
    """
    voiced = find_voices(text, voices)
    if voiced is not None:
        content = fold(voiced.characters(text), name="text")
        return _read_document(voiced.document(), content, text, in_lexicon, lexicons)
    content = fold(((c, i, i + 1) for i, c in enumerate(text)), name="text")
    normalizer = Normalizer(content.text, in_lexicon, _entries(in_lexicon, lexicons))
    normalizer.read(0, len(content.text))
    return NormalizedText(content, normalizer.tokens, normalizer.silent)


def read_ssml(
    source: str, in_lexicon: InLexicon, lexicons: LexiconMatcher | None = None
) -> NormalizedText:
    """Returns an SSML document in tokens; what its elements say of a word wins over lexicons.

    Raises:
        SsmlError: the markup is refused.
        TextError: a control character.
    """
    document = parse_ssml(source)
    content = fold(document.characters, name="ssml")
    return _read_document(document, content, source, in_lexicon, lexicons)


def _read_document(
    document: SsmlDocument,
    content: FoldedText,
    source: str,
    in_lexicon: InLexicon,
    lexicons: LexiconMatcher | None,
) -> NormalizedText:
    normalizer = Normalizer(content.text, in_lexicon, _entries(in_lexicon, lexicons))
    position = 0
    steps: list[SsmlEvent | SsmlOverride] = [*document.events, *document.overrides]
    for step in sorted(steps, key=_position):
        at = bisect_left(content.starts, _position(step))
        normalizer.read(position, at)
        position = at
        if isinstance(step, SsmlOverride):
            at, position = _content_span(step, content, source)
            tokens = _override(step, content.text[at:position], at, position, in_lexicon, source)
            for token in _normalize_alone(normalizer, at, position) if tokens is None else tokens:
                normalizer.add(token)
        elif step.kind != "mark" and step.kind != "edge":
            normalizer.add(Token(step.kind, "", at, at, seconds=step.seconds))
    normalizer.read(position, len(content.text))
    scopes = [
        replace(
            scope,
            start=bisect_left(content.starts, scope.start),
            end=bisect_left(content.starts, scope.end),
        )
        for scope in document.scopes
    ]
    marks = [(event.name, event.at) for event in document.events if event.kind == "mark"]
    return NormalizedText(
        content, normalizer.tokens, normalizer.silent, scopes, document.languages, marks
    )


def _entries(in_lexicon: InLexicon, lexicons: LexiconMatcher | None) -> EntryAt | None:
    """Returns what finds the tokens of an entry in content."""
    if lexicons is None:
        return None

    def entry_at(text: str, at: int, end: int) -> tuple[list[Token], int] | None:
        found = lexicons.match(text, at, end)
        if found is None:
            return None
        entry, stop = found.entry, found.end
        if entry.alias:
            tokens = _alias(entry.alias, at, stop, in_lexicon, entry_at_in_alias)
        else:
            tokens = _pronounced(entry.grapheme, entry.phonemes, at, stop)
        if _POSSESSIVE.match(text, stop, end):
            stop += 2
            tokens[-1] = _possessive(tokens[-1])
        return tokens, stop

    def entry_at_in_alias(text: str, at: int, end: int) -> tuple[list[Token], int] | None:
        return entry_at(text, at, end)

    return entry_at


def _possessive(token: Token) -> Token:
    """Returns the word with the ending of the possessive."""
    if token.phonemes is None:
        return replace(token, text=token.text + "'s")
    return replace(
        token, text=token.text + "'s", phonemes=(*token.phonemes, *ending(token.phonemes))
    )


def _pronounced(
    written: str, words: Sequence[tuple[str, ...]], start: int, end: int
) -> list[Token]:
    texts = written.split()
    if len(texts) != len(words):
        texts = [written, *[""] * (len(words) - 1)]
    return [
        Token("word", text, start, end, phonemes=phonemes)
        for text, phonemes in zip(texts, words, strict=True)
    ]


def _position(step: SsmlEvent | SsmlOverride) -> int:
    return step.at if isinstance(step, SsmlEvent) else step.start


def check_overrides(document: SsmlDocument, content: FoldedText, source: str) -> None:
    """Raises what ``read_ssml`` would raise: for a pronunciation, an alias, a say-as.

    Args:
        document: of the source.
        content: its folded characters.
        source: the document.

    Raises:
        SsmlError: an override cannot be spoken.
        TextError: a control character in an alias.
    """
    for override in document.overrides:
        start, end = _content_span(override, content, source)
        _override(override, content.text[start:end], start, end, lambda word: False, source)


def _content_span(override: SsmlOverride, content: FoldedText, source: str) -> tuple[int, int]:
    """Returns the content that an override stands for."""
    start, end = (bisect_left(content.starts, at) for at in (override.start, override.end))
    if start == end:
        raise refusal(f"<{override.tag}> holds no visible text", source, override.start)
    return start, end


def _override(
    override: SsmlOverride, text: str, start: int, end: int, in_lexicon: InLexicon, source: str
) -> list[Token] | None:
    """Returns the tokens that stand for the text; None where the ordinary rules read it."""
    written, attributes = text.strip().removeprefix(STAND_IN), override.attributes
    try:
        if override.tag == "phoneme":
            return _phoneme(override, written, start, end)
        if override.tag == "sub":
            return _alias(attributes["alias"], start, end, in_lexicon)
        words = say_as(written, attributes["interpret-as"].strip(), attributes.get("format", ""))
    except ValueError as error:
        raise refusal(str(error), source, override.start) from error
    return None if words is None else to_tokens(words, start, end)


def _normalize_alone(normalizer: Normalizer, start: int, end: int) -> list[Token]:
    """Returns the tokens of a run of content read without its surroundings."""
    alone = Normalizer(normalizer.text[start:end], normalizer.in_lexicon)
    alone.read(0, end - start)
    return [replace(t, start=t.start + start, end=t.end + start) for t in alone.tokens]


def _phoneme(override: SsmlOverride, written: str, start: int, end: int) -> list[Token]:
    alphabet = override.attributes.get("alphabet", "ipa")
    parsers = {"ipa": parse_ipa, "x-arpabet": parse_arpabet, "cmu-arpabet": parse_arpabet}
    if alphabet not in parsers:
        raise ValueError(f"alphabet {alphabet!r}; known are {', '.join(parsers)}")
    words = parsers[alphabet](override.attributes["ph"])
    if not words:
        raise ValueError("<phoneme> holds no phoneme")
    if max(map(len, words)) > LONGEST_PRONUNCIATION:
        raise ValueError(f"a word of more than {LONGEST_PRONUNCIATION} phonemes")
    return _pronounced(written or override.attributes["ph"], words, start, end)


_POSSESSIVE = re.compile(r"'s(?!\w)")


def _alias(
    alias: str, start: int, end: int, in_lexicon: InLexicon, entry_at: EntryAt | None = None
) -> list[Token]:
    content = fold(((c, i, i + 1) for i, c in enumerate(alias)), name="ssml")
    normalizer = Normalizer(content.text, in_lexicon, entry_at)
    normalizer.read(0, len(content.text))
    tokens = [t for t in normalizer.tokens if t.kind in ("word", "punctuation")]
    while tokens and tokens[-1].kind == "punctuation":
        tokens.pop()
    if not tokens:
        raise ValueError(f"alias {alias!r} holds nothing to speak")
    return [replace(t, start=start, end=end, ends=False) for t in tokens]
