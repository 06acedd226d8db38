"""Rules for money, measures and fractions."""

from __future__ import annotations

import re

from text.normalization.numbers import cardinal, fraction, integer, number
from text.normalization.quantities import DASH, NUMBER, SIGN, sign
from text.normalization.tables.quantities import CURRENCIES, MAGNITUDES, SPACED_NEVER, UNITS, VULGAR
from text.normalization.tokens import Rule, RuleContext, Verbalization

_END = r"(?![\w])"
_MAGNITUDE = "|".join(sorted((m for m in MAGNITUDES if len(m) > 1), key=len, reverse=True))
_LETTER_MAGNITUDE = "".join(m for m in MAGNITUDES if len(m) == 1)
_CURRENCY = "|".join(re.escape(c) for c in sorted(CURRENCIES, key=len, reverse=True))
_UNIT = "|".join(re.escape(u) for u in sorted(UNITS, key=len, reverse=True))
_VULGAR = "".join(VULGAR)
_PRICED = frozenset(word for names in CURRENCIES.values() for word in names)
_PLURAL = re.compile(r"\d\d\d+|[2-9]0")
"""Before a bare "s" a plural ("747s", "80s"), not seconds."""


def money(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads $3.50, €5 million, ¥500, $2.5bn, US$10, $5–10."""
    amount, many = (
        match["amount"].replace(",", "").replace(" ", ""),
        match["many"] or match["short"],
    )
    one, several, cent, cents = CURRENCIES[match["currency"]]
    words = ["minus"] if match["inner"] else sign(match)
    if match["to"] or many:
        upper = ["to", *number(match["to"])] if match["to"] else []
        scale = [MAGNITUDES[many]] if many else []
        return [*words, *number(amount), *upper, *scale, *several.split()]
    if match["adjective"]:
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
    sure = (
        match["dot"]
        or after.startswith(" of ")
        or (unit == "in" and (after.startswith(".") or context.last in ("feet", "foot")))
    )
    if gap.isspace() and unit in SPACED_NEVER and not sure:
        return None
    one, several = UNITS[unit]
    words = [*sign(match), *_amount(match["amount"], match["vulgar"])]
    if match["to"]:
        words += ["to", *_amount(match["to"], None)]
    single = words in (["one"], ["minus", "one"]) or gap == "-"
    per = ["per", *UNITS[match["per"]][0].split()] if match["per"] else []
    return [*words, *(one if single else several).split(), *per]


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
    one, several = UNITS[match["unit"]]
    if match["whole"]:
        return [*words, *several.split()]
    half = ["half"] if match["vulgar"] == "½" else [*words, "of"]
    return [*half, "an" if one[0] in "aeiou" else "a", *one.split()]


def inches(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 12" as inches where no quotation is open."""
    if context.text.count('"', max(0, match.start() - 500), match.end() - 1) % 2:
        return None
    return [*number(match["number"]), "inch" if match["number"] == "1" else "inches"]


def per_unit(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads the slash of $100/day and 5 €/kg."""
    if not (context.text[match.start() - 1 : match.start()].isdigit() or context.last in _PRICED):
        return None
    unit = match["unit"]
    return [
        "per",
        *({"mo": "month", "wk": "week"}.get(unit) or UNITS.get(unit, (unit,))[0]).split(),
    ]


def slash_fraction(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 3/4, 2 1/2, 24/7."""
    whole, above, below = match["whole"], int(match["above"]), int(match["below"])
    if below == 0 or (whole is None and max(above, below) > 100):
        return [*cardinal(above), "slash", *cardinal(below)]
    if whole is None and above == below:
        return [*cardinal(above), *cardinal(below)]
    if whole is None and above > below and (above, below) != (24, 7):
        return [*cardinal(above), "over", *cardinal(below)]
    if whole is None:
        return ["twenty", "four", "seven"] if (above, below) == (24, 7) else fraction(above, below)
    part = ["a", *fraction(1, below)[1:]] if above == 1 else fraction(above, below)
    return [*cardinal(int(whole)), "and", *part]


MEASURE_RULES: tuple[Rule, ...] = (
    (
        re.compile(
            rf"{SIGN}(?P<currency>{_CURRENCY})\s?(?P<inner>-)?(?P<amount>{NUMBER})"
            rf"(?:(?:{DASH})[$€£¥₹]?(?P<to>{NUMBER}))?"
            rf"(?:(?:[\s-]?(?P<many>{_MAGNITUDE})|(?P<short>[{_LETTER_MAGNITUDE}]))\b)?(?P<adjective>(?=-[a-z]))?(?!\d)"
        ),
        money,
    ),
    (
        re.compile(
            rf"{SIGN}(?P<amount>{NUMBER})\s?(?:(?P<many>{_MAGNITUDE})\s)?"
            rf"(?P<currency>{_CURRENCY})(?![\w]|\d)"
        ),
        money_after,
    ),
    (re.compile(rf"(?P<number>{NUMBER})\"(?![\w])"), inches),
    (re.compile(r"/(?P<unit>[a-z]+)\b"), per_unit),
    (
        re.compile(r"(?P<feet>\d{1,2})'\s?(?:(?P<inches>\d{1,2}(?:\.\d)?)(?:\"|''))(?!\w)"),
        feet_and_inches,
    ),
    (
        re.compile(
            rf"{SIGN}(?:(?:(?P<amount>{NUMBER})(?P<vulgar>[{_VULGAR}])?"
            rf"(?:(?:{DASH}|\sto\s)(?P<to>{NUMBER}))?))"
            rf"(?P<gap>\s?|-)(?P<unit>{_UNIT})(?:/(?P<per>{_UNIT}))?"
            rf"(?P<dot>\.(?=,|\s+[a-z0-9(]))?(?![\w/^°])"
        ),
        measure,
    ),
    (
        re.compile(
            rf"(?:(?P<whole>\d{{1,3}})\s?)?(?P<vulgar>[{_VULGAR}])(?:\s?(?P<unit>{_UNIT}){_END})?"
        ),
        vulgar_fraction,
    ),
    (
        re.compile(
            r"(?:(?P<whole>\d{1,3})[\s-])?(?P<above>\d{1,3})/(?P<below>\d{1,3})(?![\d/])" + _END
        ),
        slash_fraction,
    ),
)
