"""Number words. Every function returns a list of plain lower-case words."""

from __future__ import annotations

from functools import lru_cache

from num2words import num2words

LARGEST_CARDINAL = 10**15
"""From here on a number is read digit by digit: nobody follows "quadrillion"."""

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

_FRACTIONS = {2: ("half", "halves"), 4: ("quarter", "quarters")}


@lru_cache(maxsize=4096)
def _words(number: int, to: str) -> tuple[str, ...]:
    said: str = num2words(number, to=to)
    return tuple(w for w in said.replace("-", " ").replace(",", " ").split() if w != "and")


def cardinal(number: int) -> list[str]:
    """American reading, without "and".

    >>> cardinal(1293)
    ['one', 'thousand', 'two', 'hundred', 'ninety', 'three']
    """
    if abs(number) >= LARGEST_CARDINAL:
        return digits(str(number))
    return list(_words(number, "cardinal"))


def ordinal(number: int) -> list[str]:
    """
    >>> ordinal(21)
    ['twenty', 'first']
    """
    if number >= LARGEST_CARDINAL:
        return digits(str(number))
    return list(_words(number, "ordinal"))


def digits(text: str, zero: str = "zero") -> list[str]:
    """Digit by digit; other characters are passed over.

    >>> digits("1-05", zero="oh")
    ['one', 'oh', 'five']
    """
    return [DIGITS[int(c)] if c != "0" else zero for c in text if c in "0123456789"]


def year(number: int) -> list[str]:
    """
    >>> year(1905), year(2005), year(2019), year(1900)
    (['nineteen', 'oh', 'five'], ['two', 'thousand', 'five'], ['twenty', 'nineteen'], ['nineteen', 'hundred'])
    """  # noqa: E501
    century, rest = divmod(number, 100)
    if number < 1000 or number > 9999 or (century % 10 == 0 and rest < 10):
        return cardinal(number)
    if rest == 0:
        return [*cardinal(century), "hundred"]
    return [*cardinal(century), *(["oh"] if rest < 10 else []), *cardinal(rest)]


def number(text: str) -> list[str]:
    """A plain written number: thousands commas, a decimal point, leading zeros.

    >>> number("1,234.50"), number(".5"), number("007")
    (['one', 'thousand', 'two', 'hundred', 'thirty', 'four', 'point', 'five', 'zero'], ['point', 'five'], ['zero', 'zero', 'seven'])
    """  # noqa: E501
    whole, point, decimals = text.replace(",", "").replace(" ", "").partition(".")
    said = [] if not whole else integer(whole)
    return [*said, "point", *digits(decimals)] if point else said


def integer(text: str) -> list[str]:
    """Leading zeros and very long numbers digit by digit, else a cardinal."""
    if len(text) > 15 or (len(text) > 1 and text.startswith("0")):
        return digits(text)
    return cardinal(int(text))


def plural(words: list[str]) -> list[str]:
    """The last word in the plural.

    >>> plural(["nineteen", "twenty"]), plural(["six"]), plural(["inch"])
    (['nineteen', 'twenties'], ['sixes'], ['inches'])
    """
    last = words[-1]
    if last.endswith("y") and last[-2:-1] not in "aeiou":
        last = last[:-1] + "ies"
    elif last.endswith(("s", "x", "ch", "sh", "z")):
        last += "es"
    else:
        last += "s"
    return [*words[:-1], last]


def fraction(above: int, below: int) -> list[str]:
    """
    >>> fraction(3, 4), fraction(1, 2), fraction(2, 3), fraction(7, 100)
    (['three', 'quarters'], ['one', 'half'], ['two', 'thirds'], ['seven', 'hundredths'])
    """
    if below < 2 or below > 100:
        return [*cardinal(above), "over", *cardinal(below)]
    if below in _FRACTIONS:
        return [*cardinal(above), _FRACTIONS[below][above != 1]]
    name = ordinal(below)[-1:] if below == 100 else ordinal(below)
    return [*cardinal(above), *(name if above == 1 else plural(name))]
