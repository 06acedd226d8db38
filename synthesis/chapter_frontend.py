"""A source to utterances, chapter by chapter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import structs

from core.errors import TextError
from core.protocols import TextFrontend
from core.request import Chapter, Source
from core.text import Notice, Pauses, Silence, Span, TextAnalysis, Utterance


@dataclass(frozen=True, slots=True)
class SourceAnalysis:
    """What a source says.

    Attributes:
        chapters: utterances of each; a chapter may have none.
        silences: with the utterances they cover every character once.
        notices: of reader and front end.
        lead_seconds: silence before the first utterance [s].
    """

    chapters: tuple[tuple[Utterance, ...], ...]
    silences: tuple[Silence, ...]
    notices: tuple[Notice, ...]
    lead_seconds: float

    @property
    def utterances(self) -> int:
        """Of all chapters."""
        return sum(map(len, self.chapters))


def analyze_source(source: Source, frontend: TextFrontend, pauses: Pauses) -> SourceAnalysis:
    """Reads chapter by chapter, so that no utterance belongs to two.

    Raises:
        TextError: there is nothing to speak.
        SsmlError: the markup is refused.
    """
    if not source.chapters:
        found = frontend.analyze(source.text, ssml=source.markup, pauses=pauses)
        notices = (*source.notices, *found.notices)
        return SourceAnalysis((found.utterances,), found.silences, notices, found.lead_seconds)
    read = [_read(source, chapter, frontend, pauses) for chapter in source.chapters]
    if not any(one.utterances for one in read):
        raise TextError("file", "there is nothing to speak", allowed="words or numbers")
    silences = [*_outside(source), *(silence for one in read for silence in one.silences)]
    return SourceAnalysis(
        tuple(_spaced(read, pauses.chapter)),
        tuple(sorted(silences, key=lambda silence: silence.span.start)),
        (*source.notices, *(notice for one in read for notice in one.notices)),
        next(one.lead_seconds for one in read if one.utterances),
    )


def _read(source: Source, chapter: Chapter, frontend: TextFrontend, pauses: Pauses) -> TextAnalysis:
    start, end = chapter.span.start, chapter.span.end
    text = source.text[start:end]
    try:
        found = frontend.analyze(text, ssml=source.markup, pauses=pauses)
    except TextError as error:
        if error.code != TextError.code:
            raise
        told = f"chapter {chapter.title!r} has nothing to speak"
        silence = Silence(chapter.span, "symbol" if text.strip() else "whitespace")
        return TextAnalysis((), (silence,), (Notice("chapter_silent", told, chapter.span),))
    return _moved(found, start)


def _moved(found: TextAnalysis, by: int) -> TextAnalysis:
    """The same, of a text that begins there."""

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


def _outside(source: Source) -> Iterator[Silence]:
    """What stands between chapters."""
    position = 0
    for span in (*(c.span for c in source.chapters), Span(len(source.text), len(source.text))):
        if span.start > position:
            yield Silence(Span(position, span.start), "whitespace")
        position = span.end


def _spaced(read: list[TextAnalysis], pause: float) -> Iterator[tuple[Utterance, ...]]:
    """Each chapter that another one with speech follows ends in a pause."""
    for index, one in enumerate(read):
        lead = next((later.lead_seconds for later in read[index + 1 :] if later.utterances), None)
        if one.utterances and lead is not None:
            *rest, last = one.utterances
            seconds = max(last.pause_after_seconds, pause) + lead
            yield (*rest, structs.replace(last, pause_after_seconds=seconds))
        else:
            yield one.utterances
