"""The text front end: plain text or SSML in, utterances of one symbol table out."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from core.errors import FieldError, TextError
from core.protocols import LexiconMatcher, TextFrontend
from core.text import ONE_VOICE, Pauses, Span, TextAnalysis, VoiceAssignment
from text.g2p.lexicon import Lexicon, open_lexicon
from text.g2p.phonemizer import Phonemizer
from text.g2p.symbols import symbol_table
from text.notices import Notices
from text.segmentation.coverage import find_silences
from text.segmentation.scene_breaks import with_scene_pauses
from text.segmentation.sentences import group_sentences
from text.segmentation.utterances import UtteranceBuilder
from text.ssml.reader import NormalizedText, normalize_plain, read_ssml

LANGUAGES = ("en-us",)
"""BCP 47, lower case."""
DEFAULT_PAUSES = Pauses()


def open_frontend(symbols: str, language: str = "en-us") -> TextFrontend:
    """Returns the front end of a symbol table.

    Args:
        symbols: a table's name: house-ipa, arpabet, characters.
        language: BCP 47, lower case.

    Raises:
        FieldError: there is no such table or language.
        ArtifactMissing: the language's files are not installed.
    """
    if language.lower() not in LANGUAGES:
        raise FieldError("language", f"no language {language!r}", allowed=", ".join(LANGUAGES))
    lexicon = english_lexicon()
    return EnglishFrontend(Phonemizer(lexicon, symbol_table(symbols)), lexicon.__contains__)


@cache
def english_lexicon() -> Lexicon:
    """Returns the lexicon of English, which is loaded once per process."""
    return open_lexicon()


class EnglishFrontend:
    """The front end for English. It keeps nothing between calls and may be shared by threads.

    Args:
        phonemizer: words to symbols.
        in_lexicon: whether the lexicon has a lower-case word.
    """

    def __init__(self, phonemizer: Phonemizer, in_lexicon: Callable[[str], bool]) -> None:
        self._phonemizer = phonemizer
        self._in_lexicon = in_lexicon

    def analyze(
        self,
        text: str,
        *,
        ssml: bool,
        pauses: Pauses = DEFAULT_PAUSES,
        lexicons: LexiconMatcher | None = None,
        voices: VoiceAssignment = ONE_VOICE,
    ) -> TextAnalysis:
        """Returns a text's utterances, its silent characters and what is to be warned of.

        Args:
            text: plain text, or an SSML document.
            ssml: which of the two.
            pauses: silences where the text asks for none.
            lexicons: the client's; they count before the own one.
            voices: of plain text with speakers or quotations.

        Raises:
            TextError: there is nothing to speak, or a control character.
            SsmlError: the markup is refused.
        """
        field = "ssml" if ssml else "text"
        notices = Notices()
        if ssml:
            normalized = read_ssml(text, self._in_lexicon, lexicons)
        else:
            normalized = normalize_plain(text, self._in_lexicon, lexicons, voices)
        _add_notices(normalized, notices)
        lead, grouped = group_sentences(normalized.tokens, pauses)
        builder = UtteranceBuilder(normalized.content, self._phonemizer, normalized.scopes, notices)
        utterances = tuple(u for sentence in grouped for u in builder.utterances(sentence))
        if not utterances:
            raise TextError(field, "there is nothing to speak", allowed="words or numbers")
        if not ssml:
            utterances = tuple(with_scene_pauses(text, utterances, pauses.scene))
        silent = [normalized.content.span(start, end) for start, end in normalized.silent]
        content = normalized.content if ssml or normalized.scopes else None
        silences = find_silences(text, utterances, content, silent)
        return TextAnalysis(utterances, silences, notices.collected(), lead)


def _add_notices(normalized: NormalizedText, notices: Notices) -> None:
    for start, end in normalized.silent:
        characters = normalized.content.text[start:end]
        span = normalized.content.span(start, end)
        notices.add("character_silent", f"{characters!r} cannot be spoken", span)
    for language, at in normalized.languages:
        message = f"there is no {language!r} reading; it is read as English"
        notices.add("language_approximated", message, Span(at, at))
    for name, at in normalized.marks:
        notices.add("mark_passed", f"mark {name!r}", Span(at, at))
