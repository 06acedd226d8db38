"""What a sound file says of itself: tags and chapter marks, whatever the container."""

from __future__ import annotations

from dataclasses import dataclass

from core.book import Cover
from core.request import BookFacts

FRONT_COVER = 3
"""Kind of picture. Source: ID3v2.4.0 frames §4.14; RFC 9639 §8.8 (the same list)."""


@dataclass(frozen=True, slots=True)
class ChapterMark:
    """Where a chapter stands in a file's samples.

    Attributes:
        title: of the chapter.
        start: its first sample.
        samples: how many; may be 0.
    """

    title: str
    start: int
    samples: int

    @property
    def end(self) -> int:
        """The sample behind its last one."""
        return self.start + self.samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """Tags of a file; what is empty is not written.

    Attributes:
        title: of this file: the book, or one of its chapters.
        authors: in the book's order.
        subtitle: of the book.
        album: the book.
        genre: kind of content.
        track, tracks: number of this file, from 1, and of how many; 0 = none.
        cover: JPEG or PNG.
        narrators: who reads; for synthesized speech the voice.
        translators: in the book's order.
        date: of publication, an ISO 8601 date or its year.
        publisher: of the book.
        description: of the book, plain text.
        language: BCP 47 tag.
        isbn: digits, hyphens allowed.
        asin: Amazon's identifier.
        series, series_part: name of the book's series and its place in it ("1", "2.5").
    """

    title: str
    authors: tuple[str, ...] = ()
    subtitle: str = ""
    album: str = ""
    genre: str = "Audiobook"
    track: int = 0
    tracks: int = 0
    cover: Cover | None = None
    narrators: tuple[str, ...] = ()
    translators: tuple[str, ...] = ()
    date: str = ""
    publisher: str = ""
    description: str = ""
    language: str = ""
    isbn: str = ""
    asin: str = ""
    series: str = ""
    series_part: str = ""

    @property
    def grouping(self) -> str:
        """The series as one line, as Audiobookshelf reads it; empty without a series.

        >>> Tags(title="T", series="Barsetshire", series_part="2").grouping
        'Barsetshire #2'
        """
        return f"{self.series} #{self.series_part}" if self.series_part else self.series


def tags_of_book(book: BookFacts, narrator: str, cover: Cover | None) -> Tags:
    """Returns the tags of a whole book.

    Args:
        book: its facts.
        narrator: the voice that reads it; whoever read another edition is not named.
        cover: its picture.
    """
    metadata = book.metadata
    return Tags(
        title=book.title,
        authors=book.authors,
        subtitle=metadata.subtitle,
        album=book.title,
        cover=cover,
        narrators=(narrator,),
        translators=metadata.translators,
        date=metadata.published,
        publisher=metadata.publisher,
        description=metadata.description,
        language=book.language,
        isbn=metadata.isbn,
        series=metadata.series,
        series_part=metadata.series_number,
    )


UNDETERMINED = "und"
"""Source: ISO 639-2."""
ISO_639_2 = {
    "ar": "ara", "bg": "bul", "ca": "cat", "cs": "ces", "cy": "cym", "da": "dan", "de": "deu",
    "el": "ell", "en": "eng", "es": "spa", "et": "est", "eu": "eus", "fa": "fas", "fi": "fin",
    "fr": "fra", "ga": "gle", "he": "heb", "hi": "hin", "hr": "hrv", "hu": "hun", "id": "ind",
    "is": "isl", "it": "ita", "ja": "jpn", "ko": "kor", "la": "lat", "lt": "lit", "lv": "lav",
    "nb": "nob", "nl": "nld", "nn": "nno", "no": "nor", "pl": "pol", "pt": "por", "ro": "ron",
    "ru": "rus", "sk": "slk", "sl": "slv", "sr": "srp", "sv": "swe", "tr": "tur", "uk": "ukr",
    "vi": "vie", "zh": "zho",
}  # fmt: skip
"""Codes of three letters, which ID3 and MP4 want, of languages that books name by two."""


def iso639_2(language: str) -> str:
    """Returns the three-letter code of a BCP 47 tag's language.

    >>> iso639_2("en-GB"), iso639_2("deu"), iso639_2("")
    ('eng', 'deu', 'und')
    """
    primary = language.replace("_", "-").split("-")[0].lower()
    if len(primary) == 3 and primary.isascii() and primary.isalpha():
        return primary
    return ISO_639_2.get(primary, UNDETERMINED)
