"""Rules for numbers: ranges, years, ordinals, powers, codes, plain numbers."""

from __future__ import annotations

import re

from text.normalization.numbers import cardinal, digits, integer, number, ordinal, plural, year
from text.normalization.tables.names import ROMAN_COUNTED, STREETS
from text.normalization.tables.quantities import MAGNITUDES, UNITS
from text.normalization.tables.signs import COMPOUND_SYMBOLS
from text.normalization.tokens import Rule, RuleContext, Verbalization, letters, mixed_case

NUMBER = (
    r"(?:\d{1,3}(?:,\d{3}){1,6}(?!\d)|\d{1,3}(?: \d{3}){0,5} 000(?!\d|,\d)|\d+)(?:\.\d+)?|\.\d+"
)
SIGN = r"(?P<sign>(?<![\w.)])[-+±~≈<>≤≥])?"
DASH = r"\s?[-–—]\s?|\s?\.\.\s?"
_SIGNS = {
    "-": "minus",
    "+": "plus",
    "±": "plus or minus",
    "~": "about",
    "≈": "about",
    "<": "less than",
    ">": "more than",
    "≤": "at most",
    "≥": "at least",
    "": "",
}
_JOINED_WORD = re.compile(r"[A-Za-z]*[a-z]{2,}-\d|\d-[a-z]{2,}")
FIRST_YEAR, LAST_YEAR = 1100, 2099
"""A bare number of four digits in here is read as a year unless it counts something."""


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


_YEAR_CUES = _listed(
    "in since until till from before after by circa year during of around late early mid about "
    "spring summer fall autumn winter"
)
_CODE_CUES = _listed("zip code pin ext extension id serial account postcode password")
"""After these a number is read digit by digit."""
_IDENTIFIER = re.compile(r"(?:.*[^A-Za-z])?IDs?:?\s#?")
_DIALLED = _listed("call called calling dial dialed dialled dialing phone phoned")
_IN_PAIRS = _listed(
    "room rooms suite flight flights route interstate highway bus boeing airbus error status http"
)
"""After these a number of three digits is read in two pieces: room one oh one."""
_NOT_COUNTED = _listed(
    "was is has its his this us as does always perhaps thus plus versus les des across towards "
    "sometimes besides unless yes"
)


def sign(match: re.Match[str]) -> list[str]:
    """Returns the words of the sign before a number."""
    return _SIGNS[match["sign"] or ""].split()


def operator(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads >=, !=, ->, a star between numbers, and "~ 5"."""
    return ["about"] if match[0][0] == "~" else COMPOUND_SYMBOLS.get(match[0], "times").split()


def number_range(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 1643–1715, 10-20, 1990–95, 3.5-4."""
    left, right = match["left"], match["right"]
    if context.last.lower() in _CODE_CUES:
        return [*digits(left), ",", *digits(right)]
    if (left == right and len(left) < 3) or (left, right) == ("24", "7"):
        return [*number(left), *number(right)]  # fifty fifty
    if match["dash"].strip() == "-" and match["dash"] != "-":
        return None  # "10 - 20" is a subtraction or a dash, left to the plain rules
    if len(left) == 4 and len(right) in (2, 4) and left.isdigit() and right.isdigit():
        if len(right) == 4 and _is_year(left) and _is_year(right):
            return [*year(int(left)), "to", *year(int(right))]
        if len(right) == 2 and _is_year(left):
            return [*year(int(left)), "to", *year(int(left[:2] + right))[-2:]]
    return [*number(left), "to", *number(right)]


def _is_year(text: str) -> bool:
    return text.isdigit() and len(text) == 4 and 1000 <= int(text) <= LAST_YEAR


def decade(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 1990s, '80s, 80s, 1800s."""
    century, tens = match["century"] or "", int(match["tens"])
    if not century:
        return plural(cardinal(tens)) if tens >= 20 else None
    if tens == 0:
        return plural(year(int(century) * 100))
    return [*cardinal(int(century)), *plural(cardinal(tens))]


def ordinal_number(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 1st, 21st, 1,000th."""
    text = match["number"].replace(",", "")
    if len(text) > 15:
        return None
    words = ordinal(int(text))
    return plural(words) if match["s"] else words


def dotted(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads v1.2.3, 192.168.0.1, section 4.2.1."""
    words: list[str] = ["version"] if match["v"] else []
    for i, part in enumerate(match["parts"].split(".")):
        words += (["point"] if i else []) + integer(part)
    return words


def power(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 1e-5."""
    return [*number(match["base"]), "times", "ten", *_exponent(match["exponent"])]


def times(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads the x of 3 x 4 = 12, and that of a 10 x 20 room."""
    multiplied = match["sign"] == "×" or _EQUALS.match(context.text, match.end(), context.end)
    return ["times" if multiplied else "by"]


def dimensions(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 1920x1080, 2x4 and 8x10x2."""
    words: list[str] = []
    for part in re.split("[xX×]", match[0]):
        words += [*(["by"] if words else []), *_code(part)]
    return words


def section_signs(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads § 5 and §§ 1-2."""
    return ["section" if len(match[0].strip()) == 1 else "sections"]


def paragraphs(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 401(k) and 501(c)(3): digits, then letters and digits."""
    return [*digits(match["number"], "oh"), *letters(match["rest"])]


def rated(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 4.5/5."""
    return [*number(match["above"]), "out", "of", *number(match["below"])]


def house_number(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads the number of 2788 San Tomas Expy and 221 Baker Street."""
    text, letter = match["number"], letters(match["letter"] or "")
    if len(text) == 4 and text.endswith("00"):
        return [*cardinal(int(text[:2])), "hundred", *letter]
    return [*(_code(text) if len(text) == 4 else _in_pairs(text)), *letter]


def exponent(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads the exponent of x², 10^6, 10⁻³, and the unit after it."""
    words = _exponent(match["exponent"])
    if match["unit"]:
        one, several = UNITS[match["unit"]]
        words += several.split() if one else []
    return words if match.start() else None


def _exponent(text: str) -> list[str]:
    if text in ("2", "3"):
        return ["squared" if text == "2" else "cubed"]
    if text.isalpha():
        return ["to", "the", text]
    sign = {"-": ["minus"], "+": ["plus"]}.get(text[:1], [])
    return ["to", "the", *sign, *integer(text.lstrip("+-"))]


def shortened(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 8bn."""
    return [*number(match["number"]), MAGNITUDES[match["many"]]]


def code_groups(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 123-45-6789, 978-3-16-148410-0, 4111 1111 1111 1111 digit by digit, in groups."""
    words: list[str] = []
    groups = re.findall(r"\d+", match[0])
    numbers = all(len(group) < 3 and group[0] != "0" for group in groups)  # 36-24-36
    for group in groups:
        words += ([","] if words else []) + (cardinal(int(group)) if numbers else digits(group))
    return words


def counted_plural(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 747s, 100s of people; not 30s, which are seconds."""
    text = match["number"]
    if text in ("100", "1000"):
        return [cardinal(int(text))[1] + "s"]
    return plural(_code(text)) if len(text) > 2 else None


def plain_number(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads 42, 1,234, 3.14, -7, 1999, 007, #1, 1999's."""
    words = _plain_number(match, context)
    return [*words[:-1], words[-1] + "'s"] if match["s"] else words


def _plain_number(match: re.Match[str], context: RuleContext) -> list[str]:
    text = match["number"]
    if match["hash"]:
        return ["number", *number(text)]
    if text == "911" and context.last.lower() != "porsche":
        return digits(text)
    numbered = len(text) == 2 or context.last.lower() in _NUMBERED_THINGS
    if text.isdigit() and text[0] == "0" and numbered and not match["sign"]:
        return cardinal(int(text))
    if context.last.lower() in _CODE_CUES and text.isdigit() and len(text) > 2:
        return digits(text)
    if (
        text.isdigit()
        and len(text) > 3
        and _IDENTIFIER.fullmatch(context.text[max(0, match.start() - 6) : match.start()])
    ):
        return digits(text)
    if context.last.lower() in _DIALLED and re.fullmatch("[2-8]11", text):
        return digits(text)
    if context.last.lower() in _IN_PAIRS and re.fullmatch(r"[1-9]\d\d", text):
        return _in_pairs(text)
    if len(text) == 4 and text[-2:] != "00" and _is_model(match, context):
        return _code(text)
    if not match["sign"] and len(text) == 4 and text.isdigit() and _reads_as_year(match, context):
        return year(int(text))
    return [*sign(match), *number(text)]


def _reads_as_year(match: re.Match[str], context: RuleContext) -> bool:
    value, text = int(match["number"]), context.text
    before = text[max(0, match.start() - 6) : match.start()]
    if value >= 1000 and (_ERA.match(text, match.end(), context.end) or _AFTER_ERA.search(before)):
        return True
    if 1000 <= value <= LAST_YEAR and context.last.lower() in _YEAR_CUES:
        counted = re.compile(r"\s+([a-z]+)").match(text, match.end(), context.end)
        return counted is None or not _is_counted(counted[1])
    if not FIRST_YEAR <= value <= LAST_YEAR or value % 1000 == 0:
        return False
    following = re.compile(r"\s+([a-z]+)").match(text, match.end(), context.end)
    return following is None or not _is_counted(following[1])


def _is_model(match: re.Match[str], context: RuleContext) -> bool:
    """Returns whether a number names a model or norm: RTX 3080, ISO 9001."""
    before = context.text[max(0, match.start() - 6) : match.start()]
    return bool(re.search(r"(?<!\w)[A-Z]{2,4}\s$", before)) and match["number"].isdigit()


_AFTER_ERA = re.compile(r"(?<!\w)A\.?D\.?\s$")
_ERA = re.compile(r"\s?(?:A\.?D|B\.?C|C\.?E)\b")


def _is_counted(word: str) -> bool:
    return (len(word) > 2 and word.endswith("s") and word not in _NOT_COUNTED) or word == "people"


def alphanumeric(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads H100s, B2B, COVID-19, F-16, 4K, MP3, 3D, x86."""
    body = match["body"]
    if _JOINED_WORD.search(body):
        return None  # "top-10", "20-year-old": words joined to a number
    several = re.fullmatch(r"(.*[A-Z0-9])'?s", body + (match["plural"] or ""))
    words: list[str] = []
    for part in re.findall(r"\d+|[A-Za-z]+", several[1] if several else body):
        if part.isdigit():
            words += _code(part)
        else:
            words += letters(part) if len(part) < 3 else mixed_case(part)
    if not several:
        return words
    return plural(words) if len(words[-1]) > 1 else [*words[:-1], words[-1] + "'s"]


def _in_pairs(text: str) -> list[str]:
    """Returns three digits as Americans read numbers of rooms and flights: one oh one."""
    return cardinal(int(text)) if text.endswith("00") else [*digits(text[0]), *_code(text[1:])]


def factorial(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads the sign of 5! = 120."""
    return ["factorial"]


def function_of(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads f(x)."""
    return [match["name"].upper(), "of", *letters(match["argument"])]


def _code(part: str) -> list[str]:
    """Returns the digits inside a code in words: 100 as a number, 4090 in pairs."""
    if part.startswith("0") or len(part) > 4:
        return digits(part, "oh") if len(part) > 1 else ["zero"]
    if len(part) == 4 and part[2:] != "00":
        return [
            *cardinal(int(part[:2])),
            *digits("0" if part[2] == "0" else "", "oh"),
            *cardinal(int(part[2:])),
        ]
    return cardinal(int(part))


_LETTER_UNITS = "|".join(unit for unit in UNITS if unit.isalpha())
_NUMBERED_THINGS = ROMAN_COUNTED | {"track", "day", "week", "file", "case", "verse", "line"}
"""After these a number's leading zeros are for sorting."""
_EQUALS = re.compile(r"\s?\d[\d.,]{0,20}\s?[=^]")
_STREET_TYPES = "|".join(
    name.capitalize() for pair in STREETS.items() for name in pair if name not in ("dr", "pl")
)
QUANTITY_RULES: tuple[Rule, ...] = (
    (re.compile(r"'?(?P<century>\d\d)?(?P<tens>\d0)'?s\b"), decade),
    (
        re.compile(r"[!<>=]=|[-=]>|(?<=[\d)]\s)\*(?=\s[\d(])|(?<=[\d)])\*(?=[\d(])|~\s(?=\d)"),
        operator,
    ),
    (re.compile(rf"(?P<number>{NUMBER})(?P<many>bn|mn|tn)\b"), shortened),
    (re.compile(r"(?P<number>\d{3,4})s\b"), counted_plural),
    (re.compile(r"\d{1,6}(?:-\d{1,7}){2,6}(?![\w-])|\d{4}(?: \d{4}){3,4}(?!\d)"), code_groups),
    (
        re.compile(r"(?P<v>[vV])?(?P<parts>\d+(?:\.\d+){2,})(?![\w])"),
        dotted,
    ),
    (
        re.compile(rf"(?P<left>{NUMBER})(?P<dash>{DASH})(?P<right>{NUMBER})(?![\w/-]|,\d)"),
        number_range,
    ),
    (
        re.compile(r"(?P<number>\d{1,3}(?:,\d{3})+|\d+)(?:st|nd|rd|th|ST|ND|RD|TH)(?P<s>s)?\b"),
        ordinal_number,
    ),
    (re.compile(rf"(?P<base>{NUMBER})[eE](?P<exponent>[-+]?\d+)(?!\w)"), power),
    (
        re.compile(
            rf"\^(?P<exponent>[-+]?\d+|[a-z](?!\w))(?:\s(?P<unit>{_LETTER_UNITS})(?![\w/^.]))?"
        ),
        exponent,
    ),
    (re.compile(r"(?:(?<=\d)|(?<=[\d\"'½¼¾⅓⅔⅛⅜⅝⅞] ))(?P<sign>[x×])(?=\s?\d)"), times),
    (re.compile(r"\d{1,5}(?:[xX×]\d{1,5}){1,3}(?![\w.]|\s?=)"), dimensions),
    (re.compile(r"(?<=\d)!(?=\s?[=+*/^])"), factorial),
    (re.compile(r"(?P<name>[a-zA-Z])\((?P<argument>[a-z])\)(?!\w)"), function_of),
    (re.compile(r"§{1,2}(?=\s?[\dIVX])"), section_signs),
    (re.compile(r"(?P<number>\d{3})(?P<rest>(?:\([a-z\d]\)){1,4})"), paragraphs),
    (re.compile(r"(?P<above>\d\.\d)/(?P<below>5|10)(?![\d/.])"), rated),
    (
        re.compile(
            rf"(?P<number>\d{{3,4}})(?P<letter>[A-D](?=\s))?(?=\s(?:[NSEW]\.?\s)?(?:[A-Z][a-z]{{1,20}}\s){{1,3}}(?:{_STREET_TYPES})\b)"
        ),
        house_number,
    ),
    (
        re.compile(
            r"(?P<body>(?=[A-Z0-9-]{0,40}[A-Z])(?=[A-Z-]{0,40}[0-9])[A-Z0-9]{1,40}(?:-[A-Z0-9]{1,40}){0,5})"
            r"(?P<plural>'s)?(?![A-Z0-9])",
            re.IGNORECASE,
        ),
        alphanumeric,
    ),
    (re.compile(rf"(?:(?P<hash>#)\s?|{SIGN})(?P<number>{NUMBER})(?P<s>'s\b)?"), plain_number),
)
