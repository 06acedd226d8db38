"""A job's audio in an EPUB with Media Overlays: a file per chapter, a clip per sentence or word."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import structs

from audio.acx import AcxMeter, metered
from audio.delivery import Delivery, DeliveryResult
from audio.encode import AudioEncoder
from audio.sample_stream import SampleStream
from core.book import Cover
from core.errors import FieldError
from core.mel import Float32
from core.request import BookFacts, Chapter, Highlight, Source
from core.text import Span
from core.transcript import TranscriptLine
from text.books.overlays.book import OverlayBook, book_of_epub, book_of_text
from text.books.overlays.writer import AudioClip, OverlayEpub


class OverlayDelivery:
    """Writes the EPUB of a job.

    Args:
        source: of the job.
        lines: of its transcript, those with audio.
        epub: the file that the source was read from; None = pages are made of the text.
        cover: picture of the book, for pages that are made.
        highlight: whether sentences or words are shown.
        narrator: the voice that reads.
        made_at: when the job was accepted, in Unix seconds; stands in the file as its date, so that
            it is the same whenever it is written.
        identifier: of the job.
    """

    def __init__(
        self,
        source: Source,
        lines: Iterable[TranscriptLine],
        *,
        epub: bytes | None,
        cover: Cover | None,
        highlight: Highlight,
        narrator: str,
        made_at: float,
        identifier: str,
    ) -> None:
        facts = source.book or BookFacts(title="Speech")
        self._facts, self._narrator, self._made_at = facts, narrator, made_at
        chapters = source.chapters or (Chapter(facts.title, Span(0, len(source.text))),)
        source = structs.replace(source, chapters=chapters)
        if source.markup:
            source, lines = _as_plain_text(source, lines)
        self._clips: list[list[AudioClip]] = [[] for _ in chapters]
        for line in lines:
            self._clips[line.chapter] += _clips_of(line, highlight)
        self._book = _book(source, epub, cover, identifier)

    def write(self, path: Path, blocks: Iterable[Float32], delivery: Delivery) -> DeliveryResult:
        """Writes the file.

        Args:
            path: replaced if it exists.
            blocks: (N,) float32; their lengths sum to those of the delivery's marks.
            delivery: rates, channels and the chapters' places.

        Raises:
            ValueError: they do not.
            Unavailable: the disk refuses.
        """
        meter, clipped = AcxMeter(delivery.sample_rate), 0
        stream = SampleStream(metered(meter, blocks))
        with (
            OverlayEpub(path, self._book) as epub,
            tempfile.TemporaryDirectory(dir=path.parent, prefix=".chapters-") as folder,
        ):
            for chapter, mark in enumerate(delivery.marks):
                if not mark.samples:
                    continue
                file = Path(folder) / f"{chapter}.m4a"
                with AudioEncoder(
                    file,
                    delivery.format,
                    delivery.sample_rate,
                    mark.samples,
                    bit_rate=delivery.bit_rate,
                    channels=delivery.channels,
                ) as encoder:
                    for block in stream.take(mark.samples):
                        encoder.write(block)
                clipped += encoder.clipped
                start = mark.start / delivery.sample_rate
                clips = [
                    clip._replace(begin=clip.begin - start, end=clip.end - start)
                    for clip in self._clips[chapter]
                ]
                epub.add_chapter(chapter, file, clips)
                file.unlink()
            stream.end()
            epub.finish(
                self._facts.title, self._narrator, self._facts.language or "en", self._made_at
            )
        return DeliveryResult(clipped=clipped, acx=meter.finish())


def _book(source: Source, epub: bytes | None, cover: Cover | None, job_id: str) -> OverlayBook:
    if epub is not None:
        try:
            book = book_of_epub(epub, source, job_id)
        except FieldError:  # it was read when the job was accepted; by another version, maybe
            book = None
        if book is not None:
            return book
    return book_of_text(source, cover, job_id)


def _clips_of(line: TranscriptLine, highlight: Highlight) -> Iterator[AudioClip]:
    """Yields a line's clip, or those of its words; times are those of the whole audio."""
    if line.start is None or line.end is None:
        return
    if highlight == "sentence" or not line.words:
        yield AudioClip(line.span, line.start, line.end)
        return
    open_clip: AudioClip | None = None
    for word in line.words:
        if open_clip is not None and word.span.start < open_clip.span.end:
            # Several words are read for the same characters: 1984.
            span = Span(open_clip.span.start, max(open_clip.span.end, word.span.end))
            open_clip = AudioClip(span, open_clip.begin, word.end)
            continue
        if open_clip is not None:
            yield open_clip
        open_clip = AudioClip(word.span, word.start, word.end)
    if open_clip is not None:
        yield open_clip


def _as_plain_text(
    source: Source, lines: Iterable[TranscriptLine]
) -> tuple[Source, list[TranscriptLine]]:
    """Returns SSML as the text that is read, and the lines with their places in it."""
    texts: list[str] = []
    placed: list[TranscriptLine] = []
    chapters: list[Chapter] = []
    at, by_chapter = 0, [list[TranscriptLine]() for _ in source.chapters]
    for line in lines:
        by_chapter[line.chapter].append(line)
    for chapter, inside in zip(source.chapters, by_chapter, strict=True):
        first = at
        for line in inside:
            span = Span(at, at + len(line.text))
            placed.append(structs.replace(line, span=span, words=()))
            texts.append(line.text)
            at = span.end + 1
        chapters.append(Chapter(chapter.title, Span(first, max(first, at - 1))))
    text = " ".join(texts)
    return structs.replace(source, text=text, markup=False, chapters=tuple(chapters)), placed
