"""Cleaners and ids of the reference front ends, for imported voices and for parity.

A voice trained with the references' spelling needs what they wrote, faults included. Our own
front end reads better and is used for everything else.

Source: keithito/tacotron text/cleaners.py, text/numbers.py as in NVIDIA/tacotron2@185cd24 and
ming024/FastSpeech2@d4e79eb (behaviour rebuilt from figures, no code taken).
Differs: transliteration knows Latin, Greek, Cyrillic and common signs; the reference also
romanizes Chinese and all other scripts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from text.g2p.symbols import PADDING, SymbolTable
from text.normalization.numbers import cardinal, ordinal_form

_TITLES = {
    "mrs": "misess",
    "mr": "mister",
    "dr": "doctor",
    "st": "saint",
    "co": "company",
    "jr": "junior",
    "maj": "major",
    "gen": "general",
    "drs": "doctors",
    "rev": "reverend",
    "lt": "lieutenant",
    "hon": "honorable",
    "sgt": "sergeant",
    "capt": "captain",
    "esq": "esquire",
    "ltd": "limited",
    "col": "colonel",
    "ft": "fort",
}
_TITLE = re.compile(rf"\b({'|'.join(_TITLES)})\.", re.IGNORECASE)
_CYRILLIC = """а a б b в v г g д d е e ё io ж zh з z и i й i к k л l м m н n о o п p р r с s т t
у u ф f х kh ц ts ч ch ш sh щ shch ы y э e ю iu я ia""".split()  # noqa: SIM905
_GREEK = """α a β b γ g δ d ε e ζ z η e θ th ι i κ k λ l μ m ν n ξ x ο o π p ρ r σ s ς s τ t
υ u φ ph χ kh ψ ps ω o""".split()  # noqa: SIM905
_LETTERS = dict(
    zip((*_CYRILLIC[::2], *_GREEK[::2]), (*_CYRILLIC[1::2], *_GREEK[1::2]), strict=True)
)
_SIGNS = {
    "£": "PS",
    "€": "EUR",
    "¥": "Y=",
    "°": "deg",
    "™": "(tm)",
    "©": "(c)",
    "®": "(r)",
    "…": "...",
    "—": "--",
    "–": "-",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "ß": "ss",
    "æ": "ae",
    "Æ": "AE",
    "ø": "o",
    "Ø": "O",
    "œ": "oe",
    "đ": "d",
    "ł": "l",
    "þ": "th",
    "ð": "d",
    "\u00a0": " ",
    "½": "1/2",
    "¼": "1/4",
    "¾": "3/4",
    "²": "2",
    "³": "3",
}


def transliterate(text: str) -> str:
    """Returns the ASCII nearest to a text; other characters are dropped, as the reference does.

    >>> transliterate("Café – straße £5")
    'Cafe - strasse PS5'
    """
    return text if text.isascii() else "".join(_transliterate(c) for c in text)


def _transliterate(character: str) -> str:
    if character.isascii():
        return character
    known = _SIGNS.get(character) or _LETTERS.get(character.lower())
    if known is not None:
        return known.capitalize() if character.isupper() and character not in _SIGNS else known
    return unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()


def basic_cleaners(text: str) -> str:
    """Returns the text in lower case with single spaces."""
    return re.sub(r"\s+", " ", text.lower())


def transliteration_cleaners(text: str) -> str:
    """Returns the text in ASCII, lower case, with single spaces."""
    return basic_cleaners(transliterate(text))


def english_cleaners(text: str) -> str:
    """Returns the text in ASCII, lower case, with numbers and titles in words.

    >>> english_cleaners("Dr. Who paid $3.50.")
    'doctor who paid three dollars, fifty cents.'
    """
    lowered = _numbers(transliterate(text).lower())
    expanded = _TITLE.sub(lambda match: _TITLES[match[1].lower()], lowered)
    return re.sub(r"\s+", " ", expanded)


def _numbers(text: str) -> str:
    text = re.sub(r"[0-9][0-9,]+[0-9]", lambda m: m[0].replace(",", ""), text)
    text = re.sub(r"£([0-9,]*[0-9]+)", r"\1 pounds", text)
    text = re.sub(r"\$([0-9.,]*[0-9]+)", lambda m: _dollars(m[1]), text)
    text = re.sub(r"([0-9]+\.[0-9]+)", lambda m: m[1].replace(".", " point "), text)
    text = re.sub(r"[0-9]+(?:st|nd|rd|th)", lambda m: _ordinal(int(m[0][:-2])), text)
    return re.sub(r"[0-9]+", lambda m: _number(int(m[0])), text)


def _dollars(text: str) -> str:
    parts = text.split(".")
    if len(parts) > 2:
        return f"{text} dollars"
    dollars = int(parts[0]) if parts[0] else 0
    cents = int(parts[1]) if len(parts) > 1 and parts[1] else 0
    words = []
    if dollars:
        words.append(f"{dollars} {'dollar' if dollars == 1 else 'dollars'}")
    if cents:
        words.append(f"{cents} {'cent' if cents == 1 else 'cents'}")
    return ", ".join(words) or "zero dollars"


def _number(number: int) -> str:
    if not 1000 < number < 3000:
        return _grouped(number)
    if number == 2000:
        return "two thousand"
    if 2000 < number < 2010:
        return "two thousand " + _grouped(number % 100)
    if number % 100 == 0:
        return _grouped(number // 100) + " hundred"
    century, rest = divmod(number, 100)
    return f"{_grouped(century)} {'oh ' if rest < 10 else ''}{_grouped(rest)}"


def _grouped(number: int, joint: str = " ") -> str:
    """Returns a number with commas between its groups: one thousand, two hundred thirty-four.

    Args:
        number: not negative.
        joint: stands before the last two digits.
    """
    groups = []
    rest = number
    for power in range(len(_POWERS) - 1, -1, -1):
        value, rest = divmod(rest, 1000**power)
        if value:
            groups.append(_group(value, power, joint))
    last = groups.pop() if number % 1000 in range(1, 100) else ""
    return joint.join(part for part in (", ".join(groups), last) if part) or "zero"


def _ordinal(number: int) -> str:
    """Returns an ordinal, with "and" unlike the cardinals, as the reference does.

    >>> _ordinal(1121)
    'one thousand, one hundred and twenty-first'
    """
    return re.sub(r"[a-z]+$", lambda match: ordinal_form(match[0]), _grouped(number, " and "))


_POWERS = ("", " thousand", " million", " billion", " trillion", " quadrillion", " quintillion")


def _group(value: int, power: int, joint: str) -> str:
    hundreds, rest = divmod(value, 100)
    words = f"{' '.join(cardinal(hundreds))} hundred" if hundreds else ""
    tail = "-".join(cardinal(rest)) if rest else ""
    return joint.join(part for part in (words, tail) if part) + _POWERS[power]


CLEANERS: dict[str, Callable[[str], str]] = {
    "english_cleaners": english_cleaners,
    "basic_cleaners": basic_cleaners,
    "transliteration_cleaners": transliteration_cleaners,
}
_BRACES = re.compile(r"(.*?)\{(.+?)\}(.*)", re.DOTALL)


def reference_ids(text: str, table: SymbolTable, cleaners: str = "english_cleaners") -> list[int]:
    """Returns ids as the reference gives them: text cleaned, {ARPAbet} taken as it stands.

    Unlike our own front end this drops unknown symbols without a notice, as the reference does.
    Differs: "_" is never a symbol; NVIDIA's Tacotron 2 compares it by identity and may let it
    through as id 0, which is padding.
    """
    symbols: list[str] = []
    clean = CLEANERS[cleaners]
    while match := _BRACES.match(text):
        symbols += list(clean(match[1])) + [f"@{name}" for name in match[2].split()]
        text = match[3]
    symbols += list(clean(text))
    return list(table.ids(s for s in symbols if s in table and s != PADDING))
