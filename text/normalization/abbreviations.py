"""Rules for words that are not read as written: abbreviations, acronyms, Roman numerals."""

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
from text.normalization.tokens import Rule, RuleContext, Verbalization, letters
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
_ENGLISH_WORDS_TOO = frozenset(("co", "ave", "al", "max", "rep", "sen", "hon"))


_NO_VERB = re.compile(r"\s*(?:[.,;:!?)]|$|of\b|and\b|was\b|in\b)")


def roman_value(numeral: str) -> int:
    """Returns the value of a Roman numeral.

    >>> roman_value("XIV")
    14
    """
    values = [_ROMAN_VALUES[c] for c in numeral]
    following = [*values[1:], 0]
    return sum(-v if v < after else v for v, after in zip(values, following, strict=True))


def roman(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads Louis XIV's, Chapter IV, World War II; never the pronoun I, never "MIX" or "CD"."""
    numeral, last = match["numeral"].upper(), context.last.lower().removesuffix("'s")
    if match["numeral"].islower() and (len(numeral) < 2 or last not in ROMAN_COUNTED):
        return None
    value = roman_value(numeral)
    suffix = match["suffix"] or ""
    named = context.last[:1].isupper()
    lone = numeral == "I" and not _closes(match, context)
    if last in ROMAN_COUNTED and (len(numeral) > 1 or numeral in "IVX") and (named or not lone):
        return _possessive(cardinal(value), suffix)
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


def _possessive(words: list[str], suffix: str) -> list[str]:
    return [*words[:-1], words[-1] + suffix] if suffix else words


def title(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads Dr. Smith, St. James; "St." and "Dr." after a street's name are street and drive."""
    key = match["word"].lower()
    street = {"st": "street", "dr": "drive"}.get(key)
    if street and _after_street_name(match, context):
        return [street]
    if key in TITLES and match["name"] is not None:
        return [TITLES[key]]
    return None


def _after_street_name(match: re.Match[str], context: RuleContext) -> bool:
    """Returns whether "St." or "Dr." follows a street's name and no person's name follows it."""
    named = context.last[:1].isupper() or context.last.endswith(("th", "first", "second", "third"))
    following = re.compile(r"\s+([A-Z]\w*)").match(context.text, match.end(), context.end)
    return named and (following is None or following[1].lower() in STARTERS)


def abbreviation(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads etc., Jr., Inc., vs.; a word that is also an English one needs its capital."""
    word = match["word"]
    words = ABBREVIATIONS.get(word.lower())
    if words is None or (
        word in _ENGLISH_WORDS_TOO and context.last.lower() not in ("et", "and", "&")
    ):
        return None
    return words.split()


def counted(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads No. 5, pp. 10-20, Fig. 3."""
    word = match["word"]
    if len(word) == 1 and not word.islower():
        return None
    words = COUNTED.get(word.lower())
    return [words] if words else None


def latin(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads e.g., i.e., a.m., Ph.D."""
    return LATIN.get(re.sub(r"\s", " ", match[0].lower()))


def initials(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads U.S.A., J. K. Rowling, P.O."""
    if match.start() and context.text[match.start() - 1] not in " \n(\"'.[":
        return None
    words = letters(match["letters"])
    if len(words) == 1 and context.last.lower() in _LETTERED and not match["s"]:
        return None
    return [*words[:-1], words[-1] + "'s"] if match["s"] else words


def acronym(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads NASA as a word and FBI letter by letter; in shouted text known words stay words."""
    word, suffix = match["word"], "'s" if match["suffix"] else ""
    lowered, known = word.lower(), context.in_lexicon(word.lower())
    if word in ("WWI", "WWII"):
        return ["World", "War", ("one" if word == "WWI" else "two") + suffix]
    if word in WORD_ACRONYMS or (word in _SHORT_WORDS and not suffix):
        return [lowered + suffix]
    if known and (len(word) > 3 or (len(word) == 3 and _shouted(match, context))):
        return [lowered + suffix]
    if not known and len(word) > 5 and re.search(r"[AEIOUY]", word):
        return [lowered + suffix]
    words = letters(word)
    return [*words[:-1], words[-1] + suffix]


def joined(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads R&D, AT&T."""
    first, *rest = match[0].removesuffix(match["s"] or "").split("&")
    words = letters(first)
    for part in rest:
        words += ["and", *letters(part)]
    return [*words[:-1], words[-1] + ("'s" if match["s"] else "")]


def _shouted(match: re.Match[str], context: RuleContext) -> bool:
    """Returns whether a neighbour is in capitals too and known as a word."""
    after = re.compile(r"[\s,]+([A-Z]{2,})\b").match(context.text, match.end(), context.end)
    before = re.search(
        r"\b([A-Z]{2,})[\s,]+$", context.text[max(0, match.start() - 24) : match.start()]
    )
    return any(m is not None and context.in_lexicon(m[1].lower()) for m in (after, before))


def camel(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads GitHub, iPhone, JavaScript in parts; "McDonald" and other known words stay whole."""
    word = match[0]
    if context.in_lexicon(word.lower()) or re.match(r"(?:Mc|Mac|O')[A-Z]", word):
        return None
    words: list[str] = []
    for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", word):
        words += (
            letters(part)
            if len(part) == 1 or (part.isupper() and part not in WORD_ACRONYMS)
            else [part]
        )
    return words


def plain(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads abbreviations written without a full stop."""
    words = PLAIN_ABBREVIATIONS.get(match[0].lower())
    return words.split() if words else None


def greek(match: re.Match[str], context: RuleContext) -> Verbalization | None:
    """Reads a Greek letter by itself."""
    words = GREEK.get(match[0].lower())
    return [words] if words else None


def may_end(match: re.Match[str], words: Verbalization) -> bool:
    """Returns whether the full stop of a match may end a sentence; those of Dr. and No. may not."""
    return words[-1] in ("street", "drive") or match.re.pattern not in _NEVER_ENDING


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
    (re.compile(r"C#(?!\w)"), lambda match, context: ["C", "sharp"]),
    (re.compile(r"[A-Z]{1,4}(?:&[A-Z]{1,4})+(?P<s>'?s)?(?!\w)"), joined),
    (re.compile(r"(?P<word>[A-Z]{2,30})(?P<suffix>'?s)?(?![\w])"), acronym),
    (re.compile(r"(?:[wW]/o?|[A-Za-z]+)(?![\w'/])"), plain),
    (re.compile(r"[A-Za-z]*[a-z][A-Z][A-Za-z]*(?![\w'])"), camel),
    (re.compile(r"[α-ωΑ-Ω](?!\w)"), greek),
)
_NEVER_ENDING = frozenset(p.pattern for p, read in NAME_RULES if read in (title, counted))
