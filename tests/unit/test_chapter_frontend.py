"""Sources read chapter by chapter: nothing lost, nothing shared."""

from itertools import pairwise

import pytest

from core.errors import TextError
from core.request import Chapter, Source
from core.text import Pauses, Span
from synthesis.chapter_frontend import SourceAnalysis, analyze_source
from text.frontend import open_frontend

ONE = "It began. Slowly, at first!\n\nThen it went on."
TWO = "The second one is short."
TEXT = f"{ONE}\n\n* * *\n\n{TWO}\n"
STARS = TEXT.index("*")
CHAPTERS = (
    Chapter("One", Span(0, len(ONE))),
    Chapter("Stars", Span(STARS, STARS + 5)),
    Chapter("Two", Span(TEXT.index(TWO), TEXT.index(TWO) + len(TWO))),
)
FRONTEND = open_frontend("house-ipa")


def analyze(source: Source, **pauses: float) -> SourceAnalysis:
    return analyze_source(source, FRONTEND, Pauses(**pauses))


def test_a_source_without_chapters_is_read_as_a_whole() -> None:
    analysis = analyze(Source(text=TEXT))
    whole = FRONTEND.analyze(TEXT, ssml=False)
    assert analysis.chapters == (whole.utterances,)
    assert analysis.silences == whole.silences


def test_every_character_belongs_to_one_chapters_utterance_or_silence() -> None:
    analysis = analyze(Source(text=TEXT, chapters=CHAPTERS))
    spans_of_utterances = [u.span for chapter in analysis.chapters for u in chapter]
    spans = sorted(
        [*spans_of_utterances, *(s.span for s in analysis.silences)], key=lambda s: s.start
    )
    assert (spans[0].start, spans[-1].end) == (0, len(TEXT))
    assert all(a.end == b.start for a, b in pairwise(spans))
    for chapter, utterances in zip(CHAPTERS, analysis.chapters, strict=True):
        assert all(chapter.span.start <= u.span.start < chapter.span.end for u in utterances)


def test_words_are_found_in_the_source() -> None:
    analysis = analyze(Source(text=TEXT, chapters=CHAPTERS))
    words = [w for u in analysis.chapters[2] for w in u.words]
    assert [TEXT[w.span.start : w.span.end] for w in words] == TWO.rstrip(".").split()


def test_a_silent_chapter_is_reported() -> None:
    analysis = analyze(Source(text=TEXT, chapters=CHAPTERS))
    assert [len(chapter) for chapter in analysis.chapters] == [3, 0, 1]
    assert [(n.code, n.span) for n in analysis.notices] == [("chapter_silent", CHAPTERS[1].span)]


def test_pauses_are_the_requests() -> None:
    analysis = analyze(
        Source(text=TEXT, chapters=CHAPTERS), sentence=0.125, paragraph=0.75, chapter=3.0
    )
    pauses = [u.pause_after_seconds for chapter in analysis.chapters for u in chapter]
    assert pauses == [0.125, 0.75, 3.0, 0.0]


def test_a_book_without_words_is_refused() -> None:
    with pytest.raises(TextError):
        analyze(Source(text="* * *", chapters=(Chapter("Stars", Span(0, 5)),)))
