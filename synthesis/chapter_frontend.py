"""Analyses a source chapter by chapter, so that no utterance belongs to two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import structs

from core.errors import TextError
from core.protocols import TextFrontend
from core.request import Chapter, Source
from core.text import Notice, Pauses, Silence, Span, TextAnalysis, Utterance
from text.language import require_english
from text.lexicons import JobLexicons, job_lexicons


@dataclass(frozen=True, slots=True)
class SourceAnalysis:
    """The text analysis of a whole source.

    Attributes:
        chapters: utterances of each chapter; one may have none.
        silences: all between the utterances, and runs inside them that cannot be spoken.
        notices: of reader and front end.
        lead_seconds: silence before the first utterance [s].
        chapter_leads: of a batch, the silence at the start of each input [s].
    """

    chapters: tuple[tuple[Utterance, ...], ...]
    silences: tuple[Silence, ...]
    notices: tuple[Notice, ...]
    lead_seconds: float
    chapter_leads: tuple[float, ...] = ()

    @property
    def utterances(self) -> int:
        """Number of utterances of all chapters."""
        return sum(map(len, self.chapters))


def analyze_source(
    source: Source, frontend: TextFrontend, pauses: Pauses, *, any_language: bool = False
) -> SourceAnalysis:
    """Returns the utterances and silences of a source.

    Args:
        source: what is to be spoken.
        frontend: reads it.
        pauses: silences where the text asks for none.
        any_language: a source that is mostly in another language is read too.

    Raises:
        TextError: there is nothing to speak, or it is mostly in another language.
        SsmlError: the markup is refused.
    """
    if not any_language:
        field = "ssml" if source.markup else "text"
        if source.chapters:
            field = "inputs" if source.batch else "file"
        require_english(source, field)
    lexicons = job_lexicons(source.lexicons)
    if not source.chapters:
        found = frontend.analyze(
            source.text,
            ssml=source.markup,
            pauses=pauses,
            lexicons=lexicons,
            voices=source.voices,
        )
        notices = (*source.notices, *found.notices, *_usage(lexicons))
        return SourceAnalysis((found.utterances,), found.silences, notices, found.lead_seconds)
    analyses = [
        _analyze(source, chapter, frontend, pauses, lexicons) for chapter in source.chapters
    ]
    if not any(one.utterances for one in analyses):
        raise TextError(
            "inputs" if source.batch else "file",
            "there is nothing to speak",
            allowed="words or numbers",
        )
    silences = [*_between(source), *(s for one in analyses for s in one.silences)]
    return SourceAnalysis(
        tuple(one.utterances for one in analyses)
        if source.batch
        else _with_chapter_pauses(analyses, pauses.chapter),
        tuple(sorted(silences, key=lambda silence: silence.span.start)),
        (
            *source.notices,
            *(notice for one in analyses for notice in one.notices),
            *_usage(lexicons),
        ),
        next(one.lead_seconds for one in analyses if one.utterances),
        tuple(one.lead_seconds for one in analyses) if source.batch else (),
    )


def _usage(lexicons: JobLexicons | None) -> Iterator[Notice]:
    if lexicons is not None:
        yield from lexicons.notices()


def _analyze(
    source: Source,
    chapter: Chapter,
    frontend: TextFrontend,
    pauses: Pauses,
    lexicons: JobLexicons | None,
) -> TextAnalysis:
    """Returns the analysis of a chapter, with spans of the whole source."""
    start, end = chapter.span.start, chapter.span.end
    text = source.text[start:end]
    try:
        found = frontend.analyze(
            text, ssml=source.markup, pauses=pauses, lexicons=lexicons, voices=source.voices
        )
    except TextError as error:
        if error.code != TextError.code:
            raise
        kind = "input" if source.batch else "chapter"
        message = f"{kind} {chapter.title!r} has nothing to speak"
        silence = Silence(chapter.span, "symbol" if text.strip() else "whitespace")
        return TextAnalysis((), (silence,), (Notice("chapter_silent", message, chapter.span),))
    return _shifted(found, start)


def _shifted(found: TextAnalysis, by: int) -> TextAnalysis:
    """Returns the analysis with all spans moved by so many characters."""

    def at(span: Span) -> Span:
        return Span(span.start + by, span.end + by)

    return TextAnalysis(
        tuple(
            structs.replace(
                u,
                span=at(u.span),
                words=tuple(structs.replace(word, span=at(word.span)) for word in u.words),
            )
            for u in found.utterances
        ),
        tuple(structs.replace(silence, span=at(silence.span)) for silence in found.silences),
        tuple(structs.replace(n, span=at(n.span)) if n.span else n for n in found.notices),
        found.lead_seconds,
    )


def _between(source: Source) -> Iterator[Silence]:
    """Yields what stands between chapters: whitespace."""
    position = 0
    for span in (*(c.span for c in source.chapters), Span(len(source.text), len(source.text))):
        if span.start > position:
            yield Silence(Span(position, span.start), "whitespace")
        position = span.end


def _with_chapter_pauses(
    analyses: list[TextAnalysis], pause: float
) -> tuple[tuple[Utterance, ...], ...]:
    """Returns each chapter's utterances; one that another with speech follows ends in a pause."""
    chapters: list[tuple[Utterance, ...]] = []
    lead = None  # of the next chapter with speech
    for analysis in reversed(analyses):
        utterances = analysis.utterances
        if utterances and lead is not None:
            *rest, last = utterances
            seconds = max(last.pause_after_seconds, pause) + lead
            utterances = (*rest, structs.replace(last, pause_after_seconds=seconds))
        if utterances:
            lead = analysis.lead_seconds
        chapters.append(utterances)
    return tuple(reversed(chapters))
