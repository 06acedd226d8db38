"""The text front end: text or SSML in, utterances of one symbol table out."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache

import gruut_lang_en

from core.errors import FieldError, TextError
from core.protocols import TextFrontend
from core.text import Silence, Span, TextAnalysis, Utterance
from text.lexicon import Lexicon
from text.notices import Notices
from text.reading import Reader
from text.source import Content, fold
from text.symbols import symbol_table
from text.utterances import Assembler, sentences
from text.voicing import Voicing

LANGUAGES = ("en-us",)


def open_frontend(symbols: str, language: str = "en-us") -> TextFrontend:
    """The front end of a symbol table.

    Args:
        symbols: a table's name: house-ipa, arpabet, characters.
        language: BCP 47, lower case.

    Raises:
        FieldError: no such table or language.
        ArtifactMissing: the language's files are not installed.
    """
    if language.lower() not in LANGUAGES:
        raise FieldError("language", f"no language {language!r}", allowed=", ".join(LANGUAGES))
    return EnglishFrontend(Voicing(_english(), symbol_table(symbols)))


@cache
def _english() -> Lexicon:
    return Lexicon(gruut_lang_en.get_lang_dir())


class EnglishFrontend:
    """English text to utterances. Keeps nothing between calls; safe to share between threads.

    Args:
        voicing: words to symbols.
    """

    def __init__(self, voicing: Voicing, lexicon: Lexicon | None = None) -> None:
        self._voicing = voicing
        self._lexicon = lexicon or _english()

    def analyze(self, text: str, *, ssml: bool) -> TextAnalysis:
        """Reads a text.

        Raises:
            TextError: nothing to speak, or a control character.
            SsmlError: the markup is refused.
        """
        field = "ssml" if ssml else "text"
        content = fold(((c, i, i + 1) for i, c in enumerate(text)), name=field)
        notices = Notices()
        reader = Reader(content.text, self._lexicon.__contains__)
        reader.read(0, len(content.text))
        _tell_silent(reader.silent, content, notices)
        lead, found = sentences(reader.tokens)
        assembler = Assembler(content, self._voicing, (), notices)
        utterances = tuple(u for sentence in found for u in assembler.utterances(sentence))
        if not utterances:
            raise TextError(field, "there is nothing to speak", allowed="words or numbers")
        return TextAnalysis(utterances, _silences(text, utterances), notices.told(), lead)


def _tell_silent(stretches: Sequence[tuple[int, int]], content: Content, notices: Notices) -> None:
    for start, end in stretches:
        told = content.text[start:end]
        notices.add("character_silent", f"{told!r} cannot be spoken", content.span(start, end))


def _silences(text: str, utterances: Sequence[Utterance]) -> tuple[Silence, ...]:
    """Source characters outside utterances, by reason."""
    silences: list[Silence] = []
    position = 0
    for span in (*(u.span for u in utterances), Span(len(text), len(text))):
        for i in range(position, span.start):
            reason = _reason(text[i])
            last = silences[-1] if silences else None
            if last and last.reason == reason and last.span.end == i:
                silences[-1] = Silence(Span(last.span.start, i + 1), reason)
            else:
                silences.append(Silence(Span(i, i + 1), reason))
        position = max(position, span.end)
    return tuple(silences)


def _reason(character: str) -> str:
    kind = unicodedata.category(character)
    if character.isspace() or kind[0] == "Z":
        return "whitespace"
    if kind in ("Cf", "Cn", "Co", "Cc"):
        return "control"
    if kind[0] in "PM":
        return "punctuation"
    return "emoji" if kind == "So" or character >= "\U0001f000" else "symbol"
