"""Words made of known words: British spellings, endings, prefixes and compounds.

What is derived by spelling or by a regular ending is certain; a compound of two words, or of a
prefix and a word, is a guess, though a good one.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Phonemes = tuple[str, ...]
Find = Callable[[str], Phonemes | None]

_SIBILANTS = frozenset(("s", "z", "ʃ", "ʒ", "t͡ʃ", "d͡ʒ"))
_VOICELESS = frozenset(("p", "t", "k", "f", "θ", "s", "ʃ", "t͡ʃ"))
_BRITISH = tuple(
    (re.compile(pattern), american)
    for pattern, american in (
        (r"is(e[ds]?|ing|er|ers|ation|ations|able)$", r"iz\1"),
        (r"ys(e[ds]?|ing|er|ers)$", r"yz\1"),
        (r"our(s|ed|ing|able|ful|ite|ites|less|y|er|ers)?$", r"or\1"),
        (r"tre(s?)$", r"ter\1"),
        (r"bre(s?)$", r"ber\1"),
        (r"ll(ed|ing|er|ers|or|ors)$", r"l\1"),
        (r"ogue(s?)$", r"og\1"),
        (r"(def|off|lic|pret)ence(s?)$", r"\1ense\2"),
        (r"ageing$", "aging"),
        (r"mould", "mold"),
        (r"plough", "plow"),
        (r"grey", "gray"),
        (r"pyjama", "pajama"),
        (r"sceptic", "skeptic"),
        (r"aluminium", "aluminum"),
        (r"tyre", "tire"),
        (r"programme", "program"),
        (r"jewell", "jewel"),
        (r"cheque", "check"),
        (r"kerb", "curb"),
        (r"manoeuvr", "maneuver"),
        (r"ae(?=[dghmnorst])", "e"),
        (r"oe(?=[dmnst])", "e"),
    )
)
"""British spelling to American, tried one after the other and two together."""
_ENDINGS: tuple[tuple[str, Phonemes], ...] = (
    ("ness", ("n", "ə", "s")),
    ("less", ("l", "ə", "s")),
    ("like", ("l", "ˌaɪ", "k")),
    ("ship", ("ʃ", "ˌɪ", "p")),
    ("hood", ("h", "ˌʊ", "d")),
    ("wise", ("w", "ˌaɪ", "z")),
    ("able", ("ə", "b", "ə", "l")),
    ("ful", ("f", "ə", "l")),
    ("ing", ("ɪ", "ŋ")),
    ("ish", ("ɪ", "ʃ")),
    ("ism", ("ˌɪ", "z", "ə", "m")),
    ("ist", ("ɪ", "s", "t")),
    ("ers", ("ɚ", "z")),
    ("er", ("ɚ",)),
    ("ly", ("l", "i")),
    ("ed", ()),
)
_PREFIXES: dict[str, str] = {
    "micro": "m ˈaɪ k ɹ oʊ",
    "macro": "m ˈæ k ɹ oʊ",
    "hydro": "h ˈaɪ d ɹ oʊ",
    "tele": "t ˈɛ l ə",
    "meta": "m ˈɛ t ə",
    "cyber": "s ˈaɪ b ɚ",
    "bio": "b ˈaɪ oʊ",
    "geo": "d͡ʒ ˈi oʊ",
    "neuro": "n ˈʊ ɹ oʊ",
    "nano": "n ˈæ n oʊ",
    "multi": "m ˈʌ l t i",
    "mega": "m ˈɛ ɡ ə",
    "giga": "ɡ ˈɪ ɡ ə",
    "hyper": "h ˈaɪ p ɚ",
    "ultra": "ˈʌ l t ɹ ə",
    "super": "s ˈu p ɚ",
    "inter": "ˈɪ n t ɚ",
    "intra": "ˈɪ n t ɹ ə",
    "infra": "ˈɪ n f ɹ ə",
    "electro": "ɪ l ˈɛ k t ɹ oʊ",
    "photo": "f ˈoʊ t oʊ",
    "thermo": "θ ˈɚ m oʊ",
    "psycho": "s ˈaɪ k oʊ",
    "socio": "s ˈoʊ s i oʊ",
    "crypto": "k ɹ ˈɪ p t oʊ",
    "petro": "p ˈɛ t ɹ oʊ",
    "astro": "ˈæ s t ɹ oʊ",
    "aero": "ˈɛ ɹ oʊ",
    "agro": "ˈæ ɡ ɹ oʊ",
    "auto": "ˈɔ t oʊ",
    "mono": "m ˈɑ n oʊ",
    "poly": "p ˈɑ l i",
    "proto": "p ɹ ˈoʊ t oʊ",
    "pseudo": "s ˈu d oʊ",
    "quasi": "k w ˈeɪ z aɪ",
    "retro": "ɹ ˈɛ t ɹ oʊ",
    "video": "v ˈɪ d i oʊ",
    "audio": "ˈɔ d i oʊ",
    "radio": "ɹ ˈeɪ d i oʊ",
    "cardio": "k ˈɑ ɹ d i oʊ",
    "gastro": "ɡ ˈæ s t ɹ oʊ",
    "immuno": "ˈɪ m j ə n oʊ",
    "ethno": "ˈɛ θ n oʊ",
    "techno": "t ˈɛ k n oʊ",
    "pharma": "f ˈɑ ɹ m ə",
    "co": "k ˈoʊ",
    "eco": "ˈi k oʊ",
}
"""Prefixes that carry a stress; the word after them keeps its own."""
_REDUCED = frozenset(("photo", "crypto", "psycho", "ethno", "petro", "thermo", "auto", "mono"))
"""Prefixes whose o is weak before a stressed adjective in -ic."""
_WEAK_PREFIXES: dict[str, str] = {
    "un": "ʌ n",
    "re": "ɹ i",
    "non": "n ɑ n",
    "pre": "p ɹ i",
    "de": "d i",
    "dis": "d ɪ s",
    "mis": "m ɪ s",
    "over": "ˌoʊ v ɚ",
    "under": "ˌʌ n d ɚ",
    "anti": "ˌæ n t i",
    "semi": "s ˌɛ m i",
    "sub": "s ʌ b",
    "post": "p ˌoʊ s t",
    "counter": "k ˌaʊ n t ɚ",
    "trans": "t ɹ æ n z",
    "out": "ˌaʊ t",
}
"""Prefixes before the main stress."""
_SHORTEST = 3
"""Letters of a part of a compound. So short ones must be listed; others have one letter more."""
_SHORT_PARTS = frozenset(
    """air arm bag bar bed big box boy bug bus cab cam cap car cat cup dam day dog ear
    egg eye fan far fat fig fly fog fox fun gas god gum gun gym hat head hot ice ink
    jam jet job key kid lab law leg lip log low mad man map mat men mid mud net new
    nut oak oil old one pad pan pay pen pet pie pig pin pit pod pop pot red rib rod
    row sea sky son spy sub sun tap tax tea ten tie tin tip toe top toy two van war
    wax way web wet wig win""".split()  # noqa: SIM905
)
_NO_PARTS = frozenset(
    """able ness less ship hood like wise ment tion sion ally ings ates ants ents ions
    ists isms ours that this with from they them then than were have been will what
    when your here""".split()  # noqa: SIM905
)
"""Words and endings that are no parts of compounds."""


class Morphology:
    """Pronunciations of words that are made of listed ones.

    Args:
        find: the phonemes of a listed word.
        is_plain: whether a word is an everyday one rather than a name.
    """

    def __init__(self, find: Find, is_plain: Callable[[str], bool]) -> None:
        self._find = find
        self._is_plain = is_plain

    def derive(self, word: str) -> Phonemes | None:
        """Returns the phonemes of another spelling or a regular form of a listed word."""
        if word.endswith("nt") and (found := self._find(word[:-1] + "'t")):
            return found  # isnt, doesnt
        return self.american(word) or self._inflected(word)

    def american(self, word: str) -> Phonemes | None:
        """Returns the phonemes of the American spelling of a British one."""
        forms = [word]
        for pattern, american in _BRITISH:
            for form in forms[:4]:
                changed = pattern.sub(american, form, count=1)
                if changed != form:
                    if found := self._find(changed):
                        return found
                    forms.append(changed)
        return None

    def _inflected(self, word: str) -> Phonemes | None:
        for suffix, phonemes in _ENDINGS:
            if not word.endswith(suffix) or len(word) < len(suffix) + 3:
                continue
            for stem in _stems(word[: -len(suffix)], suffix):
                base = (self._is_plain(stem) and self._find(stem)) or self.american(stem)
                if base and suffix == "ly" and base[-1] == "l":
                    return (*base, "i")  # optionally: one l
                if base:
                    return (*base, *(phonemes or _past(base)))
        return None

    def compound(self, word: str) -> Phonemes | None:
        """Returns the phonemes of a prefix and a listed word, or of two listed words."""
        return self.prefixed(word) or self._joined(word)

    def prefixed(self, word: str) -> Phonemes | None:
        """Returns the phonemes of a prefix and a listed word."""
        for length in range(min(8, len(word) - _SHORTEST), 1, -1):
            rest = word[length:]
            strong, weak = _PREFIXES.get(word[:length]), _WEAK_PREFIXES.get(word[:length])
            if not (strong or weak) or not (self._is_plain(rest) or self._inflected(rest)):
                continue
            base = self._find(rest) or self._inflected(rest)
            if base is None:
                continue
            if weak:
                return (*weak.split(), *base)
            parts = tuple((strong or "").split())
            if rest.endswith(("ic", "ical", "ics")):
                if parts[-1] == "oʊ" and word[:length] in _REDUCED:
                    parts = (*parts[:-1], "ə")  # photographic
                return (*_weakened(parts), *base)
            if _begins_stressed(base):
                return (*parts, *_weakened(base))
            return (*_weakened(parts), *base)
        return None

    def _joined(self, word: str) -> Phonemes | None:
        """Returns two words as one: the first keeps its stress, the second's becomes secondary."""
        best: tuple[int, Phonemes] | None = None
        for length in range(_SHORTEST, len(word) - _SHORTEST + 1):
            first, second = word[:length], word[length:]
            if not (_is_part(first) and _is_part(second)) or not self._is_plain(first):
                continue
            left = self._find(first)
            right = self._find(second) if self._is_plain(second) else None
            if right is None and len(second) > _SHORTEST + 1 and second.endswith("s"):
                base = self._find(second[:-1]) if self._is_plain(second[:-1]) else None
                right = (*base, *ending(base)) if base else None
            if left is None or right is None:
                continue
            balance = min(length, len(word) - length)
            if best is None or balance > best[0]:
                right = (*right[:-2], "ə", "n") if second == "man" else right
                best = (balance, (*left, *_weakened(right)))
        return best[1] if best else None


def _is_part(word: str) -> bool:
    """Returns whether a word may be part of a compound."""
    return word in _SHORT_PARTS if len(word) == _SHORTEST else word not in _NO_PARTS


def _stems(stem: str, suffix: str) -> list[str]:
    """Returns what the word before an ending may be written as by itself."""
    stems = [stem]
    if suffix[0] in "aei":
        # "sloped" is of slope: the p of slop would be doubled.
        undoubled = re.search(r"(?:^|[^aeiou])[aeiouy][bdfgklmnpstvz]$", stem)
        stems.insert(0 if undoubled else 1, stem + "e")
        if len(stem) > 2 and stem[-1] == stem[-2]:
            stems.append(stem[:-1])
    if stem.endswith("i"):
        stems.append(stem[:-1] + "y")
    if suffix == "ly" and stem.endswith("b"):
        stems.append(stem + "le")
    return stems


def _past(base: Phonemes) -> Phonemes:
    if base[-1] in ("t", "d"):
        return ("ɪ", "d")
    return ("t",) if base[-1] in _VOICELESS else ("d",)


def ending(base: Phonemes) -> Phonemes:
    """Returns the regular -s after these phonemes.

    Source: any English grammar; the corpus has ɪz as in ˈɔɪzɪz.
    """
    if base and base[-1] in _SIBILANTS:
        return ("ɪ", "z")
    return ("s",) if base and base[-1] in _VOICELESS else ("z",)


def _weakened(phonemes: Phonemes) -> Phonemes:
    return tuple(phone.replace("ˈ", "ˌ") for phone in phonemes)


def _begins_stressed(phonemes: Phonemes) -> bool:
    """Returns whether the first vowel has the primary stress."""
    marks = [phone[0] for phone in phonemes if phone[0] in "ˈˌ" or phone[0] in "aeiouæɑɔəɚɛɪʊʌ"]
    return bool(marks) and marks[0] == "ˈ"


def spelled(word: str, letter: Callable[[str], Phonemes]) -> Phonemes:
    """Returns the letters' names as one word: the first has a secondary stress, the last the main.

    Args:
        word: lower case.
        letter: the name of a letter.
    """
    phonemes: list[str] = []
    for number, character in enumerate(word):
        name = letter(character)
        if number == len(word) - 1:
            phonemes += name
        elif number == 0 or (len(word) > 3 and number < len(word) - 1):
            phonemes += _weakened(name)
        else:
            phonemes += (phone.lstrip("ˈˌ") for phone in name)
    return tuple(phonemes)
