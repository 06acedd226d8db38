"""Converts misaki's American dictionaries to our lexicon format.

Source: PyPI misaki 0.9.4 (Apache-2.0), misaki/data/us_gold.json and us_silver.json; the symbols as
its README and EN_PHONES.md tell them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

Phonemes = tuple[str, ...]

_PHONES = {
    "A": "eɪ",
    "I": "aɪ",
    "O": "oʊ",
    "W": "aʊ",
    "Y": "ɔɪ",
    "ʤ": "d͡ʒ",
    "ʧ": "t͡ʃ",
    "ᵊ": "ə",
    "ᵻ": "ɪ",
    "ʔ": "t",
    "ɜ": "ɚ",
}
_VOWELS = frozenset("AIOWYiuɑæʌəɔɛɜɪʊᵊᵻ")
_DENTALS = frozenset("tdɾθðʃʧʤʔ")
_SPELLED_DENTALS = re.compile(r"t+h|t+|d+|c(?=h|i|e)")


def read_misaki(folder: Path) -> tuple[dict[str, Phonemes], frozenset[str]]:
    """Returns the pronunciations of both dictionaries by lower-case word, and its plain words.

    Args:
        folder: holds us_gold.json (checked by people) and us_silver.json.

    Returns:
        Pronunciations, gold before silver, and the words that gold has in lower case: those are
        words of the language rather than names.
    """
    gold, silver = (
        json.loads((folder / f"us_{name}.json").read_text(encoding="utf-8"))
        for name in ("gold", "silver")
    )
    words: dict[str, Phonemes] = {}
    for dictionary in (gold, silver):
        # Lower case first: "polish" is more often the verb than the people.
        for word in sorted(dictionary, key=lambda word: word != word.lower()):
            entry = dictionary[word]
            phonemes = entry["DEFAULT"] if isinstance(entry, Mapping) else entry
            if phonemes and not (word.isupper() and len(word) > 1):
                words.setdefault(word.lower(), convert(word, phonemes))
    plain = (w for w in gold if w == w.lower() and w.capitalize() not in gold)
    return words, frozenset(plain)


def convert(word: str, phonemes: str) -> Phonemes:
    """Returns misaki's phonemes in our phones.

    >>> convert("luncheoner", "lˈʌnʧənəɹ")
    ('l', 'ˈʌ', 'n', 't͡ʃ', 'ə', 'n', 'ɚ')
    >>> convert("Vatican", "vˈæɾəkən")
    ('v', 'ˈæ', 't', 'ə', 'k', 'ə', 'n')
    """
    text = _without_flaps(word.lower(), phonemes)
    phones: list[str] = []
    stress = ""
    for symbol, after in pairwise(text + " "):
        if symbol in "ˈˌ":
            stress = symbol
        elif symbol == "ɹ" and phones and phones[-1].endswith("\0"):
            phones[-1] = phones[-1][:-2] + "ɚ"
        else:
            phone = _PHONES.get(symbol, symbol)
            if symbol in _VOWELS:
                phone, stress = stress + phone, ""
            # A mark that the ɹ after it is one vowel with it.
            phones.append(phone + "\0" if symbol in "ɜə" and after == "ɹ" else phone)
    return tuple(phones)


def _without_flaps(word: str, phonemes: str) -> str:
    """Returns the phonemes with t or d for every flap ɾ, whichever the spelling has there."""
    if "ɾ" not in phonemes:
        return phonemes
    spelled = [match[0] for match in _SPELLED_DENTALS.finditer(word)]
    sounds = [symbol for symbol in phonemes if symbol in _DENTALS]
    letters = iter(_align(sounds, spelled))
    out = ""
    for symbol in phonemes:
        letter = next(letters) if symbol in _DENTALS else ""
        out += ("d" if letter.startswith("d") else "t") if symbol == "ɾ" else symbol
    return out


def _align(sounds: list[str], spelled: list[str]) -> list[str]:
    """Returns the letters of every sound, by the cheapest alignment; "" for those without."""
    best: dict[tuple[int, int], tuple[float, tuple[str, ...]]] = {(0, 0): (0.0, ())}
    for i in range(len(sounds) + 1):
        for j in range(len(spelled) + 1):
            cost, found = best[i, j]
            steps: list[tuple[tuple[int, int], float, tuple[str, ...]]] = []
            if i < len(sounds):
                steps.append(((i + 1, j), cost + 1.1, (*found, "")))
            if j < len(spelled):
                steps.append(((i, j + 1), cost + 1.0, found))
            if i < len(sounds) and j < len(spelled):
                both = cost + _cost(sounds[i], spelled[j])
                steps.append(((i + 1, j + 1), both, (*found, spelled[j])))
            for place, value, letters in steps:
                if place not in best or value < best[place][0]:
                    best[place] = (value, letters)
    return list(best[len(sounds), len(spelled)][1])


def _cost(sound: str, letters: str) -> float:
    if letters.startswith("t") and letters.endswith("h"):
        return {"θ": 0.0, "ð": 0.0, "t": 0.8, "ɾ": 0.8}.get(sound, 3.0)
    costs = {
        "t": {"t": 0.0, "ɾ": 0.0, "ʔ": 0.0, "ʃ": 0.3, "ʧ": 0.3},
        "d": {"d": 0.0, "ɾ": 0.0, "ʤ": 0.3, "t": 0.6},
        "c": {"ʧ": 0.2, "ʃ": 0.3},
    }
    return costs[letters[0]].get(sound, 3.0)
