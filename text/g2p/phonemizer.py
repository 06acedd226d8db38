"""Words to symbols of a voice's table: IPA, ARPAbet or characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from text.g2p.homographs import HOMOGRAPHS, Neighbours, choose, choose_by_tag
from text.g2p.symbols import SymbolTable
from text.normalization.tokens import Token

if TYPE_CHECKING:  # the lexicon brings its models along, which no checker of SSML need load
    from text.g2p.lexicon import Lexicon, Phonemes

STRESSES = ("ˈ", "ˌ")

ARPABET = {
    "ɑ": "AA",
    "æ": "AE",
    "ʌ": "AH",
    "ə": "AH",
    "ɔ": "AO",
    "aʊ": "AW",
    "aɪ": "AY",
    "ɛ": "EH",
    "ɚ": "ER",
    "eɪ": "EY",
    "ɪ": "IH",
    "i": "IY",
    "oʊ": "OW",
    "ɔɪ": "OY",
    "ʊ": "UH",
    "u": "UW",
    "b": "B",
    "t͡ʃ": "CH",
    "d": "D",
    "ð": "DH",
    "f": "F",
    "ɡ": "G",
    "h": "HH",
    "d͡ʒ": "JH",
    "k": "K",
    "l": "L",
    "m": "M",
    "n": "N",
    "ŋ": "NG",
    "p": "P",
    "ɹ": "R",
    "s": "S",
    "ʃ": "SH",
    "t": "T",
    "θ": "TH",
    "v": "V",
    "w": "W",
    "j": "Y",
    "z": "Z",
    "ʒ": "ZH",
}
"""Source: the CMU pronouncing dictionary's phones; the lexicon's phonemes are their IPA."""
VOWELS = frozenset(list(ARPABET)[:16])

NEAREST = {
    "a": "ɑ",
    "ɐ": "ə",
    "ɒ": "ɑ",
    "e": "eɪ",
    "o": "oʊ",
    "ɜ": "ɚ",
    "ɝ": "ɚ",
    "ɨ": "ɪ",
    "ʉ": "u",
    "y": "u",
    "ø": "ɚ",
    "œ": "ɚ",
    "ɘ": "ə",
    "ɵ": "ə",
    "ɯ": "u",
    "ɤ": "ʌ",
    "əʊ": "oʊ",
    "ɪə": "ɪ",
    "g": "ɡ",
    "r": "ɹ",
    "ɾ": "d",
    "ʁ": "ɹ",
    "ɻ": "ɹ",
    "ʀ": "ɹ",
    "ɫ": "l",
    "ɬ": "l",
    "ʎ": "l",
    "ɲ": "n",
    "ɱ": "m",
    "x": "k",
    "χ": "k",
    "ç": "h",
    "ɣ": "ɡ",
    "ɦ": "h",
    "ħ": "h",
    "β": "b",
    "ɸ": "f",
    "ʋ": "v",
    "ɥ": "w",
    "ʍ": "w",
    "ʔ": "t",
    "c": "k",
    "ɟ": "ɡ",
    "q": "k",
    "ʂ": "ʃ",
    "ʐ": "ʒ",
    "ɕ": "ʃ",
    "ʑ": "ʒ",
    "t͡s": "t",
    "ʈ": "t",
    "ɖ": "d",
    "ɭ": "l",
    "ɳ": "n",
}
"""Foreign phones to the nearest English one (a <phoneme> may hold any IPA)."""


@dataclass(frozen=True, slots=True)
class Pronunciation:
    """The symbols of one word and what there is to report about them.

    Attributes:
        symbols: of the table.
        guessed: the pronunciation is a guess.
        replaced: phones the table lacks, and what stands for them.
        sense: of a homograph, which of its meanings was chosen.
    """

    symbols: tuple[str, ...]
    guessed: bool = False
    replaced: tuple[tuple[str, str], ...] = ()
    sense: str = ""


class Phonemizer:
    """Pronounces words in one symbol table.

    Args:
        lexicon: pronunciations.
        table: the voice's symbols.
    """

    def __init__(self, lexicon: Lexicon, table: SymbolTable) -> None:
        self._lexicon = lexicon
        self.table = table
        self.gap: tuple[str, ...] = () if table.name == "arpabet" else (" ",)
        # The house's voices learnt a gap of 50 ms at either end (training/data/corpus.py), so that
        # no onset is cut where a boundary is off by its tolerance.
        self.edge: tuple[str, ...] = (" ",) if table.name == "house-ipa" else ()

    def punctuation(self, mark: str, *, last: bool) -> tuple[str, ...]:
        """Returns the symbols of a punctuation mark; ``last`` at the end of the utterance."""
        if self.table.name != "arpabet":
            return (mark,)
        return () if last else ("@sp",)

    def pronounce(self, tokens: Sequence[Token]) -> list[Pronunciation]:
        """Returns the pronunciations of a sentence's words, in order."""
        if self.table.name == "characters":
            return [self._characters(token) for token in tokens]
        chosen = self._choose(tokens)
        pronunciations = []
        for at, token in enumerate(tokens):
            if token.phonemes is not None:
                pronunciations.append(self._in_table(token.phonemes, False))
                continue
            sense, phonemes = chosen.get(at, ("", None))
            guessed = False
            if phonemes is None:
                tag = "letter" if token.letter else "DT" if token.text.lower() == "a" else sense
                phonemes, guessed = self._lexicon.pronounce(token.text, tag)
                sense = ""
            pronunciations.append(self._in_table(phonemes, guessed, sense))
        return pronunciations

    def _choose(self, tokens: Sequence[Token]) -> dict[int, tuple[str, Phonemes | None]]:
        """Returns the sense and phonemes of homographs; a tag and None where the lexicon chooses.

        The tagger takes most of the time of all that is done to a sentence: it runs only where a
        word's sound depends on it and no rule decides.
        """
        words = [token.text.lower() for token in tokens]
        chosen: dict[int, tuple[str, Phonemes | None]] = {}
        open_words: list[int] = []
        for at, (token, word) in enumerate(zip(tokens, words, strict=True)):
            if token.letter or token.phonemes is not None:
                continue
            if word in HOMOGRAPHS:
                found = choose(Neighbours(words, at, token.text[0].isupper()))
                if found is not None:
                    chosen[at] = found
                else:
                    open_words.append(at)
            elif self._lexicon.is_homograph(token.text):
                open_words.append(at)
        if open_words:
            tags = self._lexicon.tag([token.text for token in tokens])
            for at in open_words:
                word = words[at]
                chosen[at] = (
                    choose_by_tag(word, tags[at]) if word in HOMOGRAPHS else (tags[at], None)
                )
        return chosen

    def _in_table(self, phonemes: Phonemes, guessed: bool, sense: str = "") -> Pronunciation:
        symbols: list[str] = []
        replaced: list[tuple[str, str]] = []
        for phone in phonemes:
            near = phone if self._symbol(phone) in self.table else nearest_phone(phone)
            if near != phone:
                replaced.append((phone, near))
            if near:
                symbols.append(self._symbol(near))
        return Pronunciation(tuple(symbols), guessed, tuple(replaced), sense)

    def _symbol(self, phone: str) -> str:
        return arpabet(phone) if self.table.name == "arpabet" else phone

    def _characters(self, token: Token) -> Pronunciation:
        if token.phonemes is not None:
            return Pronunciation(
                tuple(s for p in token.phonemes if (s := arpabet(nearest_phone(p))) in self.table)
            )
        decomposed = unicodedata.normalize("NFKD", token.text.lower().replace("ß", "ss"))
        return Pronunciation(tuple(c for c in decomposed if c in self.table))


def nearest_phone(phone: str) -> str:
    """Returns the English phone that stands for any phone; empty where none does (length, tone).

    >>> nearest_phone("ˈɒ"), nearest_phone("r"), nearest_phone("ː")
    ('ˈɑ', 'ɹ', '')
    """
    stress = phone[:1] if phone.startswith(STRESSES) else ""
    bare = unicodedata.normalize("NFC", phone[len(stress) :])
    stripped = "".join(
        c for c in unicodedata.normalize("NFD", bare) if c == "͡" or not unicodedata.combining(c)
    )
    for form in (bare, stripped, stripped.rstrip("ːˑʰʲʷˠ"), stripped[:1]):
        form = NEAREST.get(form, form)
        if form in ARPABET:
            return stress + form if form in VOWELS else form
    return ""


def arpabet(phone: str) -> str:
    """Returns the ARPAbet symbol of a phone, with stress on vowels.

    >>> arpabet("ˈɑ"), arpabet("ə"), arpabet("ˌoʊ"), arpabet("t͡ʃ")
    ('@AA1', '@AH0', '@OW2', '@CH')
    """
    stress = {"ˈ": "1", "ˌ": "2"}.get(phone[:1], "")
    bare = phone[1:] if stress else phone
    name = ARPABET.get(bare, "")
    return f"@{name}{stress or '0'}" if bare in VOWELS else f"@{name}"
