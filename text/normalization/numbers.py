"""Numbers in words. Every function returns a list of plain lower-case words."""

from __future__ import annotations

LARGEST_CARDINAL = 10**15
"""From here on a number is read digit by digit: nobody follows "quadrillion"."""

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_GROUPS = ("", "thousand", "million", "billion", "trillion")
_IRREGULAR_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}

_FRACTIONS = {2: ("half", "halves"), 4: ("quarter", "quarters")}


def _below_thousand(number: int) -> list[str]:
    hundreds, rest = divmod(number, 100)
    words = [DIGITS[hundreds], "hundred"] if hundreds else []
    if rest >= 20:
        words.append(_TENS[rest // 10 - 2])
        rest %= 10
    if rest >= 10:
        words.append(_TEENS[rest - 10])
    elif rest:
        words.append(DIGITS[rest])
    return words


def cardinal(number: int) -> list[str]:
    """Returns a cardinal as Americans read it, without "and".

    >>> cardinal(1293)
    ['one', 'thousand', 'two', 'hundred', 'ninety', 'three']
    """
    if abs(number) >= LARGEST_CARDINAL:
        return digits(str(number))
    if number <= 0:
        return ["minus", *cardinal(-number)] if number else ["zero"]
    words: list[str] = []
    for power in range(len(_GROUPS) - 1, -1, -1):
        value, number = divmod(number, 1000**power)
        if value:
            words += [*_below_thousand(value), *_GROUPS[power].split()]
    return words


def ordinal(number: int) -> list[str]:
    """Returns an ordinal.

    >>> ordinal(21)
    ['twenty', 'first']
    """
    if number >= LARGEST_CARDINAL:
        return digits(str(number))
    *before, last = cardinal(number)
    return [*before, ordinal_form(last)]


def ordinal_form(word: str) -> str:
    """Returns the ordinal of one cardinal word.

    >>> ordinal_form("five"), ordinal_form("twenty"), ordinal_form("million")
    ('fifth', 'twentieth', 'millionth')
    """
    regular = word[:-1] + "ieth" if word.endswith("y") else word + "th"
    return _IRREGULAR_ORDINALS.get(word, regular)


def digits(text: str, zero: str = "zero") -> list[str]:
    """Returns a text digit by digit; other characters are left out.

    >>> digits("1-05", zero="oh")
    ['one', 'oh', 'five']
    """
    return [DIGITS[int(c)] if c != "0" else zero for c in text if c in "0123456789"]


def year(number: int) -> list[str]:
    """Returns a year as people say it.

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
    """Returns a number as written: with thousands commas, a decimal point, leading zeros.

    >>> number("1,234.50"), number(".5"), number("007")
    (['one', 'thousand', 'two', 'hundred', 'thirty', 'four', 'point', 'five', 'zero'], ['point', 'five'], ['zero', 'zero', 'seven'])
    """  # noqa: E501
    whole, point, decimals = text.replace(",", "").replace(" ", "").partition(".")
    words = [] if not whole else integer(whole)
    return [*words, "point", *digits(decimals)] if point else words


def integer(text: str) -> list[str]:
    """Returns a cardinal; a very long number or one with leading zeros digit by digit."""
    if len(text) > 15 or (len(text) > 1 and text.startswith("0")):
        return digits(text)
    return cardinal(int(text))


def plural(words: list[str]) -> list[str]:
    """Returns the words with the last in the plural.

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
    """Returns a fraction.

    >>> fraction(3, 4), fraction(1, 2), fraction(2, 3), fraction(7, 100)
    (['three', 'quarters'], ['one', 'half'], ['two', 'thirds'], ['seven', 'hundredths'])
    """
    if below < 2 or below > 100:
        return [*cardinal(above), "over", *cardinal(below)]
    if below in _FRACTIONS:
        return [*cardinal(above), _FRACTIONS[below][above != 1]]
    name = ordinal(below)[-1:] if below == 100 else ordinal(below)
    return [*cardinal(above), *(name if above == 1 else plural(name))]
