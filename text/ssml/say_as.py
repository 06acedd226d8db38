"""How text inside <say-as> is read."""

from __future__ import annotations

import re
from collections.abc import Callable

from text.normalization.numbers import cardinal, digits, fraction, number, ordinal, year
from text.normalization.tables.quantities import MONTHS
from text.normalization.tables.signs import SYMBOLS
from text.normalization.tokens import letters

_NAMED = {".": "dot", "-": "dash", "_": "underscore", ",": "comma", ":": "colon", "*": "star"} | {
    "!": "exclamation mark",
    "?": "question mark",
    "'": "apostrophe",
    '"': "quote",
    ";": "semicolon",
    "(": "open parenthesis",
    ")": "close parenthesis",
}
_DATE_FORMATS = frozenset(("mdy", "dmy", "ymd", "md", "dm", "ym", "my", "d", "m", "y", "ydm"))


def say_as(text: str, interpretation: str, form: str) -> list[str] | None:
    """Returns the words of a text under an interpretation; None where ordinary rules do it.

    Raises:
        ValueError: an unknown interpretation or format, or the text does not fit.

    >>> say_as("2/3/2024", "date", "dmy")
    ['march', 'second', ',', 'twenty', 'twenty', 'four']
    """
    verbalize = VERBALIZERS.get(interpretation)
    if verbalize is None:
        if interpretation in ORDINARY:
            return None
        known = ", ".join(sorted((*VERBALIZERS, *ORDINARY)))
        raise ValueError(f"say-as {interpretation!r}; known are {known}")
    words = verbalize(text.strip(), form)
    if not words:
        raise ValueError(f"{text.strip()!r} cannot be read as {interpretation}")
    return words


def _cardinal(text: str, form: str) -> list[str]:
    match = re.fullmatch(r"([-+]?)((?:\d[\d,]*)(?:\.\d+)?|\.\d+)", text)
    if match is None:
        return []
    sign = {"-": ["minus"], "+": ["plus"], "": []}[match[1]]
    plain = match[2].replace(",", "")
    whole = plain.partition(".")[0]
    if len(whole) <= 15:
        plain = str(int(whole or "0")) + plain[len(whole) :]
    return [*sign, *number(plain)]


def _ordinal(text: str, form: str) -> list[str]:
    match = re.fullmatch(r"(\d[\d,]{0,17})(?:st|nd|rd|th)?", text)
    return ordinal(int(match[1].replace(",", ""))) if match else []


def _spelled(text: str, form: str) -> list[str]:
    words: list[str] = []
    for character in text:
        name = _NAMED.get(character) or SYMBOLS.get(character)
        if character.isascii() and character.isalnum():
            words += letters(character)
        elif name:
            words += name.split()
        elif not character.isspace():
            return []
    return words


def _digits(text: str, form: str) -> list[str]:
    return digits(text) if re.fullmatch(r"[\d\s.,-]*\d[\d\s.,-]*", text) else []


def _telephone(text: str, form: str) -> list[str]:
    if not re.fullmatch(r"[\d\s().+x#*-]*\d[\d\s().+x#*-]*", text):
        return []
    words = ["plus"] if text.startswith("+") else []
    for i, group in enumerate(re.findall(r"\d+", text)):
        words += ([","] if i else []) + (
            ["eight", "hundred"] if group == "800" else digits(group, "oh")
        )
    return words


def _date(text: str, form: str) -> list[str]:
    form = form.strip().lower().replace("yyyy", "y").replace("mm", "m").replace("dd", "d") or "mdy"
    if form not in _DATE_FORMATS:
        raise ValueError(f"date format {form!r}; known are {', '.join(sorted(_DATE_FORMATS))}")
    parts = re.findall(r"\d+", text)
    if len(parts) != len(form) or not re.fullmatch(r"[\d\s./-]+", text):
        return []
    values = {key: int(part) for key, part in zip(form, parts, strict=True) if len(part) < 5}
    month, day = values.get("m", 1), values.get("d", 1)
    if len(values) != len(parts) or not (1 <= month <= 12 and 1 <= day <= 31):
        return []
    words = [MONTHS[month - 1]] if "m" in values else []
    words += ordinal(day) if "d" in values else []
    if "y" in values:
        words += [",", *year(values["y"])] if "d" in values else year(values["y"])
    return words


def _fraction(text: str, form: str) -> list[str]:
    match = re.fullmatch(r"(?:(\d{1,15})\s*\+?\s+)?(\d{1,15})\s*/\s*(\d{1,15})", text)
    if match is None or int(match[3]) == 0:
        return []
    part = fraction(int(match[2]), int(match[3]))
    return [*cardinal(int(match[1])), "and", *part] if match[1] else part


VERBALIZERS: dict[str, Callable[[str, str], list[str]]] = {
    "cardinal": _cardinal,
    "number": _cardinal,
    "ordinal": _ordinal,
    "characters": _spelled,
    "spell-out": _spelled,
    "verbatim": _spelled,
    "digits": _digits,
    "telephone": _telephone,
    "date": _date,
    "fraction": _fraction,
}
ORDINARY = frozenset(("time", "currency", "unit", "address", "name"))
"""Interpretations that the ordinary rules make by themselves."""
