"""The list of tags in MP4 files (``ilst``) as Apple's and Audiobookshelf's software reads it.

Source: Apple, "QuickTime File Format", metadata atoms; mp4ra.org, registered ``ilst`` types;
advplyr/audiobookshelf server/scanner (which freeform names it reads).
"""

from __future__ import annotations

from collections.abc import Iterator

from audio.containers.boxes import box, full_box
from audio.tags import Tags

AUDIOBOOK = 2
"""Value of ``stik``: players sort the file under books and keep their place in it.

Source: Apple's iTunes metadata, "media kind" (2 = audiobook).
"""
IMPLICIT, UTF_8, JPEG, PNG, SIGNED = 0, 1, 13, 14, 21
"""Types of values. Source: QuickTime File Format, "well-known types"."""
MEAN = "com.apple.iTunes"
"""Namespace of freeform names."""


def metadata_box(tags: Tags) -> bytes:
    """Returns a ``meta`` box with all tags, for the movie's ``udta``."""
    handler = full_box("hdlr", bytes(4) + b"mdirappl" + bytes(9))
    return full_box("meta", handler + box("ilst", *_items(tags)))


def _items(tags: Tags) -> Iterator[bytes]:
    authors = ", ".join(tags.authors)
    texts = {
        "©nam": tags.title,
        "©ART": authors,
        "aART": authors,
        "©alb": tags.album,
        "©gen": tags.genre,
        "©wrt": ", ".join(tags.narrators),
        "©day": tags.date,
        "©grp": tags.grouping,
        "desc": tags.description,
        "ldes": tags.description,
    }
    yield from (_item(name, UTF_8, text.encode()) for name, text in texts.items() if text)
    yield _item("stik", SIGNED, bytes([AUDIOBOOK]))
    if tags.track:
        numbers = tags.track.to_bytes(2, "big") + tags.tracks.to_bytes(2, "big")
        yield _item("trkn", IMPLICIT, bytes(2) + numbers + bytes(2))
    if tags.cover is not None:
        kind = PNG if tags.cover.media_type == "image/png" else JPEG
        yield _item("covr", kind, tags.cover.data)
    freeform = {
        "SUBTITLE": tags.subtitle,
        "PUBLISHER": tags.publisher,
        "LANGUAGE": tags.language,
        "TRANSLATOR": ", ".join(tags.translators),
        "ISBN": tags.isbn,
        "ASIN": tags.asin,
        "SERIES": tags.series,
        "SERIES-PART": tags.series_part,
    }
    yield from (_freeform(name, text) for name, text in freeform.items() if text)


def _item(name: str, kind: int, value: bytes) -> bytes:
    return box(name, _value(kind, value))


def _freeform(name: str, text: str) -> bytes:
    mean, label = full_box("mean", MEAN.encode()), full_box("name", name.encode())
    return box("----", mean, label, _value(UTF_8, text.encode()))


def _value(kind: int, value: bytes) -> bytes:
    """A type, a locale of 0 (all) and the value."""
    return box("data", kind.to_bytes(4, "big") + bytes(4) + value)
