"""Rules for dates, times of day and telephone numbers."""

from __future__ import annotations

import re

from text.normalization.numbers import cardinal, digits, ordinal, year
from text.normalization.tables.quantities import DAYS, MONTH_NUMBERS, MONTHS
from text.normalization.tokens import Rule, RuleContext, Verbalization, letters

_LONG = "|".join(MONTHS)
_SHORT = "|".join(m for m in MONTH_NUMBERS if len(m) < 5 and m not in MONTHS)
_MONTH = rf"(?i:{_LONG}|(?:sept|{_SHORT})\b\.?)"
MONTH = rf"(?i:{_LONG}|(?:sept|{_SHORT})\b)"
WEEKDAY = rf"(?i:{'|'.join(sorted({*DAYS, *DAYS.values()}, key=len, reverse=True))})"
_ZONES = r"(?i:UTC|GMT|EST|EDT|CST|CDT|MST|MDT|PST|PDT|CET|CEST|BST|IST|JST|ET|PT)|Z"
_HALF = r"(?:[aApP]\.\s?[mM]\.?|[aApP][mM]\b)"
_WORDS_TOO = frozenset(("may", "march", "mar", "jan", "sun", "sat", "jun"))
"""Months and weekdays that are also words or names."""
_DATE_CUES = frozenset(
    [
        "in",
        "of",
        "on",
        "by",
        "since",
        "until",
        "till",
        "last",
        "next",
        "this",
        "every",
        "each",
        "from",
        "to",
        "through",
        "early",
        "late",
        "mid",
        "and",
        "or",
        "before",
        "after",
        "during",
        "around",
        "about",
        "starting",
        "ending",
        "due",
    ]
)
"""Words before a month or weekday that stands without a number."""


def _day(text: str) -> list[str]:
    return ordinal(int(re.sub(r"\D", "", text)))


def _month(match: re.Match[str]) -> str:
    return MONTHS[MONTH_NUMBERS[match["month"].lower().rstrip(".")] - 1]


def _is_lower_word(match: re.Match[str], evidence: str | None) -> bool:
    """Returns whether "may" or "march" in lower case is a verb rather than a month."""
    month = match["month"].rstrip(".")
    return month.islower() and month in _WORDS_TOO and not evidence


def month_day(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads March 5, 2024; Jan. 5th; Nov 22."""
    day = int(match["day"])
    evidence = match["year"] or match["short"] or match["suffix"]
    if not 1 <= day <= 31 or _is_lower_word(match, evidence):
        return None
    words = [_month(match), *ordinal(day)]
    if match["to"]:
        words += ["to", *_day(match["to"])]
    if match["short"]:
        number = int(match["short"])
        return [*words, ",", *year(number + (2000 if number < 50 else 1900))]
    return [*words, ",", *year(int(match["year"]))] if match["year"] else words


def day_month(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 5 March 2024, 5th of March."""
    day = int(match["day"])
    if not 1 <= day <= 31 or _is_lower_word(match, match["year"] or match["suffix"]):
        return None
    month = _month(match)
    words = [*([] if context.last.lower() == "the" else ["the"]), *ordinal(day)]
    if match["to"]:
        words += ["to", "the", *_day(match["to"])]
    words += ["of", month]
    return [*words, *year(int(match["year"]))] if match["year"] else words


def month_year(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads March 1905."""
    if match["month"].rstrip(".").islower() and context.last.lower() not in _DATE_CUES:
        return None
    return [_month(match), *year(int(match["year"]))]


def iso_date(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 2024-03-05, 2024/3/5, 2024.03.05."""
    return _date(int(match["y"]), int(match["m"]), int(match["d"]))


def slash_date(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 3/5/2024 and 3-5-2024, month first, unless only day first is possible."""
    first, second = int(match["m"]), int(match["d"] or match["d2"])
    text = match["y"] or match["y2"]
    number = int(text) if len(text) == 4 else int(text) + (2000 if int(text) < 50 else 1900)
    return _date(number, first, second) or _date(number, second, first)


def day_of_month(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 3/15 after "on" and the like, where it can be no other than a day."""
    month_number, day = int(match["m"]), int(match["d"])
    if context.last.lower() not in _DAY_CUES or not (1 <= month_number <= 12 < day <= 31):
        return None
    return [MONTHS[month_number - 1], *ordinal(day)]


_DAY_CUES = frozenset(("on", "by", "before", "after", "until", "since", "dated", "due"))


def dotted_date(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 31.12.1999, day first."""
    return _date(int(match["y"]), int(match["m"]), int(match["d"]))


def _date(number: int, month: int, day: int) -> Verbalization | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return [MONTHS[month - 1], *ordinal(day), ",", *year(number)]


def clock(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 10:30, 7:05 p.m., 14:00 UTC, 10:30:15, 18:30 hrs."""
    hour, minute = int(match["h"]), int(match["m"])
    if hour > 24 or minute > 59:
        return None
    if match["s"] and not (match["half"] or match["zone"] or match["h"][0] == "0" or hour > 9):
        return _duration(hour, minute, int(match["s"]))
    words = cardinal(hour)
    exact = not minute and match["s"] in (None, "00")
    if minute:
        words += [*(["oh"] if minute < 10 else []), *cardinal(minute)]
    elif match["half"] is None and exact:
        words += ["hundred"] if hour > 12 or hour == 0 else ["o'clock"]
    if match["s"] and not exact:
        words += ["and", *cardinal(int(match["s"])), "seconds"]
    hours = ["hours"] if match["hours"] else []
    return [*words, *hours, *_half(match["half"]), *letters(match["zone"] or "")]


def dotted_clock(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 10.30 a.m. and 16h30."""
    hour, minute = int(match["h"]), int(match["m"])
    if hour > 24:
        return None
    oh = ["oh"] if 0 < minute < 10 else []
    return [*cardinal(hour), *oh, *(cardinal(minute) if minute else []), *_half(match["half"])]


def military(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 0900 hours, and at 1500 hours."""
    hour, minute = int(match["h"]), int(match["m"])
    if hour > 24 or (match["h"][0] != "0" and context.last.lower() not in _TIME_CUES):
        return None
    words = [*(["zero"] if 0 < hour < 10 else []), *cardinal(hour)]
    return [*words, *(cardinal(minute) if minute else ["hundred"]), "hours"]


_TIME_CUES = frozenset(("at", "by", "until", "till", "before", "after", "from", "to", "around"))


def _duration(hours: int, minutes: int, seconds: int) -> list[str]:
    words = []
    for value, unit in ((hours, "hour"), (minutes, "minute")):
        words += [*cardinal(value), unit if value == 1 else unit + "s"] if value else []
    if seconds:
        words += ["and"] if words else []
        words += [*cardinal(seconds), "second" if seconds == 1 else "seconds"]
    return words or ["zero", "seconds"]


def hour_only(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 7 p.m., 5pm."""
    if not 1 <= int(match["h"]) <= 12:
        return None
    zone = letters(match["zone"] or "")
    return [*cardinal(int(match["h"])), *_half(match["half"]), *zone]


def _half(text: str | None) -> list[str]:
    return letters(text) if text else []


def ratio(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 3:1."""
    return [*cardinal(int(match["a"])), "to", *cardinal(int(match["b"]))]


def telephone(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 1-800-555-0199, (555) 123-4567, +44 20 7946 0958, 555-1234."""
    words: list[str] = ["plus"] if match[0].startswith("+") else []
    for group in re.findall(r"\d+", match[0]):
        if words and words != ["plus"]:
            words.append(",")
        words += cardinal(int(group)) if group in ("800", "900") else digits(group, "oh")
    return words


def hours(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 9-11am."""
    first = cardinal(int(match["first"]))
    return [*first, "to", *cardinal(int(match["h"])), *_half(match["half"])]


def name_range(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads Mon-Fri, Jan-Mar."""
    first, last = match["first"].lower(), match["last"].lower()
    if first in DAYS and last in DAYS:
        return [DAYS[first], "to", DAYS[last]]
    if first in MONTH_NUMBERS and last in MONTH_NUMBERS:
        return [MONTHS[MONTH_NUMBERS[first] - 1], "to", MONTHS[MONTH_NUMBERS[last] - 1]]
    return None


def named_date(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 05-Mar-2020."""
    day = int(match["day"])
    if not 1 <= day <= 31:
        return None
    return [_month(match), *ordinal(day), ",", *year(int(match["year"]))]


def month(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads Feb. by itself, and Jan. where the words around say that it is no name."""
    if match["month"].rstrip(".").lower() in _WORDS_TOO and not _is_dated(match, context):
        return None
    return [_month(match)]


def _is_dated(match: re.Match[str], context: RuleContext) -> bool:
    if len(context.text) < 12 and context.text.strip() == match[0]:
        return True  # a cell of a table
    before = context.text[max(0, match.start() - 3) : match.start()]
    if _RANGE.match(context.text, match.end(), context.end):
        return True
    return context.last.lower() in _DATE_CUES or any(c.isdigit() for c in before)


def weekday(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads Mon. and Tues., Sun. and Sat. only with a date or a word like "on" beside them."""
    day = match["day"].lower()
    dated = _DATED.match(context.text, match.end(), context.end)
    if day in _WORDS_TOO and not (dated or _is_dated(match, context)):
        return None
    if not (match["dot"] or dated or _RANGE.match(context.text, match.end(), context.end)):
        return None
    return [DAYS[day]]


_DATED = re.compile(rf",?\s(?:{_MONTH}|the\s\d|\d)")
_RANGE = re.compile(rf"\s?[-–—]\s?(?:{MONTH}|{WEEKDAY})(?!\w)")
_YEAR = r"(?P<year>\d{4})"
CALENDAR_RULES: tuple[Rule, ...] = (
    (
        re.compile(
            r"(?:\+?\d{1,2}[-.\s]{1,2})?(?:\(\d{3}\)[-.\s]{0,2}|\d{3}[-.\s])\d{3}[-.]\d{4}(?![\w-])"
            r"|(?:\(0\d{1,4}\)|0\d{2,4})[-\s]\d{3,4}[-\s]?\d{3,4}(?![\w-])"
            r"|\d{3} \d{3} \d{4}(?![\w-])"
            r"|(?=\+(?:[-.\s()]{0,2}\d){8,15}(?!\d))"
            r"\+\d{1,3}\s?(?:\(0\)\d{1,5})?(?:[-.\s]\d{1,8}){1,6}(?![\w-])|\d{3}-\d{4}(?![\w-])"
        ),
        telephone,
    ),
    (re.compile(r"(?P<y>\d{4})([-/.])(?P<m>\d{1,2})\2(?P<d>\d{1,2})(?![\w-]|[/.]\d)"), iso_date),
    (
        re.compile(rf"(?P<day>\d{{1,2}})-(?P<month>{_MONTH})-(?P<year>\d{{4}})(?!\w)"),
        named_date,
    ),
    (
        re.compile(
            r"(?P<m>\d{1,2})(?:/(?P<d>\d{1,2})/(?P<y>\d{4}|\d\d)|-(?P<d2>\d{1,2})-(?P<y2>\d{4}))(?![\w/-])"
        ),
        slash_date,
    ),
    (
        re.compile(
            r"(?P<m>\d{1,2})/(?P<d>\d{2})(?![\w/-])(?!\s(?:of|inch|mile|cup|acre|hour|foot|feet|in)\b)"
        ),
        day_of_month,
    ),
    (re.compile(r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})(?![\w]|\.\d)"), dotted_date),
    (
        re.compile(
            rf"(?P<month>{_MONTH})\s(?P<day>\d{{1,2}})(?P<suffix>st|nd|rd|th)?"
            rf"(?:\s?[-–]\s?(?P<to>\d{{1,2}})(?:st|nd|rd|th)?)?(?![\w:]|[.,]\d)"
            rf"(?:,?\s{_YEAR}(?![\w:]|[.,]\d)|\s'(?P<short>\d\d)(?!\w))?"
        ),
        month_day,
    ),
    (
        re.compile(
            rf"(?P<day>\d{{1,2}})(?P<suffix>st|nd|rd|th)?(?:\s?[-–]\s?(?P<to>\d{{1,2}})(?:st|nd|rd|th)?)?"
            rf"(?:\sof)?\s(?P<month>{_MONTH})(?!\w|\s\d{{1,2}}\b)"
            rf"(?:,?\s{_YEAR}(?![\w:]|[.,]\d))?"
        ),
        day_month,
    ),
    (re.compile(rf"(?P<month>{_MONTH})\s{_YEAR}(?![\w:]|[.,]\d)"), month_year),
    (
        re.compile(
            rf"(?P<h>\d{{1,2}}):(?P<m>\d\d)(?::(?P<s>\d\d))?(?![\d:])"
            rf"(?:\s?(?P<half>{_HALF})|\so'clock|\s?(?P<hours>hrs?\b\.?|hours\b)|h\b)?"
            rf"(?:\s(?P<zone>{_ZONES})\b)?"
        ),
        clock,
    ),
    (
        re.compile(rf"(?P<h>\d{{1,2}})(?:\.(?P<m>[0-5]\d)\s?(?P<half>{_HALF})(?!\w))"),
        dotted_clock,
    ),
    (re.compile(r"(?P<h>\d\d)(?P<m>[0-5]\d)\s?(?:hours|hrs\.?)(?!\w)"), military),
    (re.compile(r"(?P<h>\d{1,2})h(?P<m>[0-5]\d)(?P<half>)(?!\w)"), dotted_clock),
    (
        re.compile(rf"(?P<h>\d{{1,2}})\s?(?P<half>{_HALF})(?!\w)(?:\s(?P<zone>{_ZONES})\b)?"),
        hour_only,
    ),
    (re.compile(rf"(?P<first>\d{{1,2}})[-–](?P<h>\d{{1,2}})\s?(?P<half>{_HALF})(?!\w)"), hours),
    (re.compile(r"(?P<a>\d{1,3}):(?P<b>\d{1,3})(?![\d:])"), ratio),
    (re.compile(rf"(?P<month>(?i:sept|{_SHORT})\.)(?=[\s,;:)–-]|$)"), month),
    (
        re.compile(
            rf"(?P<day>{'|'.join(d.capitalize() for d in DAYS)})"
            r"(?:(?P<dot>\.)(?=[\s,;:)–-]|$)|(?=[\s,]))"
        ),
        weekday,
    ),
    (re.compile(r"(?P<first>[A-Z][a-z]{2,4})[-–](?P<last>[A-Z][a-z]{2,4})\b"), name_range),
)
