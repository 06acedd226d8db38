"""Pictures, judged by their bytes: names and declared types are often wrong."""

from __future__ import annotations

MAX_COVER_BYTES = 15 * 2**20
"""FLAC's blocks hold 16 MiB at most; a cover of a book has less than two."""
_SIGNATURES = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))
"""First bytes. Source: PNG 3 §5.2; JPEG (T.81) B.1.1.3."""


def picture_type(data: bytes) -> str:
    """Returns the media type of a picture that tags of sound files carry; empty = they do not.

    MP4 and ID3 tags carry JPEG and PNG.

    >>> picture_type(b"GIF89a"), picture_type(b"\\xff\\xd8\\xff\\xe0")
    ('', 'image/jpeg')
    """
    if len(data) > MAX_COVER_BYTES:
        return ""
    return next((kind for start, kind in _SIGNATURES if data.startswith(start)), "")
