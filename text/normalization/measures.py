"""Rules for money, measures and fractions."""

from __future__ import annotations

import re

from text.normalization.numbers import cardinal, fraction, integer, number
from text.normalization.quantities import DASH, NUMBER, SIGN, sign
from text.normalization.tables.quantities import (
    CAPITAL_UNITS,
    CURRENCIES,
    LENGTHS,
    MAGNITUDES,
    SPACED_NEVER,
    UNITS,
    VULGAR,
)
from text.normalization.tokens import Rule, RuleContext, Verbalization

_END = r"(?![\w])"
_MAGNITUDE = "|".join(sorted((m for m in MAGNITUDES if len(m) > 1), key=len, reverse=True))
_LETTER_MAGNITUDE = "".join(m for m in MAGNITUDES if len(m) == 1)
CURRENCY = "|".join(re.escape(c) for c in sorted(CURRENCIES, key=len, reverse=True))
_ATOM = "|".join(re.escape(u) for u in sorted({*UNITS, *CAPITAL_UNITS}, key=len, reverse=True))
_LENGTH = "|".join(sorted(LENGTHS, key=len, reverse=True))
_PERIODS = ("second", "minute", "hour", "day", "night", "week", "month", "year", "person", "unit")
_PER = rf"(?:{'|'.join(_PERIODS)}|{_ATOM})"
_POWER = r"(?:\^?[23](?![\d^]))"
UNIT = (
    rf"(?:(?:sq|cu)\.?\s(?:{_LENGTH})\b|(?:{_ATOM}){_POWER}?)"
    rf"(?:\s?/\s?{_PER}{_POWER}?(?![a-z]))?"
)
"""A unit with its power, and at most one quotient: km, m², sq. ft, m/s², kg/m³."""
_VULGAR = "".join(VULGAR)
_PRICED = frozenset(word for names in CURRENCIES.values() for word in names if word)
_PLURAL = re.compile(r"\d\d\d+|[2-9]0")
"""Before a bare "s" a plural ("747s", "80s"), not seconds."""


def unit_words(unit: str, *, one: bool) -> list[str]:
    """Returns the words of a unit, in the singular or the plural.

    >>> " ".join(unit_words("m/s^2", one=False)), " ".join(unit_words("kg/m3", one=True))
    ('meters per second squared', 'kilogram per cubic meter')
    >>> " ".join(unit_words("sq. ft", one=False))
    'square feet'
    """
    above, _, below = re.sub(r"\s?/\s?", "/", unit).partition("/")
    words = _powered(above, one=one)
    return [*words, "per", *_powered(below, one=True)] if below else words


def _powered(unit: str, *, one: bool) -> list[str]:
    if match := re.fullmatch(r"(sq|cu)\.?\s(.+)", unit):
        return [{"sq": "square", "cu": "cubic"}[match[1]], *_name(match[2], one=one)]
    match = re.fullmatch(rf"(.+?){_POWER}", unit)
    if match is None or unit in UNITS:
        return _name(unit, one=one)
    base, squared = match[1], unit[-1] == "2"
    if base in LENGTHS:
        return ["square" if squared else "cubic", *_name(base, one=one)]
    return [*_name(base, one=one), "squared" if squared else "cubed"]


def _name(unit: str, *, one: bool) -> list[str]:
    names = UNITS.get(unit) or UNITS.get(CAPITAL_UNITS.get(unit, ""))
    return names[0 if one else 1].split() if names else [unit if one else unit + "s"]


def money(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads $3.50, €5 million, ¥500, $2.5bn, US$10, $5–10."""
    amount, many = (
        match["amount"].replace(",", "").replace(" ", ""),
        match["many"] or match["short"],
    )
    one, several, cent, cents = CURRENCIES[match["currency"]]
    words = ["minus"] if match["inner"] else sign(match)
    if match["to"] and not many and "." in amount + match["to"]:
        return None  # each with its cents; the range is made of two amounts
    if match["to"] or many:
        upper = ["to", *number(match["to"])] if match["to"] else []
        scale = [MAGNITUDES[many]] if many else []
        priced = one if context.is_adjective(match.end()) else several
        return [*words, *number(amount), *upper, *scale, *priced.split()]
    if match["adjective"] or ("." not in amount and context.is_adjective(match.end())):
        return [*words, *number(amount), *one.split()]
    whole, _, decimals = amount.partition(".")
    if decimals and (len(decimals) > 2 or not cent):
        return [*words, *number(amount), *several.split()]
    hundredths = int(decimals.ljust(2, "0")) if decimals else 0
    if int(whole or 0) or not hundredths:
        words += [*integer(whole or "0"), *(one if int(whole or 0) == 1 else several).split()]
        if hundredths:
            words.append("and")
    if hundredths:
        words += [*cardinal(hundredths), cent if hundredths == 1 else cents]
    return words


def pence(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 50p."""
    return [*number(match["number"]), "penny" if match["number"] == "1" else "pence"]


def money_after(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 5€, 10 USD, 10$."""
    one, several, _, _ = CURRENCIES[match["currency"]]
    words = [*sign(match), *number(match["amount"])]
    if match["many"]:
        words.append(MAGNITUDES[match["many"]])
    return [*words, *(one if words == ["one"] else several).split()]


def measure(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 5kg, -5°C, 20 %, 60 km/h, 2½ in, 5-10 kg, a 10-km run."""
    unit, gap = match["unit"], match["gap"]
    if unit == "s" and not gap and _PLURAL.fullmatch(match["amount"]):
        return None
    after = context.text[match.end() : match.end() + 4]
    adjective = gap == "-" or context.is_adjective(match.end())
    sure = (
        match["dot"]
        or match["many"]
        or adjective
        or after.startswith((" of ", " in "))
        or (unit == "s" and context.last in ("minute", "minutes"))
        or (unit == "in" and (after.startswith(".") or context.last in ("feet", "foot")))
    )
    if unit in ("A", "B") or (gap.isspace() and unit in SPACED_NEVER and not sure):
        return None
    if gap.isspace() and unit in _INITIALS and _CAPITAL.match(context.text, match.end("unit")):
        return None
    if match["to"] and _is_subtraction(match):
        return None
    words = [*sign(match), *_amount(match["amount"], match["vulgar"])]
    if match["to"]:
        words += ["to", *_amount(match["to"], None)]
    if match["many"]:
        words.append(MAGNITUDES[match["many"]])
    single = words in (["one"], ["minus", "one"])
    return [*words, *unit_words(unit, one=single or (adjective and unit not in _SIGNS))]


def _is_subtraction(match: re.Match[str]) -> bool:
    """Returns whether the dash of 100 - 40 % is a minus: spaced, and the lesser number follows."""
    between = match.string[match.end("amount") : match.start("to")]
    amounts = [float(match[name].replace(",", "").replace(" ", "")) for name in ("amount", "to")]
    return between == " - " and amounts[0] > amounts[1]


def _amount(amount: str | None, vulgar: str | None) -> list[str]:
    words = number(amount) if amount else []
    if vulgar:
        above, below = VULGAR[vulgar]
        part = ["a", *fraction(1, below)[1:]] if above == 1 and words else fraction(above, below)
        words = [*words, "and", *part] if words else part
    return words


def feet_and_inches(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 5'10"."""
    feet, inches = int(match["feet"]), match["inches"]
    words = [*cardinal(feet), "foot" if feet == 1 else "feet"]
    return [*words, *number(inches), "inch" if inches == "1" else "inches"] if inches else words


def vulgar_fraction(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads ½, 2½, ½ kg."""
    words = _amount(match["whole"], match["vulgar"])
    if match["unit"] is None:
        return words
    if match["whole"]:
        return [*words, *unit_words(match["unit"], one=False)]
    half = ["half"] if match["vulgar"] == "½" else [*words, "of"]
    one = unit_words(match["unit"], one=True)
    return [*half, "an" if one[0] == "hour" or one[0][0] in "aeiou" else "a", *one]


def inches(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 12" as inches where no quotation is open."""
    if context.text.count('"', max(0, match.start() - 500), match.end() - 1) % 2:
        return None
    single = match["number"] == "1" or context.is_adjective(match.end())
    return [*number(match["number"]), "inch" if single else "inches"]


def feet(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 6' before tall, high, by and the like, and the 6' of "a 6' man"."""
    single = match["number"] == "1" or context.is_adjective(match.end())
    if not single and not _MEASURED.match(context.text, match.end(), context.end):
        return None
    return [*cardinal(int(match["number"])), "foot" if single else "feet"]


def angle(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 12°30' and 12°30'15" N: degrees, minutes and seconds of arc."""
    words = _counted(match["degrees"], "degree") + _counted(match["minutes"], "minute")
    words += _counted(match["seconds"], "second") if match["seconds"] else []
    return [*words, _POINTS[match["point"]]] if match["point"] else words


_POINTS = {"N": "north", "S": "south", "E": "east", "W": "west"}


def minutes_and_seconds(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 5'30" as a time after "in", "ran" and the like; feet and inches otherwise."""
    if context.last.lower() not in _TIMED:
        return None
    return _counted(match["feet"], "minute") + _counted(match["inches"], "second")


def duration(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 1h 30m, 3h20m15s, 2d 4h."""
    words: list[str] = []
    for unit, name in _DURATIONS.items():
        if match[unit]:
            words += _counted(match[unit], name)
    return words


def _counted(text: str, name: str) -> list[str]:
    return [*number(text), name if text == "1" else name + "s"]


def old_money(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads £5 10s. 6d. and 3s. 6d.: pounds, shillings and pence."""
    words: list[str] = []
    if match["pounds"]:
        words += [*number(match["pounds"]), "pound" if match["pounds"] == "1" else "pounds"]
    shillings, pence = match["shillings"], match["pence"]
    if shillings:
        words += [*cardinal(int(shillings)), "shilling" if shillings == "1" else "shillings"]
    if pence:
        named = {"1": ["a", "penny"], "2": ["twopence"], "3": ["threepence"], "6": ["sixpence"]}
        words += ["and"] if words else []
        words += named.get(pence) or [*cardinal(int(pence)), "pence"]
    return words


def bare_unit(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads km/h and m/s² where no number stands before them."""
    return unit_words(match[0], one=False)


def lone_unit(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads "in kg", "per hr", "a few km" where no number stands before the unit."""
    return unit_words(match["unit"], one=context.last.lower() in _ONE_OF)


_ONE_OF = frozenset(("a", "per", "each", "every", "one", "the", "this", "another", "square"))
LONE_UNITS = frozenset(
    (
        *("kg", "km", "cm", "mm", "lbs", "tsp", "tbsp", "oz", "mph", "kph", "hr", "hrs", "mins"),
        *("secs", "yrs", "mg", "ml", "mL"),
    )
)


def per_unit(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads the slash of $100/day and 5 €/kg."""
    if not (context.text[match.start() - 1 : match.start()].isdigit() or context.last in _PRICED):
        return None
    return ["per", *unit_words(match["unit"], one=True)]


def slash_fraction(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 3/4, 2 1/2, 24/7, 4/5 stars, 6 / 2."""
    whole, above, below = match["whole"], int(match["above"]), int(match["below"])
    if match["gap"]:
        return [*cardinal(above), "divided", "by", *cardinal(below)] if whole is None else None
    rating = below in (5, 10) and context.last.lower() in _RATING
    if whole is None and (rating or _RATED.match(context.text, match.end(), context.end)):
        return [*cardinal(above), "out", "of", *cardinal(below)]
    if below == 0 or (whole is None and max(above, below) > 100):
        return [*cardinal(above), "over" if below else "slash", *cardinal(below)]
    if whole is None and above == below:
        rated = ["out", "of"] if above in (5, 10) else []
        return [*cardinal(above), *rated, *cardinal(below)]
    if whole is None and (above, below) == (9, 11):
        return ["nine", "eleven"]
    if whole is None and above > below and (above, below) != (24, 7):
        return [*cardinal(above), "over", *cardinal(below)]
    if (whole, above) == (None, 1) and below in (2, 4) and context.last.lower() in ("a", "the"):
        return fraction(1, below)[1:]
    if whole is None:
        return ["twenty", "four", "seven"] if (above, below) == (24, 7) else fraction(above, below)
    part = ["a", *fraction(1, below)[1:]] if above == 1 else fraction(above, below)
    return [*cardinal(int(whole)), "and", *part]


def letters_fraction(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads a/b = c."""
    return [match["above"].upper(), "over", match["below"].upper()]


def fraction_of_unit(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 1/2 lb and 2 1/2 km."""
    whole, above, below = match["whole"], int(match["above"]), int(match["below"])
    if not 0 < above < below:
        return None
    if whole:
        part = ["a", *fraction(1, below)[1:]] if above == 1 else fraction(above, below)
        return [*cardinal(int(whole)), "and", *part, *unit_words(match["unit"], one=False)]
    one = unit_words(match["unit"], one=True)
    half = ["half"] if (above, below) == (1, 2) else [*fraction(above, below), "of"]
    return [*half, "an" if one[0] == "hour" or one[0][0] in "aeiou" else "a", *one]


_FEET_AND_INCHES = r"(?P<feet>\d{1,2})'\s?(?:(?P<inches>\d{1,2}(?:\.\d)?)(?:\"|''))(?!\w)"
_INITIALS = frozenset(("V", "W", "L", "J", "K", "N", "T", "F"))
_CAPITAL = re.compile(r"\.|\s[A-Z]|\s\d+(?:st|nd|rd|th)\b")
_SIGNS = frozenset(("%", "°", "‰"))
_MEASURED = re.compile(r"(?:\s?(?:tall|high|long|wide|deep|by|x|×|above|below)\b|\s?[x×])")
_TIMED = frozenset(("in", "ran", "time", "of", "pace", "lasted", "took", "clocked", "at"))
_RATED = re.compile(r"\s(?:stars?|rating|points|on\b|score|marks)")
_RATING = frozenset(
    ("rated", "rating", "score", "scored", "scores", "got", "gets", "gave", "earned")
)
_DURATIONS = {"days": "day", "hours": "hour", "minutes": "minute", "seconds": "second"}
_MONEY = (
    rf"{SIGN}(?P<currency>{CURRENCY})\s?(?P<inner>-)?(?P<amount>{NUMBER})"
    "%s"
    rf"(?:(?:[\s-]?(?P<many>{_MAGNITUDE})|(?P<short>[{_LETTER_MAGNITUDE}]))\b)?"
    r"(?P<adjective>(?=-[a-z]))?(?!\d|[.,]\d)"
)
MEASURE_RULES: tuple[Rule, ...] = (
    (
        re.compile(
            r"(?:£(?P<pounds>\d[\d,]{0,12})\s)?(?P<shillings>\d{1,2})s\.?"
            r"(?:\s(?P<pence>\d{1,2})d\b\.?)(?!\w)"
        ),
        old_money,
    ),
    (
        re.compile(r"(?P<pounds>)(?P<shillings>)(?P<pence>\d{1,2})d\.(?=[\s,;)]|$)"),
        old_money,
    ),
    (
        re.compile(r"(?P<pounds>)(?P<shillings>\d{1,2})s\.(?P<pence>)(?=[,;]|\s[a-z])"),
        old_money,
    ),
    (
        re.compile(r"£(?P<pounds>\d[\d,]{0,12})\s(?P<shillings>\d{1,2})s\b\.?(?P<pence>)"),
        old_money,
    ),
    (re.compile(_MONEY % rf"(?:(?:{DASH})[$€£¥₹]?(?P<to>{NUMBER}))"), money),
    (re.compile(_MONEY % "(?P<to>(?!))?"), money),
    (re.compile(r"(?P<number>\d{1,2})p(?![\w/])"), pence),
    (
        re.compile(
            rf"{SIGN}(?P<amount>{NUMBER})\s?(?:(?P<many>{_MAGNITUDE})\s)?"
            rf"(?P<currency>{CURRENCY})(?![\w]|\d)"
        ),
        money_after,
    ),
    (
        re.compile(
            r"(?P<degrees>\d{1,3})°\s?(?P<minutes>\d{1,2})'\s?"
            r"(?:(?P<seconds>\d{1,2}(?:\.\d{1,4})?)(?:\"|''))?\s?(?:(?P<point>[NSEW])\b)?(?!\w)"
        ),
        angle,
    ),
    (re.compile(rf"(?P<number>{NUMBER})\"(?![\w])"), inches),
    (re.compile(r"/(?P<unit>[a-z]+)\b"), per_unit),
    (re.compile(_FEET_AND_INCHES), minutes_and_seconds),
    (re.compile(_FEET_AND_INCHES), feet_and_inches),
    (re.compile(r"(?P<number>\d{1,3})'(?!\w)"), feet),
    (
        re.compile(
            r"(?=\d{1,3}[dhm]\s?\d)(?:(?P<days>\d{1,3})d\s?)?(?:(?P<hours>\d{1,3})h\s?)?"
            r"(?:(?P<minutes>\d{1,3})m(?:in)?\s?)?(?:(?P<seconds>\d{1,3})s)?(?<![\s\d])(?![\w'])"
        ),
        duration,
    ),
    (
        re.compile(
            rf"{SIGN}(?:(?:(?P<amount>{NUMBER})(?P<vulgar>[{_VULGAR}])?"
            rf"(?:(?:{DASH}|\sto\s)(?P<to>{NUMBER}))?))"
            rf"(?:[\s-](?P<many>{_MAGNITUDE})(?=[\s-]))?(?P<gap>\s?|-)(?P<unit>{UNIT})"
            rf"(?P<dot>\.(?=,|\s+[a-z0-9(]))?(?![\w/^°])"
        ),
        measure,
    ),
    (
        re.compile(
            rf"(?:(?P<whole>\d{{1,3}})\s?)?(?P<vulgar>[{_VULGAR}])(?:\s?(?P<unit>{UNIT}){_END})?"
        ),
        vulgar_fraction,
    ),
    (
        re.compile(
            r"(?:(?P<whole>\d{1,3})[\s-])?(?P<above>\d{1,2})/(?P<below>\d{1,2})\s"
            rf"(?P<unit>{UNIT})(?![\w/^°])"
        ),
        fraction_of_unit,
    ),
    (
        re.compile(
            r"(?:(?P<whole>\d{1,3})[\s-])?(?P<above>\d{1,3})(?P<gap>\s)?/(?(gap)\s)"
            r"(?P<below>\d{1,3})(?:(?:th|rd|nd)s?\b)?(?![\d/])" + _END
        ),
        slash_fraction,
    ),
    (
        re.compile(
            rf"(?:(?:{_ATOM}){_POWER}?/(?:s|h|hr|min|m|l|L|ml|mL|kg|g|day)\b{_POWER}?|"
            rf"(?:k|c|m)m\^[23])(?![\w/^])"
        ),
        bare_unit,
    ),
    (
        re.compile(
            rf"(?P<unit>{'|'.join(sorted(LONE_UNITS, key=len, reverse=True))})(?![\w/'-]|\.\w)"
        ),
        lone_unit,
    ),
    (re.compile(r"(?P<above>[a-zA-Z])/(?P<below>[a-zA-Z])(?=\s?[=+*])"), letters_fraction),
)
