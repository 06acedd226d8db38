"""Rules for words that are not read as written: abbreviations, acronyms, Roman numerals."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from text.normalization.numbers import cardinal, digits, ordinal
from text.normalization.tables.names import (
    ABBREVIATIONS,
    BIBLE,
    BIBLE_BOOKS,
    CHAPTERED,
    COUNTED,
    LATIN,
    NEVER_ENDING,
    PLAIN_ABBREVIATIONS,
    PLAIN_COUNTED,
    PLAIN_TITLES,
    REGNAL,
    ROMAN_COUNTED,
    SAINTS,
    SPELLED_WORDS,
    STATE_ABBREVIATIONS,
    STATES,
    STREETS,
    TITLES,
    WORD_ACRONYMS,
)
from text.normalization.tables.quantities import UNITS
from text.normalization.tables.signs import GREEK
from text.normalization.tokens import Rule, RuleContext, Verbalization, letters, mixed_case
from text.segmentation.sentence_boundaries import STARTERS

_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_ROMAN = r"(?=[IVXLCDM])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
_SHORT_WORDS = frozenset(
    [
        "AN",
        "AS",
        "AT",
        "BE",
        "BY",
        "DO",
        "GO",
        "HE",
        "IF",
        "IN",
        "IS",
        "ME",
        "MY",
        "NO",
        "NOT",
        "OF",
        "ON",
        "OR",
        "SO",
        "TO",
        "UP",
        "WE",
        "THE",
        "AND",
        "BUT",
        "YOU",
        "YES",
        "ALL",
        "NOW",
        "OUT",
        "FOR",
        "ARE",
        "WAS",
        "HIS",
        "HER",
        "CAN",
        "NEW",
        "ONE",
        "OLD",
        "STOP",
        "OH",
        "SHE",
        "HIM",
        "HAS",
        "HAD",
    ]
)
"""Read as words in capitals even when alone."""
LETTERED = frozenset(
    (
        *("vitamin", "plan", "section", "grade", "type", "hepatitis", "group", "option", "exhibit"),
        *("team", "class", "point", "appendix", "schedule", "category", "block", "wing", "gate"),
    )
)
"""A letter after these is no initial; its full stop ends the sentence."""
_ORDINAL_WORD = re.compile(r"(?:th|first|second|third|rev|revised)$")
_ENGLISH_WORDS_TOO = frozenset(("co", "ave", "al", "max", "rep", "sen", "hon", "par", "temp", "ed"))
_LOWER = str.maketrans("IVXLCDM", "ivxlcdm")
_NO_VERB = re.compile(r"\s*(?:[.,;:!?)]|-|—|$|of\b|and\b|was\b|in\b)")
_ORDERED = re.compile(
    r"(?:st|nd|rd|th)?\s(?:century|centuries|dynasty|Congress|Olympiad|Legion|Corps|Army)\b"
    r"|(?:st|nd|rd|th)\b"
)
_HEADING = re.compile(r"\.?[ \t]*(?:\n|$)|\.[ \t]+[\"']?[A-Z]")
_NUMERAL_WORD = re.compile(r"[MDCLXV]I[MDCLXV]")
"""MIX, DIM, LID: words of letters that are numerals, not acronyms."""
_ASKED = re.compile(
    r"\s(?:is|are|was|were|did|does|do|will|would|can)\s(?:he|she|it|you|they|we|that|this|I)\b"
)
"""After WHO at the start of a sentence: a question, not the organization."""
_NAME = re.compile(r"\s+([A-Z]\w*)")


def roman_value(numeral: str) -> int:
    """Returns the value of a Roman numeral.

    >>> roman_value("XIV")
    14
    """
    values = [_ROMAN_VALUES[c] for c in numeral]
    following = [*values[1:], 0]
    return sum(-v if v < after else v for v, after in zip(values, following, strict=True))


def roman(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads Louis XIV's, Chapter IV, ch. iii, the XIX century, a heading II.; never Xi or MIX."""
    written = match["numeral"]
    numeral, last = written.upper(), context.last.lower().removesuffix("'s")
    if written.islower() and last not in ROMAN_COUNTED:
        return None
    value = roman_value(numeral)
    suffix = match["suffix"] or ""
    if ordered := _ORDERED.match(context.text, match.end("numeral"), context.end):
        return ordinal(value) if value < 40 and ordered else None
    named = context.last[:1].isupper()
    lone = numeral == "I" and not _closes(match, context)
    if last in ROMAN_COUNTED and (len(numeral) > 1 or numeral in "IVX") and (named or not lone):
        return _possessive(cardinal(value), suffix)
    if set(numeral) - set("IVXL") or value > 89:
        return None
    if _is_heading(match, context):
        return cardinal(value)
    if set(numeral) - set("IVX") or value > 39:
        return None
    if last in REGNAL and named and not lone:
        return _possessive(["the", *ordinal(value)], suffix)
    if len(numeral) > 1 and named and len(context.last) > 1:
        return _possessive(cardinal(value), suffix)
    return None


def _closes(match: re.Match[str], context: RuleContext) -> bool:
    """Returns whether a lone "I" is a numeral: nothing follows that a pronoun would govern."""
    return bool(match["suffix"]) or bool(_NO_VERB.match(context.text, match.end(), context.end))


def _is_heading(match: re.Match[str], context: RuleContext) -> bool:
    """Returns whether a numeral heads a line: alone, or with a full stop before a title."""
    start, end = match.start(), match.end("numeral")
    before, after = context.text[max(0, start - 3) : start], context.text[end : end + 1]
    if before.strip(" \t") and not before.rstrip(" \t").endswith("\n"):
        return False
    if not (before or after):
        return False
    return bool(_HEADING.match(context.text, match.end("numeral"), context.end)) and (
        len(match["numeral"]) > 1 or "\n" in (before[-1:], after) or after == "."
    )


def _possessive(words: list[str], suffix: str) -> list[str]:
    return [*words[:-1], words[-1] + suffix] if suffix else words


def title(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads Dr. Smith, St. James; "St." and "Dr." after a street's name are street and drive."""
    key = match["word"].lower()
    if key in STREETS and _after_street_name(match, context):
        return [STREETS[key]]
    if key not in TITLES or match["name"] is None:
        return None
    following = context.text[match.end() : match.end() + 4].lstrip()
    if key in _NEED_NAMES and not (match["word"][0].isupper() and following[:1].isalpha()):
        return None
    return TITLES[key].split()


_NEED_NAMES = frozenset(("det", "sec", "insp", "amb", "bp", "ens", "brig"))


def plain_title(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads Prof Smith, Dr Who, St Louis; and Elm Dr, Main St, Fifth Ave."""
    key = match["word"].lower()
    if key in STREETS and _after_street_name(match, context):
        return [STREETS[key]]
    if key in PLAIN_TITLES and (name := _NAME.match(context.text, match.end(), context.end)):
        return TITLES[key].split() if len(name[1]) > 1 or key in ("mr", "mrs", "ms", "dr") else None
    return None


def _after_street_name(match: re.Match[str], context: RuleContext) -> bool:
    """Returns whether "St." or "Dr." follows a street's name and no person's name follows it."""
    last = context.last
    named = last[:1].isupper() or last.endswith(("th", "first", "second", "third"))
    if not named or last.lower() in STARTERS:
        return False
    key = match["word"].lower()
    following = _NAME.match(context.text, match.end(), context.end)
    if following is None or key not in ("st", "dr"):
        return True
    if following[1].lower() in STARTERS:
        return True
    return key == "st" and "." in match[0] and following[1].lower() not in SAINTS


def compass_point(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads the NW of Pennsylvania Ave NW, and the N. of 221 N. Main St."""
    if match["one"]:
        in_address = _ADDRESS.match(context.text, match.end())
        return [_POINTS[match["one"]]] if in_address else None
    return [_POINTS[match["point"]]] if context.last in _STREET_NAMES else None


_POINTS = {
    "N": "north",
    "S": "south",
    "E": "east",
    "W": "west",
    "NW": "northwest",
    "NE": "northeast",
    "SW": "southwest",
    "SE": "southeast",
}
_STREET_TYPES = "|".join(name.capitalize() for pair in STREETS.items() for name in pair)
_ADDRESS = re.compile(rf"\s(?:\d+(?:st|nd|rd|th)|[A-Z][a-z]+)\s(?:{_STREET_TYPES})\b")


def state(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads CA and CA 95051 after a comma: the state, and its ZIP code digit by digit."""
    if match["zip"] is None and context.text[max(0, match.start() - 2) : match.start()] != ", ":
        return None
    words = STATES[match["state"]].split()
    if match["zip"] is None:
        return words
    for number, group in enumerate(match["zip"].split("-")):
        words += [",", *digits(group)] if number else digits(group)
    return words


def bible(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads Gen. 1:1-3, 1 Cor. 13:4, Ps. 23, Isaiah 40:31."""
    key = match["book"].lower()
    if match["verse"] is None and (key not in CHAPTERED or match["nth"] == ""):
        return None
    nth = match["nth"] or ""
    words = ordinal(int(nth) if nth.isdigit() else len(nth)) if nth else []
    words += [*BIBLE.get(key, key).split(), *cardinal(int(match["chapter"]))]
    if match["verse"]:
        words += cardinal(int(match["verse"]))
    for mark, number in re.findall(r"([-–,:])\s?(\d{1,3})", match["rest"] or ""):
        words += [{",": "and", ":": ""}.get(mark, "to"), *cardinal(int(number))]
    return [word for word in words if word]


def abbreviation(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads etc., Jr., Inc., vs.; a word that is also an English one needs its capital."""
    word = match["word"]
    key = word.lower()
    before = context.text[max(0, match.start() - 2) : match.start()]
    if word[0].isupper() and key in STATE_ABBREVIATIONS and before == ", ":
        return STATE_ABBREVIATIONS[key].split()
    if key == "v" and not (word == "v" and context.last[:1].isupper()):
        return None
    words = ABBREVIATIONS.get(key)
    if words is None or (
        word in _ENGLISH_WORDS_TOO
        and context.last.lower() not in ("et", "and", "&")
        and not (word == "ed" and _ORDINAL_WORD.search(context.last))
    ):
        return None
    return words.split()


def counted(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads No. 5, pp. 10-20, Fig. 3."""
    word = match["word"]
    if len(word) == 1 and not word.islower():
        return None
    if not match["dot"] and (word.lower() not in PLAIN_COUNTED or word in ("no", "nos", "ch")):
        return None
    words = COUNTED.get(word.lower())
    return [words] if words else None


def latin(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads e.g., i.e., a.m., Ph.D."""
    key = re.sub(r"\s", "", match[0].lower().rstrip("."))
    return _LATIN.get(key)


_LATIN = {key.replace(" ", "").rstrip("."): words for key, words in LATIN.items()}


def initials(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads U.S.A., J. K. Rowling, P.O."""
    if match.start() and context.text[match.start() - 1] not in " \n(\"'.[":
        return None
    words = letters(match["letters"])
    if len(words) == 1 and context.last.lower() in LETTERED and not match["s"]:
        return None
    return [*words[:-1], words[-1] + "'s"] if match["s"] else words


def acronym(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads NASA as a word and FBI letter by letter; among capitals known words are words."""
    word, suffix = match["word"], "'s" if match["suffix"] else ""
    lowered, known = word.lower(), context.in_lexicon(word.lower())
    if word in ("WWI", "WWII"):
        return ["World", "War", ("one" if word == "WWI" else "two") + suffix]
    if word in WORD_ACRONYMS or (word in _SHORT_WORDS and not suffix):
        return [lowered + suffix]
    if word == "WHO" and not context.before and _ASKED.match(context.text, match.end()):
        return [lowered]
    if (known or (len(word) > 3 and re.search(r"[AEIOUY]", word))) and context.is_shouted(
        match.start()
    ):
        return [lowered + suffix]
    if known and (len(word) > 3 or (len(word) == 3 and _NUMERAL_WORD.fullmatch(word))):
        return [lowered + suffix]
    if not known and len(word) > 5 and re.search(r"[AEIOUY]", word):
        return [lowered + suffix]
    words = letters(word)
    return [*words[:-1], words[-1] + suffix]


def contraction(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads DON'T and SHE'S; FBI'S is left to ``acronym``."""
    lowered = match[0].lower()
    is_word = context.in_lexicon(lowered) or (
        lowered.endswith("'s") and context.in_lexicon(lowered[:-2]) and len(lowered) > 5
    )
    return [lowered] if is_word else None


def is_shouting(words: Sequence[str], in_lexicon: Callable[[str], bool]) -> bool:
    """Returns whether a run of words in capitals is emphasis rather than acronyms.

    Args:
        words: adjacent and in capitals, at least two.
        in_lexicon: whether the lexicon has a lower-case word.
    """
    for word, after in zip(words, [*words[1:], ""], strict=True):
        if word == "I" and after == "AM":
            return True
        if word in SPELLED_WORDS or word in WORD_ACRONYMS:
            continue
        if word in _SHORT_WORDS or (len(word) > 3 and in_lexicon(word.lower())):
            return True
        noun = len(after) > 2 and after not in _ACRONYMS_AFTER_A
        if word == "A" and noun and in_lexicon(after.lower()):
            return True
    return False


_ACRONYMS_AFTER_A = frozenset(("LED", "SAT", "ACT", "MIT"))


def spaced_word(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads C H A P T E R as the word it spells."""
    word = match[0].replace(" ", "").lower()
    return [word] if len(word) > 2 and context.in_lexicon(word) else None


def dotted_letters(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads a.k.a., e.e. cummings, r.s.v.p."""
    if match.start() and context.text[match.start() - 1] not in " \n(\"'[":
        return None
    return letters(match[0])


def joined(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads R&D, AT&T."""
    first, *rest = match[0].removesuffix(match["s"] or "").split("&")
    words = letters(first)
    for part in rest:
        words += ["and", *letters(part)]
    return [*words[:-1], words[-1] + ("'s" if match["s"] else "")]


def camel(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads GitHub, iPhone, IPv, IoT in parts; "McDonald" and other known words stay whole."""
    word, suffix = match["word"], match["s"] or ""
    if word in UNITS and not suffix:
        return UNITS[word][1].split()
    known = len(word) > 3 and context.in_lexicon(word.lower())
    if known or re.match(r"(?:Mc|Mac|O')[A-Z]", word):
        return None
    if word.endswith("s") and word[:-1].isupper():
        return None
    words = mixed_case(word)
    return [*words[:-1], words[-1] + suffix]


def plain(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads abbreviations written without a full stop."""
    words = PLAIN_ABBREVIATIONS.get(match["word"].lower())
    if words is None:
        return None
    return _possessive(words.split(), "'s" if match["s"] else "")


def greek(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads a Greek letter by itself."""
    words = GREEK.get(match[0].lower())
    return [words] if words else None


def may_end(match: re.Match[str], words: Verbalization) -> bool:
    """Returns whether the full stop of a match may end a sentence; those of Dr. and No. may not."""
    if words[-1] in _STREET_NAMES:
        return True
    word = match.groupdict().get("word") or ""
    return match.re.pattern not in _NEVER_ENDING and word.lower() not in NEVER_ENDING


_STREET_NAMES = frozenset(STREETS.values())


_BOOK = "Song of (?:Solomon|Songs)|" + "|".join(
    sorted({k.capitalize() for k in (*BIBLE, *BIBLE_BOOKS)}, key=len, reverse=True)
)
_SHOUTED_BOOK = "|".join(sorted({k.upper() for k in BIBLE_BOOKS}, key=len, reverse=True))
_NOT_JOINED = r"(?![\w])"
BIBLE_RULE: Rule = (
    re.compile(
        rf"(?:(?P<nth>[123]|I{{1,3}})\s)?(?P<book>{_BOOK}|{_SHOUTED_BOOK})\b\.?\s(?P<chapter>\d{{1,3}})"
        r"(?::(?P<verse>\d{1,3})(?P<rest>(?:[-–,]\s?\d{1,3}(?::\d{1,3})?){0,9}))?(?![\w:])"
    ),
    bible,
)
NAME_RULES: tuple[Rule, ...] = (
    (
        re.compile(r"(?P<point>NW|NE|SW|SE)(?![\w.'-])|(?<=\d\s)(?P<one>[NSEW])\b\.?(?!\w)"),
        compass_point,
    ),
    (
        re.compile(
            rf"(?P<state>{'|'.join(STATES)})(?:\s(?P<zip>\d{{5}}(?:-\d{{4}})?))?(?![\w.'&-])"
        ),
        state,
    ),
    (re.compile(r"[A-Z](?: [A-Z]){2,20}(?!\w)"), spaced_word),
    (
        re.compile(
            rf"(?P<numeral>{_ROMAN}|{_ROMAN.replace('IVXLCDM', 'ivxlcdm').translate(_LOWER)})"
            rf"(?P<suffix>'s)?(?:{_NOT_JOINED}(?!\.\w)|(?=(?:st|nd|rd|th)\s(?:c|C)entur)|(?<=[IVX][IVX])(?=(?:st|nd|rd|th)\b))(?:(?:st|nd|rd|th)\b)?"
        ),
        roman,
    ),
    (
        re.compile(
            r"(?i:e\.\s?g\.|i\.\s?e\.|[ap]\.m\.|A\.D\.|B\.C\.|Ph\.\s?D\b\.?|M\.D\b\.?|N\.B\.|"
            r"Rt\.\s?Hon\.|et al\.)"
        ),
        latin,
    ),
    (re.compile(r"(?:[a-z]\.){2,6}"), dotted_letters),
    (re.compile(r"(?P<letters>(?:[A-Z]\.(?:\s(?=[A-Z]\.))?)+[A-Z]?)(?P<s>'s)?(?!\w)"), initials),
    (
        re.compile(
            r"(?P<word>[A-Za-z]{1,5})(?:(?P<dot>\.)\s{0,2}"
            r"(?=[#\d]|(?:[IVXLC]{2,7}|[ivxlc]{1,7}|[VX])(?!\w))|\s(?=[#\d]))"
        ),
        counted,
    ),
    (
        re.compile(r"(?P<word>[A-Za-z]{2,6})\.(?P<name>(?=\s+(?:[A-Z0-9\"'&]|and\b)|[A-Z][a-z]))?"),
        title,
    ),
    (re.compile(r"(?P<word>[A-Z][a-z]{1,5}|[A-Z]{2,4})(?![\w.'-])"), plain_title),
    (re.compile(r"(?P<word>[A-Za-z]{1,6})\.(?!\w)"), abbreviation),
    (re.compile(r"[A-G]#(?!\w)"), lambda match, context: [match[0][0], "sharp"]),
    (re.compile(r"[A-Z]{1,4}(?:&[A-Z]{1,4})+(?P<s>'?s)?(?!\w)"), joined),
    (re.compile(r"[A-Z]{1,20}'(?:S|T|D|M|LL|RE|VE|EM)(?!\w)"), contraction),
    (re.compile(r"(?P<word>[A-Z]{2,30})(?P<suffix>'?s|'S\b)?(?![\w])"), acronym),
    (re.compile(r"(?P<word>[wW]/o?|c/o|[A-Za-z]+)(?P<s>'s)?(?![\w'/])"), plain),
    (re.compile(r"(?P<word>[A-Za-z]+)(?P<s>s)(?![\w'/])"), plain),
    (re.compile(r"[A-Za-z]/[A-Za-z](?![\w/])"), lambda match, context: letters(match[0])),
    (
        re.compile(
            r"(?P<word>[A-Za-z]*[a-z][A-Z][A-Za-z]*?|[A-Z]{2,}[a-z]+?)(?P<s>'s)?(?![A-Za-z'])"
        ),
        camel,
    ),
    (re.compile(r"[a-zA-Z]{2,3}(?=\^)"), lambda match, context: letters(match[0])),
    (re.compile(r"[α-ωΑ-Ω](?![α-ωΑ-Ωά-ώ])"), greek),
)
_NEVER_ENDING = frozenset(p.pattern for p, read in NAME_RULES if read in (title, counted))
