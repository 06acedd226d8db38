"""Comments and pictures as FLAC, Ogg Vorbis and Ogg Opus share them.

Source: Xiph.Org, "Ogg Vorbis I format specification: comment field and header specification"; RFC
7845 §5.2 (Opus); RFC 9639 §8.6, §8.8 (FLAC); Xiph wiki, "Chapter Extension" (CHAPTERxxx).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence

from audio.tags import FRONT_COVER, ChapterMark, Tags
from core.book import Cover

Comment = tuple[str, str]
"""A field's name in capitals and its value."""
PICTURE_FIELD = "METADATA_BLOCK_PICTURE"
"""Holds a picture in Ogg, in base64. Source: Xiph wiki, "VorbisComment", cover art."""
CHAPTERS = 999
"""Marks that the field names count: three digits."""


def comments(tags: Tags, marks: Sequence[ChapterMark], sample_rate: int) -> list[Comment]:
    """Returns tags and chapter marks as fields, the picture left out.

    Args:
        tags: of the file.
        marks: its chapters, each with samples; past the 999th they have no name and are left out.
        sample_rate: of the marks [Hz].
    """
    values: dict[str, Sequence[str]] = {
        "TITLE": [tags.title],
        "SUBTITLE": [tags.subtitle],
        "ARTIST": tags.authors,
        "ALBUM": [tags.album],
        "GENRE": [tags.genre],
        "TRACKNUMBER": [str(tags.track) if tags.track else ""],
        "TRACKTOTAL": [str(tags.tracks) if tags.tracks else ""],
        "COMPOSER": tags.narrators,
        "TRANSLATOR": tags.translators,
        "DATE": [tags.date],
        "PUBLISHER": [tags.publisher],
        "DESCRIPTION": [tags.description],
        "LANGUAGE": [tags.language],
        "ISBN": [tags.isbn],
        "ASIN": [tags.asin],
        "SERIES": [tags.series],
        "SERIES-PART": [tags.series_part],
        "GROUPING": [tags.grouping],
    }
    fields = [(name, text) for name, texts in values.items() for text in texts if text]
    return [*fields, *_chapter_fields(marks, sample_rate)]


def _chapter_fields(marks: Sequence[ChapterMark], sample_rate: int) -> Iterator[Comment]:
    for number, mark in enumerate(marks[:CHAPTERS], 1):
        yield f"CHAPTER{number:03d}", clock_time(mark.start, sample_rate)
        yield f"CHAPTER{number:03d}NAME", mark.title


def clock_time(sample: int, sample_rate: int) -> str:
    """Returns hours, minutes, seconds and milliseconds.

    >>> clock_time(22050 * 3661 + 11025, 22050)
    '01:01:01.500'
    """
    milliseconds = (2000 * sample + sample_rate) // (2 * sample_rate)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


def picture_field(cover: Cover) -> Comment:
    """Returns a picture as a field for Ogg, which has no block of its own for it."""
    return PICTURE_FIELD, base64.b64encode(picture_block(cover)).decode("ascii")


def picture_block(cover: Cover) -> bytes:
    """Returns a FLAC PICTURE block's content; sizes and colours of 0 = not known."""
    media_type = cover.media_type.encode("ascii")
    parts = [
        FRONT_COVER.to_bytes(4, "big"),
        len(media_type).to_bytes(4, "big") + media_type,
        bytes(4),  # an empty description
        bytes(16),  # width, height, depth, colours
        len(cover.data).to_bytes(4, "big") + cover.data,
    ]
    return b"".join(parts)


def comment_block(vendor: bytes, fields: Sequence[Comment]) -> bytes:
    """Returns vendor and fields in their binary form, without any codec's frame around them."""
    lines = [f"{name}={value}".encode() for name, value in fields]
    counted = [len(line).to_bytes(4, "little") + line for line in lines]
    return b"".join(
        [len(vendor).to_bytes(4, "little"), vendor, len(lines).to_bytes(4, "little"), *counted]
    )


def vendor_of(block: bytes) -> bytes:
    """Returns the vendor, the encoder's own name, from a comment block."""
    return block[4 : 4 + int.from_bytes(block[:4], "little")]
