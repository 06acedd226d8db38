"""Control characters in texts: mended where their meaning is known, spaces where it is not."""

from __future__ import annotations

import re

from text.books.omissions import Omissions

_LAYOUT = dict.fromkeys(map(ord, "\u00ad\ufeff\u200b\u2060"))
"""Soft hyphens and zero-width marks: they say where a line may break and have no sound."""
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")


def clean(text: str, omissions: Omissions) -> str:
    """Returns a text with \\n as line ends and without control characters.

    Form feeds end paragraphs; C1 controls are what Windows-1252 means by them.

    Args:
        text: as decoded.
        omissions: is given a remark where there were any.

    >>> clean("co\\u00adoperate\\r\\nit\\x92s", Omissions())
    'cooperate\\nit’s'
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n").translate(_LAYOUT)
    if _CONTROLS.search(text):
        text = text.replace("\x85", "…")
        text = _CONTROLS.sub(_windows_character, text)
        omissions.remark("characters_mended", "control characters were mended or taken as spaces")
    return text


def _windows_character(control: re.Match[str]) -> str:
    try:
        character = control.group().encode("latin-1").decode("cp1252")
    except UnicodeDecodeError:  # five codes mean nothing
        return " "
    return " " if _CONTROLS.match(character) else character
