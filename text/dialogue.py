"""Plain text for several voices: ``[voice:NAME]`` lines, speakers of a script, quotations.

What is found is what SSML's ``<voice>`` would say of the same text. Labels are not read: a listener
knows a speaker by the voice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from core.text import VoiceAssignment
from text.segmentation.sentence_boundaries import line_break
from text.ssml.directives import SsmlDocument, SsmlEvent, SsmlScope

_TAG = re.compile(r"\[(?:/voice|voice(?::[^\S\n]*(?P<voice>[a-z0-9][a-z0-9._-]{0,63}))?)\][^\S\n]*")
_LABEL = re.compile(
    r"[^\S\n]*(?P<name>[^\W\d_][^\n:]{0,59}?)(?::[^\S\n]*|\.?[^\S\n]*$)", re.MULTILINE
)
_OTHER_LABEL = re.compile(r"[^\S\n]*[A-Z][A-Z .'’-]{1,39}[:.](?:\s|$)")
_BLANK_LINES = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")
_PAIRS = {"“": "”", "«": "»", '"': '"'}
_SINGLE = re.compile(r"(?<!\w)‘")
_SPEECH_ENDS = frozenset(".,!?…—–-:;")
_WORDS_OF_SPEECH = 4
"""A quotation of so many words is speech; shorter ones need a sign that they are."""


@dataclass(slots=True)
class VoicedText:
    """Where the voices of a plain text speak.

    Attributes:
        scopes: in order, disjoint.
        labels: tags and names of speakers, which are not read.
    """

    scopes: list[SsmlScope] = field(default_factory=list)
    labels: list[tuple[int, int]] = field(default_factory=list)

    def document(self) -> SsmlDocument:
        """Returns the directions as those of a document with markup, without its characters."""
        events = [
            SsmlEvent(at, "sentence") for scope in self.scopes for at in (scope.start, scope.end)
        ]
        return SsmlDocument(scopes=self.scopes, events=events)

    def characters(self, text: str) -> Iterator[tuple[str, int, int]]:
        """Yields the characters that are read, and their places."""
        position = 0
        for start, end in (*self.labels, (len(text), len(text))):
            for at in range(position, start):
                yield text[at], at, at + 1
            position = end

    def add(self, text: str, start: int, end: int, voice: str | None) -> None:
        """Adds a run of text; white space around it stays outside."""
        run = text[start:end]
        start += len(run) - len(run.lstrip())
        end -= len(run) - len(run.rstrip())
        if voice and start < end:
            self.scopes.append(SsmlScope(start, end, voice=voice))


def find_voices(text: str, voices: VoiceAssignment) -> VoicedText | None:
    """Returns where the voices speak that a text and its request ask for; None where one does.

    Args:
        text: plain text.
        voices: of the request.

    >>> found = find_voices("[voice:edmund] Hello.\\nHi.", VoiceAssignment())
    >>> [(scope.start, scope.end, scope.voice) for scope in found.scopes]
    [(15, 21, 'edmund')]
    >>> find_voices("Hello.", VoiceAssignment()) is None
    True
    """
    found = VoicedText()
    if voices.speakers or "[voice" in text:
        _read_lines(text, voices, found)
    if voices.quotes:
        _read_quotations(text, voices.quotes, found)
    return found if found.scopes or found.labels else None


def _read_lines(text: str, voices: VoiceAssignment, found: VoicedText) -> None:
    """Finds tags and labels of speakers at the starts of lines.

    A tag before words is the line's voice, wrapped lines included; a tag alone is the voice from
    there on. A speaker's words go on to a blank line or the next label.
    """
    speakers = {name.casefold(): voice for name, voice in voices.speakers.items()}
    lasting: str | None = None
    voice: str | None = None
    """Of the words since ``start``."""
    start = 0
    tagged = False
    for at, end in _lines(text):
        tag = _TAG.match(text, at, end)
        label = None if tag else _label(text, at, end, speakers)
        awaited = voice is not None and not text[start:at].strip()
        if tag or label or not awaited:
            blank = not text[at:end].strip()
            other = bool(speakers) and _OTHER_LABEL.match(text, at, end)
            if tag or label or blank or (not _wraps(text, at) if tagged else other):
                found.add(text, start, at, voice)
                start, voice, tagged = at, lasting, False
        if tag:
            found.labels.append((at, tag.end()))
            start, voice, tagged = tag.end(), tag["voice"], True
            if tag.end() == end or voice is None:
                lasting, tagged = voice, False
        elif label:
            found.labels.append((at, label[0]))
            start, voice = label
    found.add(text, start, len(text), voice)


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Yields the lines of a text; a tag within a line begins another."""
    at = 0
    for line in text.split("\n"):
        end = at + len(line)
        for tag in _TAG.finditer(text, at, end):
            if text[at : tag.start()].strip():
                yield at, tag.start()
            at = tag.start()
        yield at, end
        at = end + 1


def _wraps(text: str, at: int) -> bool:
    """Returns whether a line goes on with the sentence of the line before."""
    return bool(at) and line_break(text, at - 1, _first_sign(text, at)) is None


def _first_sign(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace() and text[at] != "\n":
        at += 1
    return at


def _label(text: str, at: int, end: int, speakers: dict[str, str]) -> tuple[int, str] | None:
    """Returns where the label of a line ends, and its speaker's voice."""
    match = _LABEL.match(text, at, end) if speakers else None
    if match is None:
        return None
    voice = speakers.get(" ".join(match["name"].split()).casefold())
    return (match.end(), voice) if voice is not None else None


def _read_quotations(text: str, voice: str, found: VoicedText) -> None:
    """Finds quotations outside of what another voice speaks."""
    taken = [(scope.start, scope.end) for scope in found.scopes]
    single = bool(_SINGLE.search(text)) and "“" not in text and '"' not in text
    quotations: list[tuple[int, int]] = []
    position = 0
    for gap in (*_BLANK_LINES.finditer(text), None):
        end = gap.start() if gap else len(text)
        quotations += _quotations(text, position, end, single=single)
        position = gap.end() if gap else end
    at = 0
    for start, end in quotations:
        while at < len(taken) and taken[at][1] <= start:
            at += 1
        if at == len(taken) or taken[at][0] >= end:
            found.add(text, start, end, voice)
    found.scopes.sort(key=lambda scope: scope.start)


def _quotations(text: str, start: int, end: int, *, single: bool) -> Iterator[tuple[int, int]]:
    """Yields the quotations of a paragraph that somebody speaks.

    One that is not closed goes on in the next paragraph, as printers set it.
    """
    opened, closing = -1, ""
    for at in range(start, end):
        sign = text[at]
        if opened < 0:
            inch = sign == '"' and text[max(start, at - 1) : at].isalnum()
            if not inch and (sign in _PAIRS or (single and sign == "‘")):
                opened, closing = at, _PAIRS.get(sign, "’")
        elif sign == closing and _closes(text, at, end):
            if _is_speech(text, opened, at, start, end):
                yield opened, at + 1
            opened = -1
    if opened >= 0 and not text[start:opened].strip():
        yield opened, end


def _closes(text: str, at: int, end: int) -> bool:
    """Returns whether a quotation mark closes: an apostrophe does not."""
    if text[at] != "’":
        return True
    return text[at - 1] in _SPEECH_ENDS and not text[at + 1 : min(at + 2, end)].isalnum()


def _is_speech(text: str, opened: int, closed: int, start: int, end: int) -> bool:
    """Returns whether a quotation is spoken by somebody: neither a title nor a doubted word."""
    inside = text[opened + 1 : closed].strip()
    if inside[-1:] in _SPEECH_ENDS or len(inside.split()) >= _WORDS_OF_SPEECH:
        return bool(inside)
    return not text[start:opened].strip() and not text[closed + 1 : end].strip()
