"""ID3v2.4 tags of MP3 files, with chapter marks.

Source: id3.org, ID3v2.4.0 main structure and native frames; ID3v2 Chapter Frame Addendum 1.0 (CHAP,
CTOC).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from audio.containers.rewrite import copy_rest, rewrite
from audio.tags import FRONT_COVER, ChapterMark, Tags, iso639_2

HEADER_BYTES = 10
UTF_8 = b"\x03"
"""Text encoding. Source: ID3v2.4.0 structure §4."""
NAMES = ", "
"""Between names. ID3v2.4 would have NUL there, behind which FFmpeg and what stands on it see
nothing."""
NO_OFFSET = b"\xff\xff\xff\xff"
"""Times count, byte offsets do not. Source: Chapter Frame Addendum §3.1."""
TOP_LEVEL, ORDERED = 2, 1
"""Flags of a table of contents. Source: Chapter Frame Addendum §3.2."""
CONTENTS_ENTRIES = 255
"""Children that one table of contents can count. Source: as above, entry count is one byte."""


def tag_mp3(path: Path, tags: Tags, marks: Sequence[ChapterMark], sample_rate: int) -> None:
    """Writes tags and chapter marks before a finished file's first frame.

    Args:
        path: the file; a tag that stands there is replaced.
        tags: of the file.
        marks: its chapters, each with samples; empty = none are written.
        sample_rate: of the marks [Hz].

    Raises:
        OSError: the disk refuses.
    """
    tag = id3_tag(tags, marks, sample_rate)

    def copy(source: BinaryIO, target: BinaryIO) -> None:
        source.seek(tag_length(source.read(HEADER_BYTES)))
        target.write(tag)
        copy_rest(source, target)

    rewrite(path, copy)


def id3_tag(tags: Tags, marks: Sequence[ChapterMark], sample_rate: int) -> bytes:
    """Returns a whole tag: its header and all frames."""
    frames = b"".join([*_text_frames(tags), *_other_frames(tags), *_chapters(marks, sample_rate)])
    return b"ID3\x04\x00\x00" + _synchsafe(len(frames)) + frames


def _text_frames(tags: Tags) -> Iterator[bytes]:
    track = f"{tags.track}/{tags.tracks}" if tags.tracks else str(tags.track)
    values = {
        b"TIT2": tags.title,
        b"TIT3": tags.subtitle,
        b"TPE1": NAMES.join(tags.authors),
        b"TALB": tags.album,
        b"TCON": tags.genre,
        b"TRCK": track if tags.track else "",
        b"TCOM": NAMES.join(tags.narrators),
        b"TDRC": tags.date,
        b"TPUB": tags.publisher,
        b"TIT1": tags.grouping,
        b"TLAN": iso639_2(tags.language) if tags.language else "",
    }
    yield from (_text(name, text) for name, text in values.items() if text)


def _other_frames(tags: Tags) -> Iterator[bytes]:
    named = {
        "TRANSLATOR": NAMES.join(tags.translators),
        "ISBN": tags.isbn,
        "ASIN": tags.asin,
        "SERIES": tags.series,
        "SERIES-PART": tags.series_part,
    }
    yield from (_text(b"TXXX", f"{name}\0{text}") for name, text in named.items() if text)
    if tags.description:
        language = iso639_2(tags.language).encode("ascii")
        text = tags.description.encode()
        yield _frame(b"COMM", UTF_8 + language + b"\x00" + text)
    if tags.cover is not None:
        mime, kind = tags.cover.media_type.encode("ascii"), bytes([FRONT_COVER])
        yield _frame(b"APIC", UTF_8 + mime + b"\x00" + kind + b"\x00" + tags.cover.data)


def _chapters(marks: Sequence[ChapterMark], sample_rate: int) -> Iterator[bytes]:
    """Chapters in milliseconds, and a table of contents that lists them in order.

    A table counts up to 255 entries: a book with more chapters gets tables below the first one.
    """
    if not marks:
        return
    names = [f"chp{number}".encode() for number in range(len(marks))]
    groups = [names[i : i + CONTENTS_ENTRIES] for i in range(0, len(names), CONTENTS_ENTRIES)]
    if len(groups) == 1:
        yield _contents(b"toc", TOP_LEVEL | ORDERED, names)
    else:
        tables = [f"toc{number}".encode() for number in range(len(groups))]
        yield _contents(b"toc", TOP_LEVEL | ORDERED, tables)
        for table, group in zip(tables, groups, strict=True):
            yield _contents(table, ORDERED, group)
    for name, mark in zip(names, marks, strict=True):
        times = b"".join(
            _milliseconds(sample, sample_rate).to_bytes(4, "big")
            for sample in (mark.start, mark.end)
        )
        title = _text(b"TIT2", mark.title)
        yield _frame(b"CHAP", name + b"\x00" + times + 2 * NO_OFFSET + title)


def _contents(name: bytes, flags: int, children: Sequence[bytes]) -> bytes:
    listed = b"".join(child + b"\x00" for child in children)
    return _frame(b"CTOC", name + b"\x00" + bytes([flags, len(children)]) + listed)


def _milliseconds(sample: int, sample_rate: int) -> int:
    return (2000 * sample + sample_rate) // (2 * sample_rate)


def _text(name: bytes, text: str) -> bytes:
    return _frame(name, UTF_8 + text.encode())


def _frame(name: bytes, content: bytes) -> bytes:
    return name + _synchsafe(len(content)) + b"\x00\x00" + content


def _synchsafe(number: int) -> bytes:
    """28 bits in four bytes whose highest bit is 0. Source: ID3v2.4.0 structure §6.2."""
    if number >= 2**28:
        raise ValueError(f"{number} bytes are more than an ID3 tag holds")
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def tag_length(head: bytes) -> int:
    """Returns the length of the tag that a file's first ten bytes announce, 0 = none."""
    return HEADER_BYTES + _from_synchsafe(head[6:]) if head[:3] == b"ID3" else 0


def _from_synchsafe(data: bytes) -> int:
    return sum(byte << shift for byte, shift in zip(data, (21, 14, 7, 0), strict=True))
