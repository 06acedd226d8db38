"""Metadata blocks of FLAC files. Source: RFC 9639 §8."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from audio.containers.rewrite import copy_rest, rewrite
from audio.containers.vorbis_comment import comment_block, comments, picture_block, vendor_of
from audio.tags import ChapterMark, Tags

MARKER = b"fLaC"
PADDING, VORBIS_COMMENT, PICTURE = 1, 4, 6
"""Types of blocks. Source: RFC 9639 §8.1."""
LAST = 0x80
"""Bit of the last block's type."""
BLOCK_BYTES = 2**24 - 1
"""Longest block. Source: RFC 9639 §8.1."""


def tag_flac(path: Path, tags: Tags, marks: Sequence[ChapterMark], sample_rate: int) -> None:
    """Writes tags, a picture and chapter marks into a finished file; its frames stay as they are.

    Args:
        path: the file; comments and pictures that stand there are replaced.
        tags: of the file. A cover too long for a block is left out.
        marks: its chapters, each with samples; empty = none are written.
        sample_rate: of the marks [Hz].

    Raises:
        OSError: the disk refuses.
        ValueError: the file is no FLAC file.
    """

    def copy(source: BinaryIO, target: BinaryIO) -> None:
        blocks = _read_blocks(source)
        vendor = next((vendor_of(data) for kind, data in blocks if kind == VORBIS_COMMENT), b"")
        kept = [b for b in blocks if b[0] not in (PADDING, VORBIS_COMMENT, PICTURE)]
        kept.append((VORBIS_COMMENT, comment_block(vendor, comments(tags, marks, sample_rate))))
        if tags.cover is not None:
            picture = picture_block(tags.cover)
            if len(picture) <= BLOCK_BYTES:
                kept.append((PICTURE, picture))
        target.write(MARKER)
        for number, (kind, data) in enumerate(kept, 1):
            flag = LAST if number == len(kept) else 0
            target.write(bytes([kind | flag]) + len(data).to_bytes(3, "big") + data)
        copy_rest(source, target)

    rewrite(path, copy)


def _read_blocks(source: BinaryIO) -> list[tuple[int, bytes]]:
    """Reads types and contents of all blocks; the stream then stands at the first frame."""
    if source.read(4) != MARKER:
        raise ValueError("not a FLAC file")
    blocks: list[tuple[int, bytes]] = []
    last = False
    while not last:
        head = source.read(4)
        last = bool(head[0] & LAST)
        blocks.append((head[0] & ~LAST, source.read(int.from_bytes(head[1:], "big"))))
    return blocks
