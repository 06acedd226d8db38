"""Boxes, of which MP4 files are built. Source: ISO/IEC 14496-12 §4.2."""

from __future__ import annotations


def box(kind: str, *content: bytes) -> bytes:
    """Returns a box: its size, its type (four characters of Latin-1) and its content.

    >>> box("free", b"ab").hex()
    '0000000a667265656162'
    """
    body = b"".join(content)
    return (8 + len(body)).to_bytes(4, "big") + kind.encode("latin-1") + body


def full_box(kind: str, *content: bytes, version: int = 0, flags: int = 0) -> bytes:
    """Returns a box that begins with a version and 24 flags."""
    return box(kind, bytes([version]) + flags.to_bytes(3, "big"), *content)


def u16(*numbers: int) -> bytes:
    """Returns 16-bit numbers, highest byte first."""
    return b"".join(number.to_bytes(2, "big") for number in numbers)


def u32(*numbers: int) -> bytes:
    """Returns 32-bit numbers, highest byte first."""
    return b"".join(number.to_bytes(4, "big") for number in numbers)


def u64(*numbers: int) -> bytes:
    """Returns 64-bit numbers, highest byte first."""
    return b"".join(number.to_bytes(8, "big") for number in numbers)
