"""Tables of English: what signs and Greek letters are called."""

from __future__ import annotations

COMPOUND_SYMBOLS = {
    "!=": "is not equal to",
    ">=": "greater than or equal to",
    "<=": "less than or equal to",
    "==": "equals",
    "->": "arrow",
    "=>": "arrow",
}
SYMBOLS = {
    "&": "and",
    "%": "percent",
    "@": "at",
    "+": "plus",
    "=": "equals",
    "<": "less than",
    ">": "greater than",
    "≤": "less than or equal to",
    "≥": "greater than or equal to",
    "≠": "not equal to",
    "≈": "approximately",
    "×": "times",
    "÷": "divided by",
    "±": "plus or minus",
    "√": "square root of",
    "∞": "infinity",
    "°": "degrees",
    "#": "hash",
    "§": "section",
    "/": "slash",
    "\\": "backslash",
    "©": "copyright",
    "®": "registered",
    "™": "trademark",
    "$": "dollars",
    "€": "euros",
    "£": "pounds",
    "¥": "yen",
    "₹": "rupees",
    "₿": "bitcoin",
    "¢": "cents",
    "~": "approximately",
    "^": "caret",
    "←": "left arrow",
    "→": "right arrow",
    "µ": "micro",
}
"""Signs with a name of their own, read by themselves."""

GREEK_NAMES = """
alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho
sigma sigma tau upsilon phi chi psi omega
"""
GREEK = dict(
    zip(
        "αβγδεζηθικλμνξοπρςστυφχψω",
        GREEK_NAMES.split(),
        strict=True,
    )
)
