"""SSML parsed: which characters are read, where they stand, what the markup asks of them.

Source: W3C SSML 1.1 (Recommendation 2010-09-07), sections 3.1 and 3.2.
Differs: a subset; whatever is not in it is refused with its position, never ignored. DOCTYPE
is forbidden (entity expansion). Prosody is relative; a pitch in Hz has no meaning for a factor.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from xml.parsers import expat

from core.errors import SsmlError
from text.ssml.directives import SsmlDocument, SsmlEvent, SsmlOverride, SsmlScope
from text.ssml.errors import refusal
from text.ssml.limits import DEEPEST_NESTING
from text.ssml.prosody import EMPHASIS, pause_seconds, pitch_factor, rate_factor, volume_gain

ATTRIBUTES: dict[str, frozenset[str]] = {
    "speak": frozenset(("version", "xml:lang", "xmlns", "xmlns:xsi", "xsi:schemaLocation")),
    "p": frozenset(("xml:lang",)),
    "s": frozenset(("xml:lang",)),
    "break": frozenset(("time", "strength")),
    "prosody": frozenset(("rate", "pitch", "volume")),
    "phoneme": frozenset(("alphabet", "ph")),
    "sub": frozenset(("alias",)),
    "say-as": frozenset(("interpret-as", "format", "detail")),
    "w": frozenset(("xml:lang", "role")),
    "token": frozenset(("xml:lang", "role")),
    "lang": frozenset(("xml:lang", "onlangfailure")),
    "emphasis": frozenset(("level",)),
    "mark": frozenset(("name",)),
    "voice": frozenset(("name", "xml:lang")),
}
"""Elements and their attributes."""
REQUIRED = {
    "phoneme": "ph",
    "sub": "alias",
    "say-as": "interpret-as",
    "lang": "xml:lang",
    "mark": "name",
    "voice": "name",
}
_REPLACING = frozenset(("phoneme", "sub", "say-as"))
_EMPTY = frozenset(("break", "mark"))
_AMPERSAND = re.compile(r"&(?:amp|#0*38|#x0*26);")
STAND_IN = "\ufffc"
"""Stands for the text of an empty phoneme or sub, so that it has a position."""


def parse_ssml(source: str) -> SsmlDocument:
    """Returns the parsed document.

    Raises:
        SsmlError: not well formed, a DOCTYPE, or outside the subset.

    >>> "".join(c for c, _, _ in parse_ssml("<speak>a &amp; b</speak>").characters)
    'a & b'
    """
    return _Parser(source).parse()


@dataclass(slots=True)
class _OpenElement:
    tag: str
    attributes: dict[str, str]
    start: int


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._document = SsmlDocument()
        self._stack: list[_OpenElement] = []
        self._bytes = [0, *accumulate(len(c.encode("utf-8", "surrogatepass")) for c in source)]
        self._expat = expat.ParserCreate("utf-8")
        self._expat.buffer_text = False
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._text
        self._expat.StartDoctypeDeclHandler = self._doctype

    def parse(self) -> SsmlDocument:
        try:
            self._expat.Parse(self._source.encode("utf-8", "surrogatepass"), True)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            raise self._error(f"not well formed: {reason}", self._expat.ErrorByteIndex) from error
        return self._document

    def _code_point(self, index: int) -> int:
        """Returns the code point at a byte index."""
        return max(0, bisect_right(self._bytes, index) - 1)

    def _here(self) -> int:
        return self._code_point(self._expat.CurrentByteIndex)

    def _error(self, message: str, index: int | None = None) -> SsmlError:
        return refusal(
            message, self._source, self._here() if index is None else self._code_point(index)
        )

    def _doctype(self, *_: object) -> None:
        raise self._error("a DOCTYPE is not allowed")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._check(tag, attributes)
        start = self._here()
        self._stack.append(_OpenElement(tag, attributes, start))
        self._open(tag, attributes, start)

    def _check(self, tag: str, attributes: dict[str, str]) -> None:
        if tag not in ATTRIBUTES:
            raise self._error(f"unknown element <{tag}>; known are {', '.join(sorted(ATTRIBUTES))}")
        if not self._stack and tag != "speak":
            raise self._error(f"the document begins with <{tag}>, not <speak>")
        if self._stack and tag == "speak":
            raise self._error("<speak> inside <speak>")
        if self._stack and (parent := self._stack[-1].tag) in (*_REPLACING, *_EMPTY):
            raise self._error(f"<{tag}> is not allowed inside <{parent}>")
        if len(self._stack) >= DEEPEST_NESTING:
            raise self._error(f"more than {DEEPEST_NESTING} elements inside each other")
        for name in attributes:
            if name not in ATTRIBUTES[tag]:
                raise self._error(f"<{tag}> has no attribute {name!r}")
        required = REQUIRED.get(tag)
        if required and not attributes.get(required, "").strip():
            raise self._error(f"<{tag}> needs the attribute {required!r}")

    def _open(self, tag: str, attributes: dict[str, str], at: int) -> None:
        events = self._document.events
        language = attributes.get("xml:lang", "en")
        if not language.lower().startswith("en"):
            self._document.languages.append((language, at))
        if tag == "break":
            events.append(SsmlEvent(at, "break", seconds=self._pause(attributes)))
        elif tag == "mark":
            events.append(SsmlEvent(at, "mark", name=attributes["name"]))
        elif tag == "p":
            events.append(SsmlEvent(at, "paragraph"))
        elif tag in ("s", "voice"):
            events.append(SsmlEvent(at, "sentence"))
        elif tag in ("w", "token"):
            events.append(SsmlEvent(at, "edge"))

    def _end(self, tag: str) -> None:
        opened, at = self._stack.pop(), self._here()
        if tag == "p":
            self._document.events.append(SsmlEvent(at, "paragraph"))
        elif tag in ("s", "voice"):
            self._document.events.append(SsmlEvent(at, "sentence"))
        elif tag in ("w", "token"):
            self._document.events.append(SsmlEvent(at, "edge"))
        if tag in _REPLACING:
            self._replace(opened, at)
        if tag in ("prosody", "emphasis", "voice"):
            self._document.scopes.append(self._scope(opened, at))

    def _replace(self, opened: _OpenElement, at: int) -> None:
        characters = self._document.characters
        if not characters or characters[-1][1] < opened.start:
            if opened.tag == "say-as":
                raise self._error("<say-as> holds no text")
            characters.append((STAND_IN, opened.start, opened.start + 1))
            at = max(at, opened.start + 1)
        override = SsmlOverride(opened.start, at, opened.tag, opened.attributes)
        self._document.overrides.append(override)

    def _scope(self, opened: _OpenElement, at: int) -> SsmlScope:
        attributes = opened.attributes
        if opened.tag == "voice":
            return SsmlScope(opened.start, at, voice=attributes["name"].strip())
        if opened.tag == "emphasis":
            level = attributes.get("level", "moderate")
            if level not in EMPHASIS:
                message = f"emphasis level {level!r}; known are {', '.join(EMPHASIS)}"
                raise refusal(message, self._source, opened.start)
            speed, pitch, energy = EMPHASIS[level]
            return SsmlScope(opened.start, at, speed=speed, pitch=pitch, energy=energy)
        try:
            return SsmlScope(
                opened.start,
                at,
                speed=rate_factor(attributes.get("rate", "medium")),
                pitch=pitch_factor(attributes.get("pitch", "medium")),
                gain=volume_gain(attributes.get("volume", "medium")),
            )
        except ValueError as error:
            raise refusal(str(error), self._source, opened.start) from error

    def _pause(self, attributes: Mapping[str, str]) -> float:
        try:
            return pause_seconds(attributes)
        except ValueError as error:
            raise self._error(str(error)) from error

    def _text(self, data: str) -> None:
        at = self._here()
        if self._stack and self._stack[-1].tag in _EMPTY and data.strip():
            raise self._error(f"<{self._stack[-1].tag}> holds no text")
        if (
            len(data) == 1
            and self._source[at] == "&"
            and (data != "&" or _AMPERSAND.match(self._source, at))
        ):
            self._document.characters.append((data, at, self._source.index(";", at) + 1))
            return
        for character in data:
            end = at + (2 if character == "\n" and self._source.startswith("\r\n", at) else 1)
            self._document.characters.append((character, at, end))
            at = end
