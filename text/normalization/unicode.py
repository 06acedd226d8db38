"""Unicode folding: source text made uniform, every character with its place in the source.

Verbalization rules see straight quotes, one kind of dash, ASCII digits and composed letters;
spans are in the source's own code points.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from core.errors import TextError
from core.text import Span

_FOLDED = {
    **dict.fromkeys("‘’‚‛ʼ′`´", "'"),
    **dict.fromkeys("“”„‟″«»‹›「」『』", '"'),
    **dict.fromkeys("‐‑", "-"),
    "\u00ad": "",
    "№": "No. ",
    "−": "-",
    "―": "—",
    "⸺": "—",
    "…": "…",
    "⁄": "/",
    "\u2028": "\n",
    "\u2029": "\n",
    "\t": " ",
    "’": "'",
    "。": ".",
    "、": ",",
    "¿": "",
    "¡": "",
}
_KEPT = frozenset("½¼¾⅓⅔⅛⅜⅝⅞⅕⅖⅗⅘⅙⅚°™©®…€£¥₹µ")
"""Compatibility characters that the rules know by themselves."""
_EXPONENTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-", strict=True))
"""Raised figures read like 10^-3."""
_INVISIBLE = frozenset(("Cf", "Mn", "Me", "Cn", "Co"))


@dataclass(slots=True)
class FoldedText:
    """Uniform text and where each character comes from.

    Attributes:
        text: uniform characters.
        starts, ends: per character of ``text`` the source's half-open span, in code points.
    """

    text: str = ""
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    def span(self, start: int, end: int) -> Span:
        """Returns the source span of ``text[start:end]``, which is not empty."""
        return Span(self.starts[start], self.ends[end - 1])


def fold(characters: Iterable[tuple[str, int, int]], *, name: str = "text") -> FoldedText:
    """Returns the characters made uniform.

    Args:
        characters: (character, source start, source end).
        name: the request's field, for errors.

    Raises:
        TextError: a control character.

    >>> fold([("’", 0, 1), ("e", 1, 2), ("\\u0301", 2, 3)]).text
    "'é"
    """
    out: list[str] = []
    content = FoldedText()
    raised = marks = False
    for character, start, end in characters:
        folded = _fold(character, start, name)
        exponent = _EXPONENTS.get(character)
        if exponent is not None:
            if not raised:
                marks = _is_reference(out)
                folded = "^" + exponent
            else:
                folded = exponent
            folded = "" if marks and exponent.isdigit() else folded
        elif character in "ºª" and out and out[-1].isdigit():
            folded = "°"
        raised = exponent is not None
        for piece in folded:
            if out and unicodedata.combining(piece):
                joined = unicodedata.normalize("NFC", out[-1] + piece)
                if len(joined) == 1:
                    out[-1], content.ends[-1] = joined, end
                continue
            out.append(piece)
            content.starts.append(start)
            content.ends.append(end)
    content.text = "".join(out)
    return content


def _is_reference(before: list[str]) -> bool:
    """Returns whether a raised figure is the number of a verse or footnote, not an exponent.

    It is where it follows a word, punctuation or nothing; "km" and "x" are no words.
    """
    if not before or before[-1].isspace() or before[-1] in ".,;:!?\"'":
        return True
    return len(before) > 3 and all(character.isalpha() for character in before[-4:])


def _fold(character: str, position: int, name: str) -> str:
    if (" " <= character <= "~" and character != "`") or character == "\n":
        return character
    folded = _FOLDED.get(character)
    if folded is not None:
        return folded
    if character == "\r":
        return "\n"
    category = unicodedata.category(character)
    if category in ("Cc", "Cs"):
        message = f"control character U+{ord(character):04X} at position {position}"
        allowed = "printable characters, tabs and line breaks"
        raise TextError(name, message, allowed=allowed, code="control_character")
    if character in _KEPT or unicodedata.combining(character):
        return character
    if category in _INVISIBLE:
        return ""
    if category == "Zs":
        return " "
    if category == "Nd":
        return str(unicodedata.digit(character))
    decomposed = unicodedata.normalize("NFKC", character)
    return "".join(_FOLDED.get(c, c) for c in decomposed)
