"""The text front end: text or SSML in, utterances of one symbol table out."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import gruut_lang_en  # type: ignore[import-untyped]

from core.errors import FieldError, TextError
from core.protocols import TextFrontend
from core.text import Pauses, Span, TextAnalysis
from text.g2p.lexicon import Lexicon
from text.g2p.phonemizer import Voicing
from text.g2p.symbols import symbol_table
from text.notices import Notices
from text.segmentation.coverage import silences_between
from text.segmentation.sentences import sentences
from text.segmentation.utterances import Assembler
from text.ssml.reader import Script, read_plain, read_ssml

LANGUAGES = ("en-us",)
"""BCP 47, lower case."""
USUAL_PAUSES = Pauses()


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
    lexicon = _english()
    return EnglishFrontend(Voicing(lexicon, symbol_table(symbols)), lexicon.__contains__)


@cache
def _english() -> Lexicon:
    return Lexicon(gruut_lang_en.get_lang_dir())


class EnglishFrontend:
    """English text to utterances. Keeps nothing between calls; safe to share between threads.

    Args:
        voicing: words to symbols.
        knows: whether the lexicon has a lower-case word.
    """

    def __init__(self, voicing: Voicing, knows: Callable[[str], bool]) -> None:
        self._voicing = voicing
        self._knows = knows

    def analyze(self, text: str, *, ssml: bool, pauses: Pauses = USUAL_PAUSES) -> TextAnalysis:
        """Reads a text.

        Args:
            text: plain text, or an SSML document.
            ssml: which of the two.
            pauses: silences where the text asks for none.

        Raises:
            TextError: nothing to speak, or a control character.
            SsmlError: the markup is refused.
        """
        field = "ssml" if ssml else "text"
        notices = Notices()
        script = read_ssml(text, self._knows) if ssml else read_plain(text, self._knows)
        _tell(script, notices)
        lead, found = sentences(script.tokens, pauses)
        assembler = Assembler(script.content, self._voicing, script.scopes, notices)
        utterances = tuple(u for sentence in found for u in assembler.utterances(sentence))
        if not utterances:
            raise TextError(field, "there is nothing to speak", allowed="words or numbers")
        silences = silences_between(text, utterances, script.content if ssml else None)
        return TextAnalysis(utterances, silences, notices.told(), lead)


def _tell(script: Script, notices: Notices) -> None:
    for start, end in script.silent:
        told = script.content.text[start:end]
        span = script.content.span(start, end)
        notices.add("character_silent", f"{told!r} cannot be spoken", span)
    for language, place in script.languages:
        message = f"there is no {language!r} reading; it is read as English"
        notices.add("language_approximated", message, Span(place, place))
    for name, place in script.marks:
        notices.add("mark_passed", f"mark {name!r}", Span(place, place))
