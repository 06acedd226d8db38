"""Bytes of text files to text: Unicode by its marks."""

from __future__ import annotations

import codecs

from core.errors import FieldError

ALLOWED = "UTF-8, or UTF-16 with a byte order mark"


def decode_text(data: bytes) -> str:
    """Decodes a text file: UTF-8, with or without its mark, or UTF-16 with it.

    Raises:
        FieldError: the file is in another encoding, or no text.
    """
    marked = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    encoding = "utf-16" if data.startswith(marked) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        message = f"the text is not {encoding.removesuffix('-sig').upper()}: byte {error.start}"
        raise FieldError("file", message, allowed=ALLOWED) from error
    if "\0" in text:
        raise FieldError("file", "the file is no text: it holds NUL characters", allowed=ALLOWED)
    return text
