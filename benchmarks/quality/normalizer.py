"""Normalizes words as word error rates count them: written forms that sound alike become one form.

Reference and transcript pass through the same steps, in this order:

1. lower case, Unicode compatibility forms, curly quotes to straight ones;
2. titles and company forms that are always read in full (``mr.`` → ``mister``);
3. currency, per cent, ``&`` as words (``$5`` → ``5 dollars``);
4. digits as words: years between 1100 and 1999 as two pairs (``1963`` → ``nineteen sixty three``),
   ordinals as ordinals, other numbers as cardinals; no "and" inside a number;
5. contractions keep their letters without the apostrophe (``don't`` → ``dont``);
6. everything that is not a letter separates words (hyphens too);
7. runs of single letters are one word (``f b i``, ``F.B.I.`` → ``fbi``).

Spelling variants (mould/mold) and compounds (eye glasses/eyeglasses) are not mapped: they cost
every system the same.
"""

from __future__ import annotations

import re
import unicodedata

TITLES = {
    "mr": "mister",
    "mrs": "missus",
    "dr": "doctor",
    "st": "saint",
    "co": "company",
    "vs": "versus",
}
CURRENCIES = {"$": "dollars", "£": "pounds", "€": "euros"}

_TITLE = re.compile(r"\b(" + "|".join(TITLES) + r")\.(?=\s|,|$)|\b(mr|mrs|dr)\b")
_MONEY = re.compile(r"([$£€])\s?(\d[\d,]*(?:\.\d+)?)")
_NUMBER = re.compile(r"(\d[\d,]*(?:\.\d+)?)(st|nd|rd|th)?(s)?\b")
_HUNDRED_AND = re.compile(
    r"\b(hundred|thousand|million) and (?=(?:one|two|three|four|five|six|seven|eight|nine|ten|"
    r"eleven|twelve|[a-z]+teen|[a-z]+ty)(?:th|st|nd|rd)?\b)"
)
_LETTER_RUN = re.compile(r"\b[a-z](?: [a-z]\b)+")


def normalize(text: str) -> str:
    """Returns the text as space-separated words.

    >>> normalize("In 1963, Mr. Smith paid $22 to the F.B.I.")
    'in nineteen sixty three mister smith paid twenty two dollars to the fbi'
    """
    text = unicodedata.normalize("NFKC", text).lower().replace("’", "'").replace("‘", "'")
    text = _TITLE.sub(lambda m: TITLES[m[1] or m[2]], text)
    text = _MONEY.sub(lambda m: f"{m[2]} {CURRENCIES[m[1]]}", text)
    text = text.replace("%", " percent ").replace("per cent", "percent").replace("&", " and ")
    text = _NUMBER.sub(_number_in_words, text)
    text = re.sub(r"(?<=[^\W\d_])'(?=[^\W\d_])", "", text)
    words = re.sub(r"[^a-z]+", " ", _unaccented(text)).strip()
    words = _HUNDRED_AND.sub(r"\1 ", words)
    return _LETTER_RUN.sub(lambda m: m[0].replace(" ", ""), words)


def _number_in_words(match: re.Match[str]) -> str:
    from num2words import num2words  # of the extra bench; --help does without it

    digits, ordinal, plural = match[1].replace(",", ""), match[2], match[3]
    if "." in digits:
        words = num2words(float(digits))
    elif ordinal:
        words = num2words(int(digits), to="ordinal")
    elif len(digits) == 4 and 1100 <= int(digits) <= 1999 and "," not in match[1]:
        words = num2words(int(digits), to="year")
    else:
        words = num2words(int(digits))
    words = re.sub(r"\band\b|-|,", " ", str(words))
    return f" {_plural(words.strip())} " if plural else f" {words} "


def _plural(words: str) -> str:
    """Returns the plural of a decade: sixty → sixties."""
    return words[:-1] + "ies" if words.endswith("y") else words + "s"


def _unaccented(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c))
