"""Reading rules for words that are not said as written: abbreviations, acronyms, Roman numerals."""

from __future__ import annotations

import re

from text.normalization.numbers import cardinal, ordinal
from text.normalization.tables.names import (
    ABBREVIATIONS,
    COUNTED,
    LATIN,
    PLAIN_ABBREVIATIONS,
    REGNAL,
    ROMAN_COUNTED,
    TITLES,
    WORD_ACRONYMS,
)
from text.normalization.tables.signs import GREEK
from text.normalization.tokens import Place, Reading, Rule, letters
from text.segmentation.sentence_boundaries import STARTERS

_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_ROMAN = r"(?=[IVXLCDM])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
_SHORT_WORDS = frozenset(
    """AN AS AT BE BY DO GO HE IF IN IS ME MY NO NOT OF ON OR SO TO UP WE THE AND BUT YOU YES ALL
    NOW OUT FOR ARE WAS HIS HER CAN NEW ONE OLD STOP OH""".split()  # noqa: SIM905
)
"""Read as words in capitals even when alone."""


_LETTERED = frozenset("vitamin plan section grade type hepatitis group option exhibit team".split())  # noqa: SIM905
"""A letter after these is no initial; its full stop ends the sentence."""
_ALSO_WORDS = frozenset(("co", "ave", "al", "max", "rep", "sen", "hon"))


_NO_VERB = re.compile(r"\s*(?:[.,;:!?)]|$|of\b|and\b|was\b|in\b)")


def roman_value(numeral: str) -> int:
    """
    >>> roman_value("XIV")
    14
    """
    values = [_ROMAN_VALUES[c] for c in numeral]
    following = [*values[1:], 0]
    return sum(-v if v < after else v for v, after in zip(values, following, strict=True))


def roman(match: re.Match[str], place: Place) -> Reading | None:
    """Louis XIV's, Chapter IV, World War II; never the pronoun I, never "MIX" or "CD"."""
    numeral, last = match["numeral"].upper(), place.last.lower().removesuffix("'s")
    if match["numeral"].islower() and (len(numeral) < 2 or last not in ROMAN_COUNTED):
        return None
    value = roman_value(numeral)
    suffix = match["suffix"] or ""
    named = place.last[:1].isupper()
    lone = numeral == "I" and not _closes(match, place)
    if last in ROMAN_COUNTED and (len(numeral) > 1 or numeral in "IVX") and (named or not lone):
        return _possessive(cardinal(value), suffix)
    if set(numeral) - set("IVX") or value > 39:
        return None
    if last in REGNAL and named and not lone:
        return _possessive(["the", *ordinal(value)], suffix)
    if len(numeral) > 1 and named and len(place.last) > 1:
        return _possessive(cardinal(value), suffix)
    return None


def _closes(match: re.Match[str], place: Place) -> bool:
    """Whether a lone "I" stands as a numeral: nothing follows that a pronoun would govern."""
    return bool(match["suffix"]) or bool(_NO_VERB.match(place.text, match.end(), place.end))


def _possessive(said: list[str], suffix: str) -> list[str]:
    return [*said[:-1], said[-1] + suffix] if suffix else said


def title(match: re.Match[str], place: Place) -> Reading | None:
    """Dr. Smith, St. James; "St." after a name is a street, "Dr." too."""
    key = match["word"].lower()
    street = {"st": "street", "dr": "drive"}.get(key)
    if street and _after_street_name(match, place):
        return [street]
    if key in TITLES and match["name"] is not None:
        return [TITLES[key]]
    return None


def _after_street_name(match: re.Match[str], place: Place) -> bool:
    """Whether "St." or "Dr." follows a street's name and no person's name follows it."""
    named = place.last[:1].isupper() or place.last.endswith(("th", "first", "second", "third"))
    following = re.compile(r"\s+([A-Z]\w*)").match(place.text, match.end(), place.end)
    return named and (following is None or following[1].lower() in STARTERS)


def abbreviation(match: re.Match[str], place: Place) -> Reading | None:
    """etc., Jr., Inc., vs. A word that is also an English one needs its capital."""
    word = match["word"]
    said = ABBREVIATIONS.get(word.lower())
    if said is None or (word in _ALSO_WORDS and place.last.lower() not in ("et", "and", "&")):
        return None
    return said.split()


def counted(match: re.Match[str], place: Place) -> Reading | None:
    """No. 5, pp. 10-20, Fig. 3."""
    word = match["word"]
    if len(word) == 1 and not word.islower():
        return None
    said = COUNTED.get(word.lower())
    return [said] if said else None


def latin(match: re.Match[str], place: Place) -> Reading | None:
    """e.g., i.e., a.m., Ph.D."""
    return LATIN.get(re.sub(r"\s", " ", match[0].lower()))


def initials(match: re.Match[str], place: Place) -> Reading | None:
    """U.S.A., J. K. Rowling, P.O."""
    if match.start() and place.text[match.start() - 1] not in " \n(\"'.[":
        return None
    said = letters(match["letters"])
    if len(said) == 1 and place.last.lower() in _LETTERED and not match["s"]:
        return None
    return [*said[:-1], said[-1] + "'s"] if match["s"] else said


def acronym(match: re.Match[str], place: Place) -> Reading | None:
    """NASA is a word, FBI is spelled; in shouted text known words stay words."""
    word, suffix = match["word"], "'s" if match["suffix"] else ""
    lowered, known = word.lower(), place.knows(word.lower())
    if word in ("WWI", "WWII"):
        return ["World", "War", ("one" if word == "WWI" else "two") + suffix]
    if word in WORD_ACRONYMS or (word in _SHORT_WORDS and not suffix):
        return [lowered + suffix]
    if known and (len(word) > 3 or (len(word) == 3 and _shouted(match, place))):
        return [lowered + suffix]
    if not known and len(word) > 5 and re.search(r"[AEIOUY]", word):
        return [lowered + suffix]
    said = letters(word)
    return [*said[:-1], said[-1] + suffix]


def joined(match: re.Match[str], place: Place) -> Reading | None:
    """R&D, AT&T."""
    first, *rest = match[0].removesuffix(match["s"] or "").split("&")
    said = letters(first)
    for part in rest:
        said += ["and", *letters(part)]
    return [*said[:-1], said[-1] + ("'s" if match["s"] else "")]


def _shouted(match: re.Match[str], place: Place) -> bool:
    """Whether a neighbour is in capitals too and known as a word."""
    after = re.compile(r"[\s,]+([A-Z]{2,})\b").match(place.text, match.end(), place.end)
    before = re.search(
        r"\b([A-Z]{2,})[\s,]+$", place.text[max(0, match.start() - 24) : match.start()]
    )
    return any(m is not None and place.knows(m[1].lower()) for m in (after, before))


def camel(match: re.Match[str], place: Place) -> Reading | None:
    """GitHub, iPhone, JavaScript; "McDonald" and other known words stay whole."""
    word = match[0]
    if place.knows(word.lower()) or re.match(r"(?:Mc|Mac|O')[A-Z]", word):
        return None
    said: list[str] = []
    for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", word):
        said += (
            letters(part)
            if len(part) == 1 or (part.isupper() and part not in WORD_ACRONYMS)
            else [part]
        )
    return said


def plain(match: re.Match[str], place: Place) -> Reading | None:
    """Abbreviations written without a full stop."""
    said = PLAIN_ABBREVIATIONS.get(match[0].lower())
    return said.split() if said else None


def greek(match: re.Match[str], place: Place) -> Reading | None:
    """A Greek letter by itself."""
    said = GREEK.get(match[0].lower())
    return [said] if said else None


def may_end(match: re.Match[str], said: Reading) -> bool:
    """Whether the full stop of this match may end a sentence: not of a title, not of "No."."""
    return said[-1] in ("street", "drive") or match.re.pattern not in _NEVER_ENDING


_NOT_JOINED = r"(?![\w])"
NAME_RULES: tuple[Rule, ...] = (
    (
        re.compile(rf"(?P<numeral>{_ROMAN})(?P<suffix>'s)?{_NOT_JOINED}(?!\.\w)", re.IGNORECASE),
        roman,
    ),
    (
        re.compile(
            r"(?:e\.\s?g\.|i\.\s?e\.|[ap]\.m\.|A\.D\.|B\.C\.|Ph\.\s?D\.|M\.D\.|N\.B\.|et al\.)",
            re.IGNORECASE,
        ),
        latin,
    ),
    (re.compile(r"(?P<letters>(?:[A-Z]\.(?:\s(?=[A-Z]\.))?)+[A-Z]?)(?P<s>'s)?(?!\w)"), initials),
    (re.compile(r"(?P<word>[A-Za-z]{2,6})\.(?P<name>(?=\s+(?:[A-Z0-9\"'&]|and\b)))?"), title),
    (re.compile(r"(?P<word>[A-Za-z]{1,5})\.\s?(?=[#\d]|[IVX]{2,}\b|[VX]\b)"), counted),
    (re.compile(r"(?P<word>[A-Za-z]{2,6})\.(?!\w)"), abbreviation),
    (re.compile(r"C#(?!\w)"), lambda match, place: ["C", "sharp"]),
    (re.compile(r"[A-Z]{1,4}(?:&[A-Z]{1,4})+(?P<s>'?s)?(?!\w)"), joined),
    (re.compile(r"(?P<word>[A-Z]{2,30})(?P<suffix>'?s)?(?![\w])"), acronym),
    (re.compile(r"(?:[wW]/o?|[A-Za-z]+)(?![\w'/])"), plain),
    (re.compile(r"[A-Za-z]*[a-z][A-Z][A-Za-z]*(?![\w'])"), camel),
    (re.compile(r"[α-ωΑ-Ω](?!\w)"), greek),
)
_NEVER_ENDING = frozenset(p.pattern for p, read in NAME_RULES if read in (title, counted))
