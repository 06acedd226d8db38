"""Bytes of text files to text: Unicode by its marks, else UTF-8, else Windows-1252."""

from __future__ import annotations

import codecs
import re

from core.errors import FieldError
from text.books.omissions import Omissions

ALLOWED = "UTF-8, UTF-16 with a byte order mark, or Windows-1252"
MAX_CONTROLS = 0.01
"""Share of control characters above which bytes are no text."""
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\x81\x8d\x8f\x90\x9d]")
"""Bytes that texts in Windows-1252 do not hold; the last five have no meaning in it."""


def decode_text(data: bytes, omissions: Omissions) -> str:
    """Decodes a text file: UTF-8, UTF-16 with its mark, else Windows-1252 with a remark.

    Args:
        data: the file.
        omissions: is told of a guessed encoding.

    Raises:
        FieldError: the file is in another encoding, or no text.
    """
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError as error:
        if marked or len(_CONTROLS.findall(data)) > MAX_CONTROLS * len(data):
            message = "the file is no text in an encoding that is known"
            raise FieldError("file", message, allowed=ALLOWED) from error
        message = f"the text is not UTF-8 (byte {error.start}); it is read as Windows-1252"
        omissions.remark("encoding_guessed", message)
        text = data.decode("cp1252", "replace")
    if "\0" in text:
        raise FieldError("file", "the file is no text: it holds NUL characters", allowed=ALLOWED)
    return text
