"""Transcripts as clients read them: timings, subtitles, the manifest of every character."""

from __future__ import annotations

import textwrap
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from core.record import JobRecord
from core.report import FlaggedPlace
from core.request import BookFacts, Source
from core.text import Silence, Span
from core.transcript import TimedChapter, TimedWord, TranscriptHead, TranscriptLine

DECIMAL_MARK = {"srt": ",", "vtt": "."}
"""What stands before the milliseconds."""
LINE_CHARACTERS = 65
"""Longest line of a cue that podcast players show."""


class TimedSentence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An utterance, about one sentence. Times are seconds in the audio."""

    text: str
    """As spoken, normalized."""
    span: Span
    """Where it stands in the source, in code points."""
    chapter: int
    start: float
    end: float
    words: tuple[TimedWord, ...] = ()
    phonemes: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()
    """Where each phoneme starts, and where the last one ends."""


class Timings(msgspec.Struct, frozen=True):
    """The times of what is spoken; what is not stands in the manifest."""

    seconds: float
    """Length of the audio."""
    chapters: tuple[TimedChapter, ...]
    sentences: tuple[TimedSentence, ...]


class ManifestEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """A run of source characters and what became of them."""

    span: Span
    status: Literal["spoken", "failed", "silent", "pending", "cancelled"]
    part: int | None = None
    reason: str | None = None
    """Why it is silent, or the code of what went wrong."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A list of entries that cover every source character exactly once, in order.

    The entries are the last field: ``manifest_json`` writes them one by one.
    """

    characters: int
    """Length of the source in code points."""
    counts: dict[str, int]
    """Status → characters."""
    flagged: tuple[FlaggedPlace, ...] = ()
    """Words that do not sound as meant, where they were checked."""
    entries: tuple[ManifestEntry, ...]


class PodcastChapter(msgspec.Struct, frozen=True, rename="camel"):
    """A chapter of a podcast's episode; times in seconds."""

    start_time: float
    end_time: float
    title: str


class PodcastChapters(msgspec.Struct, frozen=True, kw_only=True):
    """Chapters as Podcasting 2.0 has them.

    Source: Podcastindex-org/podcast-namespace, docs/examples/chapters/jsonChapters.md, version 1.2.
    """

    version: str = "1.2.0"
    chapters: tuple[PodcastChapter, ...]


class ShelfChapter(msgspec.Struct, frozen=True):
    """A chapter as Audiobookshelf has it; times in seconds."""

    id: int
    start: float
    end: float
    title: str


class ShelfMetadata(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The file ``metadata.json`` that Audiobookshelf reads beside an audiobook.

    Source: advplyr/audiobookshelf server/scanner/AbsMetadataFileScanner.js and
    server/utils/generators/abmetadataGenerator.js.
    """

    title: str | None
    subtitle: str | None
    authors: tuple[str, ...]
    narrators: tuple[str, ...]
    series: tuple[str, ...]
    """Names with numbers: "Barsetshire #1"."""
    genres: tuple[str, ...]
    published_year: str | None
    publisher: str | None
    description: str | None
    isbn: str | None
    language: str | None
    chapters: tuple[ShelfChapter, ...]


def timings_json(
    head: TranscriptHead, lines: Iterable[TranscriptLine], *, phonemes: bool
) -> Iterator[bytes]:
    """Yields the spoken lines with their times, ``Timings`` as JSON, a line at a time.

    Those of a long book as one object would take hundreds of megabytes, and Python's lock for as
    long as it is encoded.
    """
    begin = msgspec.json.encode(Timings(head.seconds, head.chapters, ()))
    timed = (line for line in lines if line.start is not None and line.end is not None)
    yield from _with_rows(begin, (_sentence(line, phonemes) for line in timed))


def manifest_json(found: Manifest) -> Iterator[bytes]:
    """Yields a manifest as JSON, an entry at a time."""
    begin = msgspec.json.encode(msgspec.structs.replace(found, entries=()))
    yield from _with_rows(begin, found.entries)


def _with_rows(begin: bytes, rows: Iterable[msgspec.Struct]) -> Iterator[bytes]:
    """Yields the JSON of an object whose last field, empty so far, gets these rows."""
    yield begin.removesuffix(b"]}")
    comma = b""
    for row in rows:
        yield comma + msgspec.json.encode(row)
        comma = b","
    yield b"]}"


def next_block(pieces: Iterator[bytes], size: int) -> bytes:
    """Returns pieces of that many bytes or a little more; none: that was all.

    >>> pieces = iter([b"ab", b"c", b"d"])
    >>> [next_block(pieces, 3) for _ in range(3)]
    [b'abc', b'd', b'']
    """
    block = bytearray()
    for piece in pieces:
        block += piece
        if len(block) >= size:
            break
    return bytes(block)


def _sentence(line: TranscriptLine, phonemes: bool) -> TimedSentence:
    assert line.start is not None
    assert line.end is not None
    return TimedSentence(
        text=line.text,
        span=line.span,
        chapter=line.chapter,
        start=line.start,
        end=line.end,
        words=line.words,
        phonemes=line.phonemes if phonemes else (),
        bounds=line.bounds if phonemes else (),
    )


def subtitles(
    lines: Iterable[TranscriptLine],
    source: Source,
    kind: Literal["srt", "vtt"],
    voice: str | None = None,
) -> str:
    """Returns a cue for every spoken line; its text as written, of markup as spoken.

    Source: W3C WebVTT §4.1 (header, cue timings, voice spans, escapes); SubRip as players read it:
    a number, a line of times with commas, the text, an empty line; Podcasting 2.0, transcripts.md:
    at most 65 characters a line of WebVTT.

    Args:
        lines: of the transcript.
        source: of the job.
        kind: of the file.
        voice: of the request; WebVTT names it, or the line's own, as the speaker.
    """
    cues = ["WEBVTT\n"] if kind == "vtt" else []
    number = 0
    for line in lines:
        if line.start is None or line.end is None:
            continue
        number += 1
        text = line.text if source.markup else source.text[line.span.start : line.span.end]
        text = " ".join(text.split())
        if kind == "vtt":
            text = "\n".join(_escaped(row) for row in textwrap.wrap(text, LINE_CHARACTERS))
            speaker = line.voice or voice
            text = f"<v {_escaped(speaker.title())}>{text}" if speaker else text
        start, end = (format_time(at, DECIMAL_MARK[kind]) for at in (line.start, line.end))
        cues.append(f"{number}\n{start} --> {end}\n{text}\n")
    return "\n".join(cues)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def podcast_chapters(head: TranscriptHead) -> PodcastChapters:
    """Returns the chapters as podcast players read them; those without time are left out."""
    return PodcastChapters(
        chapters=tuple(
            PodcastChapter(chapter.start, chapter.end, chapter.title)
            for chapter in head.chapters
            if chapter.end > chapter.start
        )
    )


def shelf_metadata(head: TranscriptHead, source: Source, voice: str | None) -> ShelfMetadata:
    """Returns a job's ``metadata.json`` for Audiobookshelf; the voice is the narrator."""
    book = source.book or BookFacts(title="")
    facts = book.metadata
    series = f"{facts.series} #{facts.series_number}" if facts.series_number else facts.series
    timed = (chapter for chapter in head.chapters if chapter.end > chapter.start)
    return ShelfMetadata(
        title=book.title or None,
        subtitle=facts.subtitle or None,
        authors=book.authors,
        narrators=(voice.title(),) if voice else (),
        series=(series,) if facts.series else (),
        genres=("Audiobook",),
        published_year=facts.year or None,
        publisher=facts.publisher or None,
        description=facts.description or None,
        isbn=facts.isbn or None,
        language=book.language or None,
        chapters=tuple(
            ShelfChapter(number, chapter.start, chapter.end, chapter.title)
            for number, chapter in enumerate(timed)
        ),
    )


def format_time(seconds: float, mark: str) -> str:
    """Returns hours, minutes, seconds and milliseconds.

    >>> format_time(3725.0406, ",")
    '01:02:05,041'
    """
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{mark}{rest % 1000:03}"


def manifest(
    characters: int, lines: Iterable[TranscriptLine], silences: Iterable[Silence]
) -> Manifest:
    """Returns spoken and silent runs, merged in the order of the source."""
    silent = sorted(silences, key=lambda silence: silence.span.start)
    starts = [silence.span.start for silence in silent]
    entries, flagged = list[ManifestEntry](), list[FlaggedPlace]()
    for line in lines:
        entries += _entries(line, silent, starts)
        flagged += line.flagged
    entries += map(_silent, silent)
    entries.sort(key=lambda entry: (entry.span.start, entry.span.end))
    whole = tuple(entry for entry in entries if entry.span.end > entry.span.start)
    return msgspec.structs.replace(_counted(characters, whole), flagged=tuple(flagged))


def unplanned_manifest(record: JobRecord) -> Manifest:
    """Returns the manifest of a job that was never planned: the whole source is one entry."""
    states = {"cancelled": "cancelled", "failed": "failed"}
    status = states.get(record.state, "pending")
    reason = record.error.code if record.error else None
    length = record.source.characters
    return _counted(length, (ManifestEntry(Span(0, length), status, None, reason),))  # type: ignore[arg-type]


def _entries(
    line: TranscriptLine, silences: Sequence[Silence], starts: Sequence[int]
) -> Iterator[ManifestEntry]:
    """Yields the runs of a line around the silences inside it."""
    position, end = line.span.start, line.span.end
    for number in range(bisect_left(starts, position), bisect_left(starts, end)):
        inside = silences[number].span
        yield ManifestEntry(Span(position, inside.start), line.status, line.part, line.error)
        position = inside.end
    yield ManifestEntry(Span(position, end), line.status, line.part, line.error)


def _silent(silence: Silence) -> ManifestEntry:
    return ManifestEntry(silence.span, "silent", None, silence.reason)


def _counted(characters: int, entries: tuple[ManifestEntry, ...]) -> Manifest:
    counts: Counter[str] = Counter()
    for entry in entries:
        counts[entry.status] += entry.span.end - entry.span.start
    return Manifest(characters=characters, counts=dict(counts), entries=entries)


def read_lines(blocks: Iterable[bytes]) -> tuple[TranscriptHead, Iterator[TranscriptLine]]:
    """Returns a stored transcript, read as its lines are asked for.

    That of a long book has tens of MB.
    """
    rows, decoder = _rows(blocks), msgspec.json.Decoder(TranscriptLine)
    head = msgspec.json.decode(next(rows, b""), type=TranscriptHead)
    return head, map(decoder.decode, rows)


def _rows(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yields lines, wherever the blocks end.

    >>> list(_rows([b"a\\nb", b"c\\n", b"d"]))
    [b'a', b'bc', b'd']
    """
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        yield from whole
    if rest:
        yield rest
