"""IPA and ARPAbet as authors write them, parsed to phones as the lexicon writes them."""

from __future__ import annotations

import re
import unicodedata

from text.g2p.phonemizer import ARPABET, NEAREST, VOWELS

_PHONES = sorted({*ARPABET, *NEAREST, "tʃ", "dʒ", "ts"}, key=len, reverse=True)
_TIED = {"tʃ": "t͡ʃ", "dʒ": "d͡ʒ", "ts": "t͡s", "ɜːɹ": "ɚ", "ɜɹ": "ɚ", "əɹ": "ɚ"}
_PHONE = re.compile(
    "|".join(re.escape(p) for p in sorted({*_PHONES, *_TIED}, key=len, reverse=True))
)
_MODIFIERS = frozenset("ːˑʰʲʷˠˤ̩̯̃̚ⁿˡ")
_IGNORED = frozenset("./|‿͡()")
_STRESS = {"ˈ": "ˈ", "'": "ˈ", "ˌ": "ˌ", ",": "ˌ"}


def parse_ipa(text: str) -> list[tuple[str, ...]]:
    """Returns the words of an IPA text; a stress mark before a syllable moves to its vowel.

    Raises:
        ValueError: a character is not IPA.

    >>> parse_ipa("təˈmeɪtoʊ")
    [('t', 'ə', 'm', 'ˈeɪ', 't', 'oʊ')]
    >>> parse_ipa("tʃɑːɹ")
    [('t͡ʃ', 'ɑ', 'ɹ')]
    """
    words = [_word(unicodedata.normalize("NFC", word)) for word in text.split()]
    return [word for word in words if word]


def _word(text: str) -> tuple[str, ...]:
    phones: list[str] = []
    stress, at = "", 0
    while at < len(text):
        if text[at] in _STRESS:
            stress, at = _STRESS[text[at]], at + 1
        elif text[at] in _IGNORED or text[at] in _MODIFIERS or unicodedata.combining(text[at]):
            at += 1
        elif match := _PHONE.match(text, at):
            phone = _TIED.get(match[0], match[0])
            phones.append(stress + phone if _is_vowel(phone) else phone)
            stress = "" if _is_vowel(phone) else stress
            at = match.end()
        else:
            raise ValueError(f"{text[at]!r} is no IPA phone")
    return tuple(phones)


def _is_vowel(phone: str) -> bool:
    return NEAREST.get(phone, phone) in VOWELS


def parse_arpabet(text: str) -> list[tuple[str, ...]]:
    """Returns the one word of an ARPAbet text, written as in the CMU dictionary.

    Raises:
        ValueError: a symbol is unknown.

    >>> parse_arpabet("HH AH0 L OW1")
    [('h', 'ə', 'l', 'ˈoʊ')]
    """
    names = {name: phone for phone, name in ARPABET.items() if phone != "ə"}
    phones = []
    for symbol in text.split():
        match = re.fullmatch(r"([A-Z]{1,2})([012]?)", symbol)
        if match is None or match[1] not in names:
            raise ValueError(f"{symbol!r} is no ARPAbet symbol")
        phone = "ə" if symbol == "AH0" else names[match[1]]
        phones.append({"1": "ˈ", "2": "ˌ"}.get(match[2], "") + phone)
    return [tuple(phones)]
