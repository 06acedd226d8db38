"""Ranges: a dash between two things of one kind is read as "to".

What stands before a dash is known by the rule that read it; what follows is recognized by a pattern
of the same kind. So times, prices, percents, decades, years, months and weekdays share one rule.
"""

from __future__ import annotations

import re

from text.normalization import dates, measures, quantities
from text.normalization.dates import MONTH, WEEKDAY
from text.normalization.measures import CURRENCY, UNIT
from text.normalization.quantities import NUMBER
from text.normalization.tables.quantities import DAYS, MONTHS
from text.normalization.tokens import Verbalizer

_DASH = r"\s?(?:[-–—]|--)\s?"
_NOW = r"(?:present|now|today|date)\b"
_FOLLOWING = {
    "time": (
        r"(?:\d{1,2}(?::\d\d|\s?[aApP]\.?[mM]\b|(?![\d.,]))|noon\b|midnight\b|[cC]lose\b|late\b)"
    ),
    "money": rf"(?:{CURRENCY})\s?\d",
    "percent": rf"(?:{NUMBER})\s?%",
    "measure": rf"(?:{NUMBER})\s?(?:{UNIT})(?!\w)",
    "decade": rf"(?:\d{{4}}|'?\d0s|\d{{3}}0s|{_NOW})",
    "year": rf"(?:{_NOW})",
    "date": rf"(?:{MONTH}|\d{{1,2}}(?:st|nd|rd|th)?\s{MONTH}|\d{{4}}-\d\d-\d\d|{_NOW})",
    "month": rf"{MONTH}(?!\w)",
    "weekday": rf"{WEEKDAY}(?!\w)",
}
_PATTERNS = {kind: re.compile(_DASH + f"(?={after})") for kind, after in _FOLLOWING.items()}
_KINDS: dict[Verbalizer, str] = {
    dates.clock: "time",
    dates.hour_only: "time",
    measures.money: "money",
    measures.measure: "measure",
    quantities.decade: "decade",
    quantities.plain_number: "year",
    dates.month_day: "date",
    dates.day_month: "date",
    dates.month_year: "date",
    dates.iso_date: "date",
    dates.slash_date: "date",
    dates.month: "month",
    dates.weekday: "weekday",
}
_WEEKDAYS = frozenset(DAYS.values())


def range_dash(
    text: str, at: int, end: int, last: Verbalizer | None, word: str
) -> re.Match[str] | None:
    """Returns the dash at a position where it stands for "to".

    Args:
        text: the content.
        at: right after what was read last.
        end: the dash must not reach beyond.
        last: the rule that read what ends there, if a rule did.
        word: the last word that was read.
    """
    lowered = word.lower()
    if lowered in _WEEKDAYS:
        kind = "weekday"
    elif lowered in MONTHS:
        kind = "month"
    elif lowered in ("noon", "midnight"):
        kind = "time"
    elif last is None or last not in _KINDS:
        return None
    else:
        kind = _KINDS[last]
        if kind == "measure" and lowered == "percent":
            kind = "percent"
    return _PATTERNS[kind].match(text, at, end)
