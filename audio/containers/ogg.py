"""Comment headers of Ogg files (Vorbis, Opus), with pages numbered and summed anew.

Source: RFC 3533 (pages); Vorbis I §4.2 (three header packets); RFC 7845 §5 (two header packets).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from audio.containers.rewrite import rewrite
from audio.containers.vorbis_comment import comment_block, comments, picture_field, vendor_of
from audio.tags import ChapterMark, Tags

PAGE = struct.Struct("<4sBBqIIIB")
"""Capture pattern, version, flags, granule position, serial number, page number, checksum,
segments."""
CONTINUED = 1
"""Flag: the page begins within a packet."""
SEGMENTS = 255
"""Most segments of a page, and most bytes of a segment; a shorter one ends a packet."""
NO_PACKET_ENDS = -1
"""Granule position of a page in which no packet ends. Source: RFC 3533 §6."""
VORBIS, OPUS = b"\x03vorbis", b"OpusTags"
"""How the comment packets begin."""

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True)
class OggPage:
    """A page.

    Attributes:
        flags: CONTINUED, first of the stream (2), last (4).
        granule: position after the last packet that ends in it.
        serial: of the stream.
        lacing: lengths of its segments.
        body: their bytes.
    """

    flags: int
    granule: int
    serial: int
    lacing: bytes
    body: bytes

    def encode(self, number: int) -> bytes:
        """Returns the page's bytes under a page number."""
        head = PAGE.pack(
            b"OggS", 0, self.flags, self.granule, self.serial, number, 0, len(self.lacing)
        )
        page = head + self.lacing + self.body
        return page[:22] + checksum(page).to_bytes(4, "little") + page[26:]


def tag_ogg(path: Path, tags: Tags, marks: Sequence[ChapterMark], sample_rate: int) -> None:
    """Writes tags, a picture and chapter marks into a finished file; its packets stay as they are.

    Args:
        path: the file, of one stream; comments that stand there are replaced.
        tags: of the file.
        marks: its chapters, each with samples; empty = none are written.
        sample_rate: of the marks [Hz].

    Raises:
        OSError: the disk refuses.
        ValueError: the file is no Ogg Vorbis or Ogg Opus file.
    """
    fields = comments(tags, marks, sample_rate)
    if tags.cover is not None:
        fields.append(picture_field(tags.cover))

    def copy(source: BinaryIO, target: BinaryIO) -> None:
        pages = read_pages(source)
        first = next(pages)
        packets = _header_packets(pages)
        kind = OPUS if packets[0].startswith(OPUS) else VORBIS
        if not packets[0].startswith(kind):
            raise ValueError("neither Vorbis nor Opus")
        block = comment_block(vendor_of(packets[0][len(kind) :]), fields)
        framing = b"\x01" if kind == VORBIS else b""
        target.write(first.encode(0))
        number = 1
        for page in paginate([kind + block + framing, *packets[1:]], first.serial):
            target.write(page.encode(number))
            number += 1
        for page in pages:
            target.write(page.encode(number))
            number += 1

    rewrite(path, copy)


def read_pages(source: BinaryIO) -> Iterator[OggPage]:
    """Reads pages to the end of a file. Raises ValueError where something else stands."""
    while head := source.read(PAGE.size):
        if len(head) < PAGE.size or head[:4] != b"OggS":
            raise ValueError("not an Ogg file")
        _, _, flags, granule, serial, _, _, segments = PAGE.unpack(head)
        lacing = source.read(segments)
        yield OggPage(flags, granule, serial, lacing, source.read(sum(lacing)))


def _header_packets(pages: Iterator[OggPage]) -> list[bytes]:
    """Reads the header packets behind the first: a comment, and for Vorbis a setup.

    The first packet of audio begins a page of its own, so whole pages are taken.
    """
    packets, open_packet = list[bytes](), b""
    for page in pages:
        at = 0
        for length in page.lacing:
            open_packet += page.body[at : at + length]
            at += length
            if length < SEGMENTS:
                packets.append(open_packet)
                open_packet = b""
        wanted = 1 if packets and packets[0].startswith(OPUS) else 2
        if len(packets) == wanted and not open_packet:
            return packets
        if len(packets) > wanted:
            break
    raise ValueError("the headers of the Ogg stream do not end")


def paginate(packets: Sequence[bytes], serial: int) -> Iterator[OggPage]:
    """Returns header packets as pages, one packet right behind the other."""
    lengths, ends = list[int](), list[bool]()
    for packet in packets:
        whole, rest = divmod(len(packet), SEGMENTS)
        lengths += [SEGMENTS] * whole + [rest]
        ends += [False] * whole + [True]
    body, at, continued = b"".join(packets), 0, False
    for start in range(0, len(lengths), SEGMENTS):
        lacing = lengths[start : start + SEGMENTS]
        end = at + sum(lacing)
        granule = 0 if any(ends[start : start + SEGMENTS]) else NO_PACKET_ENDS
        yield OggPage(CONTINUED * continued, granule, serial, bytes(lacing), body[at:end])
        continued, at = not ends[start + len(lacing) - 1], end


def checksum(page: bytes) -> int:
    """Returns Ogg's CRC-32 of a page whose checksum field is zero.

    Ogg feeds the polynomial of zlib's CRC with the highest bit first and starts from 0. zlib feeds
    the lowest bit first: with the bits of every byte and of the result turned round both agree.
    Source: RFC 3533 §6, polynomial 0x04c11db7.

    >>> hex(checksum(b"123456789"))
    '0x89a1897f'
    """
    turned = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(turned.to_bytes(4, "little").translate(_REVERSED), "big")
