"""What would be said of a text or a book, without a voice: for people who check before they speak.

The types here are what ``POST /analyze`` and ``rhapsode analyze --json`` answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from core.book import Book
from core.errors import TextError
from core.lexicon import PronunciationLexicon
from core.protocols import TextFrontend
from core.text import ONE_VOICE, Notice, Span, TextAnalysis, Utterance, VoiceAssignment, Word
from text.lexicons import job_lexicons

SECONDS_PER_SYMBOL = 0.075
"""Mean length of a symbol of the house-ipa table in the corpus [s], for estimates."""


class AnalyzedWord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A word as it would be said."""

    text: str
    span: Span
    phonemes: str
    guessed: bool = False
    """No lexicon has it."""
    sense: str = ""
    """Of a homograph: which of its meanings the words around it chose."""


class AnalyzedUtterance(msgspec.Struct, frozen=True):
    """About a sentence."""

    text: str
    """The source text."""
    spoken: str
    """The words as they would be said."""
    phonemes: str
    span: Span
    words: tuple[AnalyzedWord, ...]
    seconds: float
    """Estimated, with the pause after it, at speed 1."""
    voice: str | None = None
    """Another voice than the request's."""


class UnspokenRun(msgspec.Struct, frozen=True):
    """Source characters that would not be said, and why."""

    text: str
    span: Span
    reason: str


class AnalyzedText(msgspec.Struct, frozen=True):
    """All that would be said of a text."""

    utterances: tuple[AnalyzedUtterance, ...]
    guessed: tuple[str, ...]
    """Words that no lexicon has, each once."""
    homographs: tuple[AnalyzedWord, ...]
    """Words of several sounds, each where it stands."""
    unspoken: tuple[UnspokenRun, ...]
    notices: tuple[Notice, ...]
    seconds: float
    """Estimated length of the speech, at speed 1."""


class AnalyzedChapter(msgspec.Struct, frozen=True):
    """A chapter of a book."""

    title: str
    analysis: AnalyzedText


class AnalyzedBook(msgspec.Struct, frozen=True):
    """All that would be said of a book."""

    title: str
    chapters: tuple[AnalyzedChapter, ...]
    notices: tuple[Notice, ...]
    """What of the file is left out."""
    seconds: float


def analyze_text(
    frontend: TextFrontend,
    source: str,
    *,
    ssml: bool,
    lexicons: Sequence[PronunciationLexicon] = (),
    voices: VoiceAssignment = ONE_VOICE,
) -> AnalyzedText:
    """Returns what would be said of a text.

    Args:
        frontend: of a symbol table.
        source: plain text, or an SSML document.
        ssml: which of the two.
        lexicons: of the client, in order of priority.
        voices: of plain text with speakers or quotations.

    Raises:
        TextError: there is nothing to speak, or a control character.
        SsmlError: the markup is refused.
    """
    matcher = job_lexicons(lexicons)
    found = _described(source, frontend.analyze(source, ssml=ssml, lexicons=matcher, voices=voices))
    used = tuple(matcher.notices()) if matcher else ()
    return msgspec.structs.replace(found, notices=(*found.notices, *used))


def analyze_book(
    frontend: TextFrontend,
    book: Book,
    lexicons: Sequence[PronunciationLexicon] = (),
    voices: VoiceAssignment = ONE_VOICE,
) -> AnalyzedBook:
    """Returns what would be said of a book; chapters with nothing to speak are left out.

    Args:
        frontend: of a symbol table.
        book: as read; its own lexicons come last.
        lexicons: of the client, in order of priority.
        voices: of plain text with speakers or quotations.

    Raises:
        TextError: no chapter has anything to speak.
    """
    chapters = tuple(_chapters(frontend, book, (*lexicons, *book.lexicons), voices))
    if not chapters:
        raise TextError("file", "there is nothing to speak", allowed="words or numbers")
    seconds = sum(chapter.analysis.seconds for chapter in chapters)
    return AnalyzedBook(book.title, chapters, book.notices, round(seconds, 1))


def _chapters(
    frontend: TextFrontend,
    book: Book,
    lexicons: Sequence[PronunciationLexicon],
    voices: VoiceAssignment,
) -> Iterator[AnalyzedChapter]:
    for chapter in book.chapters:
        try:
            analysis = analyze_text(
                frontend, chapter.text, ssml=book.markup, lexicons=lexicons, voices=voices
            )
        except TextError as error:
            if error.code != "unspeakable_text":
                raise
            continue
        yield AnalyzedChapter(chapter.title, analysis)


def _described(source: str, analysis: TextAnalysis) -> AnalyzedText:
    utterances = tuple(_utterance(source, utterance) for utterance in analysis.utterances)
    words = [word for utterance in utterances for word in utterance.words]
    return AnalyzedText(
        utterances=utterances,
        guessed=tuple(dict.fromkeys(word.text for word in words if word.guessed)),
        homographs=tuple(word for word in words if word.sense),
        unspoken=tuple(
            UnspokenRun(source[s.span.start : s.span.end], s.span, s.reason)
            for s in analysis.silences
            if s.reason not in ("whitespace", "markup", "punctuation")
        ),
        notices=analysis.notices,
        seconds=round(analysis.lead_seconds + sum(u.seconds for u in utterances), 2),
    )


def _utterance(source: str, utterance: Utterance) -> AnalyzedUtterance:
    length = len(utterance.phonemes) * SECONDS_PER_SYMBOL + utterance.pause_after_seconds
    return AnalyzedUtterance(
        text=source[utterance.span.start : utterance.span.end],
        spoken=" ".join(word.text for word in utterance.words),
        phonemes="".join(utterance.phonemes).strip(),
        span=utterance.span,
        words=tuple(_word(utterance, word) for word in utterance.words),
        seconds=round(length, 2),
        voice=utterance.voice,
    )


def _word(utterance: Utterance, word: Word) -> AnalyzedWord:
    phonemes = "".join(utterance.phonemes[word.start : word.end])
    return AnalyzedWord(word.text, word.span, phonemes, word.guessed, word.sense)
